package dev.signalbox.simulator.fault;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** Rules in order, with the count of calls that each has seen; the first that says so befalls the call. Not thread-safe. */
public final class FaultPlan {
    /** Request ids that {@code each} rules remember; beyond it the longest unseen one is forgotten. */
    private static final int REMEMBERED_IDS = 100_000;

    private final List<Armed> rules = new ArrayList<>();
    private final SplittableRandom random;

    private static final class Armed {
        final FaultRule rule;
        long calls;
        final Map<String, Integer> callsById = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
                return size() > REMEMBERED_IDS;
            }
        };

        Armed(FaultRule rule) {
            this.rule = rule;
        }
    }

    /** @param seed decides what {@code probability} chooses */
    public FaultPlan(List<FaultRule> rules, long seed) {
        rules.forEach(rule -> this.rules.add(new Armed(rule)));
        random = new SplittableRandom(seed);
    }

    /** What befalls this call, which each matching rule up to the chosen one counts. */
    public Optional<Fault> onCall(String vendor, String model, String requestId, long nowMillis) {
        for (Armed armed : rules) {
            FaultRule rule = armed.rule;
            if (!rule.matches(vendor, model, nowMillis)) {
                continue;
            }
            armed.calls++;
            boolean chosen = armed.calls >= rule.firstCall() && armed.calls <= rule.lastCall()
                    && (rule.eachRequest() == 0 || armed.callsById.merge(requestId, 1, Integer::sum) <= rule
                            .eachRequest())
                    && (rule.probability() >= 1 || random.nextDouble() < rule.probability());
            if (chosen) {
                return Optional.of(rule.fault());
            }
        }
        return Optional.empty();
    }

    public boolean isEmpty() {
        return rules.isEmpty();
    }

    public List<FaultRule> rules() {
        return rules.stream().map(armed -> armed.rule).toList();
    }
}
