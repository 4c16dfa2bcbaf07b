package dev.signalbox.workers.scheduler;

/**
 * Who waits in a priority, and how many of them are a tenant's.
 *
 * @param records requests that wait
 * @param bytes of their records
 * @param ofTenant requests of the tenant that wait on a way
 * @param bytesOfTenant of their records
 */
public record Crowd(int records, long bytes, int ofTenant, long bytesOfTenant) {
}
