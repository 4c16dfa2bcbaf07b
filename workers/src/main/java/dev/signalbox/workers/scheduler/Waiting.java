package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request that waits: for its turn, for room at a deployment, or for the end of a pause. */
final class Waiting {
    /** Earliest deadline first, then first come first served. */
    static final Comparator<Waiting> BY_DEADLINE = (a, b) -> a.expiresAtMillis != b.expiresAtMillis
            ? Long.compare(a.expiresAtMillis, b.expiresAtMillis)
            : Long.compare(a.arrival, b.arrival);
    /** By the end of their pauses, which are all within a few minutes. */
    static final Comparator<Waiting> BY_PAUSE = (a, b) -> a.pausedUntilNanos != b.pausedUntilNanos
            ? Long.compare(a.pausedUntilNanos - b.pausedUntilNanos, 0)
            : Long.compare(a.arrival, b.arrival);

    /** By the end of their patience. */
    static final Comparator<Waiting> BY_PATIENCE = (a, b) -> a.patientUntilNanos != b.patientUntilNanos
            ? Long.compare(a.patientUntilNanos - b.patientUntilNanos, 0)
            : Long.compare(a.arrival, b.arrival);

    /** A request with less time left is told where it waits. */
    private static final long MIN_LEFT_MILLIS = 500;

    private final RequestTask task;
    private final InboundRequest request;
    private final long expiresAtMillis;
    private final long urgentFromMillis;
    private final long costUnits;
    private final long arrival;
    /** Its place among its tenant's on a way, and among all on that way. */
    final Ordered.Place<Waiting> inTurn;
    final Ordered.Place<Waiting> onWay;
    /** See {@link #route()}. */
    RouteQueues.@Nullable Queue route;
    /** Those of its partition that wait or pause, and its place among them. */
    @Nullable
    List<Waiting> ofPartition;
    int inPartition;
    /** Where it stands; null while it pauses or runs. */
    TurnOrder.@Nullable Queue queue;
    /** Who is charged for it while it is served; else null. */
    @Nullable
    TenantAccount servedFor;
    /** That tenant's weight when it was charged. */
    double servedWeight;
    /** It has something to say beside its turn, see {@link PoolScheduler#hasten}. */
    boolean hastened;
    /** It was served before, and what came of that is known here alone. */
    boolean begun;
    /** Changed by {@link Patience} alone. */
    boolean patient;
    long patientUntilNanos;
    /** Changed only while it is in no order of pauses. */
    long pausedUntilNanos;

    /**
     * @param costUnits its prompt's size, at least 1
     * @param arrival number in the order of arrival, unique in its scheduler; it keeps it
     */
    Waiting(RequestTask task, long costUnits, long arrival) {
        this.task = task;
        this.request = task.request();
        this.expiresAtMillis = request.expiresAtMillis();
        this.urgentFromMillis = expiresAtMillis - (expiresAtMillis - request.firstEnqueuedMillis()) / 4;
        this.costUnits = costUnits;
        this.arrival = arrival;
        this.inTurn = new Ordered.Place<>(this, arrival);
        this.onWay = new Ordered.Place<>(this, arrival);
    }

    RequestTask task() {
        return task;
    }

    InboundRequest request() {
        return request;
    }

    long costUnits() {
        return costUnits;
    }

    long expiresAtMillis() {
        return expiresAtMillis;
    }

    long arrival() {
        return arrival;
    }

    /** Whether less than a quarter of its time to live is left. */
    boolean isUrgent(long nowMillis) {
        return nowMillis > urgentFromMillis;
    }

    /** Whether it may wait elsewhere: on its way, not in the middle of a visit, and with time enough for that. */
    boolean mayMove(long nowMillis) {
        return queue != null && (!begun || task.history().isPresent()) && !hastened && request.source() != null
                && expiresAtMillis - nowMillis >= MIN_LEFT_MILLIS;
    }

    /** What is known of its route; it waits, or has waited. */
    RouteQueues.Queue route() {
        if (route == null) {
            throw new IllegalStateException("it never waited: " + request.ticket());
        }
        return route;
    }

    String tenant() {
        return request().request().getTenant();
    }
}
