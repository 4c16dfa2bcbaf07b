package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pool's part of a deployment's limits in this worker, and who waits for it. Requests wait in the order of their
 * arrival; there are at most as many as the pools' slots.
 */
final class PoolAccess {
    private final DeploymentState state;
    private final DeploymentLimits limits;
    private final Set<Waiter> waiting = new LinkedHashSet<>();

    /** @param part the pool's part of the deployment's limits */
    PoolAccess(DeploymentState state, Deployment.Limits part) {
        this.state = state;
        this.limits = new DeploymentLimits(part);
    }

    DeploymentState state() {
        return state;
    }

    DeploymentLimits limits() {
        return limits;
    }

    Set<Waiter> waiting() {
        return waiting;
    }

    /** @param workerPart of the pool's part, 0 to 1 */
    void share(double workerPart) {
        limits.share(workerPart);
    }

    /** Whether the limits admit the call now; while others wait, the first of them goes before everybody else. */
    LimitVerdict check(CallNeed need, @Nullable Waiter asking, long nowNanos) {
        LimitVerdict verdict = limits.check(need, nowNanos);
        if (verdict instanceof LimitVerdict.Now && !waiting.isEmpty() && !waiting.iterator().next().equals(asking)) {
            return LimitVerdict.ON_RELEASE;
        }
        return verdict;
    }
}
