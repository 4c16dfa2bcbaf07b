package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A pool's view of its deployments: a gate each, which is shut from when a request was refused there until something may
 * have changed, that is until a call has ended there or a time has come. Requests that have the same gates to go through
 * wait together on one {@link Way}. Time is monotonic ns.
 *
 * <p>Bounds: a gate for each deployment of the configuration; a way for each set of them that some request has, of which
 * those that nobody waits on are dropped beyond {@value #MAX_IDLE_WAYS}.
 */
final class Gates {
    static final int MAX_IDLE_WAYS = 1_000;

    private final Map<DeploymentName, Gate> gates = new HashMap<>();
    private final Map<Set<DeploymentName>, Way> ways = new HashMap<>();
    private int shut;

    private static final class Gate {
        private boolean shut;
        private long untilNanos;
    }

    /** Gates of which any one that is open will do; with none, it is always open. */
    static final class Way {
        private final List<Gate> through;
        /** Requests that wait on it, of all priorities. */
        int waiting;

        private Way(List<Gate> through) {
            this.through = through;
        }

        boolean isOpen() {
            for (Gate gate : through) {
                if (!gate.shut) {
                    return true;
                }
            }
            return through.isEmpty();
        }
    }

    Way way(Set<DeploymentName> deployments) {
        Way known = ways.get(deployments);
        if (known != null) {
            return known;
        }
        if (ways.size() >= MAX_IDLE_WAYS) {
            ways.values().removeIf(way -> way.waiting == 0);
        }
        Way way = new Way(deployments.stream().map(name -> gates.computeIfAbsent(name, any -> new Gate())).toList());
        ways.put(deployments, way);
        return way;
    }

    /** A request was refused at all of these; the way on which it has to wait. */
    Way shut(Set<DeploymentName> refused, long untilNanos) {
        Way way = way(refused);
        gates.forEach((deployment, gate) -> {
            if (refused.contains(deployment)) {
                shut += gate.shut ? 0 : 1;
                gate.untilNanos = untilNanos;
                gate.shut = true;
            }
        });
        return way;
    }

    /** Something has changed there. */
    void open(DeploymentName deployment) {
        Gate gate = gates.get(deployment);
        if (gate != null) {
            open(gate);
        }
    }

    void openAll() {
        gates.values().forEach(this::open);
    }

    /** Opens those whose time has come. */
    void openDue(long nowNanos) {
        if (shut > 0) {
            gates.values().forEach(gate -> {
                if (gate.shut && gate.untilNanos - nowNanos <= 0) {
                    open(gate);
                }
            });
        }
    }

    private void open(Gate gate) {
        shut -= gate.shut ? 1 : 0;
        gate.shut = false;
    }

    /** Requests whose way is shut and leads through that gate, among others perhaps. */
    int waiting(DeploymentName deployment) {
        return ways.entrySet().stream().filter(way -> way.getKey().contains(deployment) && !way.getValue().isOpen())
                .mapToInt(way -> way.getValue().waiting).sum();
    }

    boolean anyShut() {
        return shut > 0;
    }

    /** For how long none of them opens by time alone; {@link Long#MAX_VALUE}: none is shut. */
    long dueInNanos(long nowNanos) {
        long in = Long.MAX_VALUE;
        if (shut > 0) {
            for (Gate gate : gates.values()) {
                in = gate.shut ? Math.min(in, gate.untilNanos - nowNanos) : in;
            }
        }
        return in;
    }
}
