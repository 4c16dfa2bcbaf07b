package dev.signalbox.workers.scheduler;

/**
 * How much of a lane's buffer one route that is blocked may hold while others may wait behind it.
 *
 * @param records waiting requests
 * @param bytes of their records
 */
public record RouteShare(int records, long bytes) {
    private static final int PART = 4;

    /** A quarter of the lane's room. */
    public static RouteShare ofLane(int records, long bytes) {
        return new RouteShare(Math.max(1, records / PART), Math.max(1, bytes / PART));
    }

    /** The same for several between them. */
    RouteShare among(int routes) {
        return new RouteShare(Math.max(1, records / routes), Math.max(1, bytes / routes));
    }
}
