package dev.signalbox.system.simulation;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Which faults met requests at which stages: a fault counts once for each stage at which the worker it hit had any. */
final class Coverage {
    private static final Set<Stage> HOLDING_SLOTS = Set.of(Stage.CALLING, Stage.STREAMING, Stage.PUBLISHING);

    private final Map<SimulatedProcess, Map<String, Stage>> standing = new HashMap<>();
    private final EnumMap<Fault, EnumMap<Stage, Integer>> counts = new EnumMap<>(Fault.class);

    /** The request is at that stage in that process now. */
    void at(SimulatedProcess process, String requestId, Stage stage) {
        standing.computeIfAbsent(process, any -> new TreeMap<>()).put(requestId, stage);
    }

    /** As {@link #at}, if it is known there. */
    void moved(SimulatedProcess process, String requestId, Stage stage) {
        Map<String, Stage> requests = standing.get(process);
        if (requests != null) {
            requests.replace(requestId, stage);
        }
    }

    /** As {@link #hit}, of one request alone. */
    void hitAt(Fault fault, SimulatedProcess process, String requestId) {
        Map<String, Stage> requests = standing.getOrDefault(process, Map.of());
        Stage stage = requests.get(requestId);
        if (stage != null) {
            counts.computeIfAbsent(fault, any -> new EnumMap<>(Stage.class)).merge(seen(stage, requests), 1,
                    Integer::sum);
        }
    }

    void hit(Fault fault, SimulatedProcess process) {
        EnumMap<Stage, Integer> met = counts.computeIfAbsent(fault, any -> new EnumMap<>(Stage.class));
        Map<String, Stage> requests = standing.getOrDefault(process, Map.of());
        requests.values().stream().map(stage -> seen(stage, requests)).distinct()
                .forEach(stage -> met.merge(stage, 1, Integer::sum));
    }

    /** What a request waits for shows in whether the others take all slots. */
    private static Stage seen(Stage stage, Map<String, Stage> requests) {
        return stage == Stage.WAITING
                && requests.values().stream().filter(HOLDING_SLOTS::contains).count() < SimulatedWorld.MAX_IN_FLIGHT
                        ? Stage.PERMIT
                        : stage;
    }

    /** Its world has ended; what was counted stays. */
    void forgetProcesses() {
        standing.clear();
    }

    /** {@code FAULT STAGE} → how often, of all that there are. */
    Map<String, Integer> counts() {
        Map<String, Integer> all = new TreeMap<>();
        for (Fault fault : Fault.values()) {
            for (Stage stage : Stage.values()) {
                all.put(key(fault, stage),
                        counts.getOrDefault(fault, new EnumMap<>(Stage.class)).getOrDefault(stage, 0));
            }
        }
        return all;
    }

    static String key(Fault fault, Stage stage) {
        return fault + " " + stage;
    }
}
