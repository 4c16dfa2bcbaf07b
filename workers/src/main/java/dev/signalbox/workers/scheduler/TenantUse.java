package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.Priority;

/**
 * What a tenant was served in one priority of a pool by one worker.
 *
 * @param sum number of the sum there: under another number {@code servedUnits} began at 0 again
 * @param servedUnits cost units since then, those of calls under way by estimate
 * @param callsInMinute begun in the last 60 to 61 s
 * @param unitsInMinute theirs
 * @param callsNow under way
 * @param waiting requests that wait for their turn or for room
 */
public record TenantUse(String tenant, Priority priority, long sum, long servedUnits, long callsInMinute,
        long unitsInMinute, int callsNow, int waiting) {
}
