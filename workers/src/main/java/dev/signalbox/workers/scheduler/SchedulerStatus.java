package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.Priority;
import java.util.Map;

/**
 * What a pool's scheduler holds, for gauges.
 *
 * @param inFlight requests being served
 * @param maxInFlight most that are served at once
 * @param noisyTenants tenants that have at least {@value TenantLimits#NOISY_CALLS} of the calls at once and over a tenth
 * @param priorities per priority of the pool
 */
public record SchedulerStatus(int inFlight, int maxInFlight, int noisyTenants,
        Map<Priority, PriorityStatus> priorities) {

    /**
     * One priority.
     *
     * @param waiting requests that wait, for their turn, for room or for the end of a pause
     * @param waitingTenants tenants that have waiting requests
     * @param inFlight requests being served
     * @param dispatched requests dispatched since the start
     * @param dispatchedCostUnits cost units dispatched since the start, by estimate
     */
    public record PriorityStatus(int waiting, int waitingTenants, int inFlight, long dispatched,
            long dispatchedCostUnits) {
    }

    public SchedulerStatus {
        priorities = Map.copyOf(priorities);
    }

    /** Requests that wait, of all priorities. */
    public int waiting() {
        return priorities.values().stream().mapToInt(PriorityStatus::waiting).sum();
    }
}
