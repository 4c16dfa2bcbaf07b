package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.scheduler.Gates.Way;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;

/**
 * A pool's gates, those of {@code interactive} apart from the others': where {@link Holdback} refuses these, it may still
 * go. Time is monotonic ns.
 */
final class RoomGates {
    private final Gates interactive = new Gates();
    private final Gates others = new Gates();

    Gates of(Priority priority) {
        return priority == Priority.INTERACTIVE ? interactive : others;
    }

    /** A request that goes through {@code mine} was refused; the way on which it has to wait. */
    Way shut(Gates mine, Readiness.Busy busy, long untilNanos) {
        if (!busy.heldBack()) {
            var _ = (mine == others ? interactive : others).shut(busy.deployments(), untilNanos);
        }
        return mine.shut(busy.deployments(), untilNanos);
    }

    void open(DeploymentName deployment) {
        interactive.open(deployment);
        others.open(deployment);
    }

    void openAll() {
        interactive.openAll();
        others.openAll();
    }

    void openDue(long nowNanos) {
        interactive.openDue(nowNanos);
        others.openDue(nowNanos);
    }

    boolean anyShut() {
        return interactive.anyShut() || others.anyShut();
    }

    /** For how long no gate opens by time alone; {@link Long#MAX_VALUE}: none ever does. */
    long dueInNanos(long nowNanos) {
        return Math.min(interactive.dueInNanos(nowNanos), others.dueInNanos(nowNanos));
    }

    int waiting(DeploymentName deployment) {
        return interactive.waiting(deployment) + others.waiting(deployment);
    }
}
