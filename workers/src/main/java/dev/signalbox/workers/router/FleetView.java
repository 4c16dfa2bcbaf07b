package dev.signalbox.workers.router;

import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.LatencySummary;
import dev.signalbox.schemas.avro.LatencyWindow;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the dispatcher found of a deployment from all workers' calls, on this worker's monotonic clock, ns. It counts until it
 * is {@link #LONGEST_AGE} old: with the dispatcher away workers go on by what they see themselves.
 *
 * @param found the state as it was told; empty: nothing was told yet
 * @param asBreaker what that state lets pass, as a breaker would
 * @param foundMillis when it was found, on the broker's clock: tells one telling from the next
 * @param asOfNanos the same on this worker's clock, as well as it knows
 * @param sinceNanos when the deployment came to that state
 * @param untilNanos in EJECTED: when that ends
 * @param right in PROBING: who may try it, one call at a time
 * @param soleWitness whether this worker alone saw it fail since its last answer: others are to try it first
 * @param firstTokenMillis median time to first token of the last minute, of an answer that is not streamed the whole one; not
 *        a number: not known
 * @param perTokenMillis median time per output token of the last minute; not a number: not known
 */
public record FleetView(Optional<dev.signalbox.schemas.avro.DeploymentState> found, BreakerState asBreaker,
        long foundMillis, long asOfNanos, long sinceNanos, long untilNanos, ProbeRight right, boolean soleWitness,
        double firstTokenMillis, double perTokenMillis) {
    /** The dispatcher tells of what is called or not healthy each 5 s. */
    public static final Duration LONGEST_AGE = Duration.ofSeconds(15);
    public static final FleetView NONE = new FleetView(Optional.empty(), BreakerState.CLOSED, 0, 0, 0, 0,
            ProbeRight.NONE, false, Double.NaN, Double.NaN);

    private static final long EASE_IN_NANOS = 10_000_000_000L;
    private static final double FIRST_SHARE = 0.1;
    /** What a deployment that fails too often gets while others can serve: enough to see whether it recovers. */
    private static final double DEGRADED_SHARE = 0.25;
    private static final long NANOS_A_MILLI = 1_000_000;

    /**
     * @param worker this worker's name
     * @param brokerMillis now, on the broker's clock
     */
    public static FleetView of(DeploymentHealth health, String worker, long brokerMillis, long nowNanos) {
        long until = health.getEjectedUntilMillis() == null ? 0 : health.getEjectedUntilMillis();
        LatencyWindow latest = health.getLatency().isEmpty() ? null : health.getLatency().getFirst();
        LatencySummary first = latest == null ? null : latest.getTimeToFirstToken();
        LatencySummary total = latest == null ? null : latest.getTotal();
        LatencySummary each = latest == null || first == null ? null : latest.getTimePerOutputToken();
        return new FleetView(Optional.of(health.getState()), asBreaker(health), health.getAsOfMillis(),
                Math.min(nowNanos, nanos(health.getAsOfMillis(), brokerMillis, nowNanos)),
                Math.min(nowNanos, nanos(health.getSinceMillis(), brokerMillis, nowNanos)),
                nanos(until, brokerMillis, nowNanos),
                ProbeRight.of(health, worker, brokerMillis, nowNanos),
                worker.equals(health.getSoleWitness()), median(first == null ? total : first), median(each));
    }

    private static BreakerState asBreaker(DeploymentHealth health) {
        return switch (health.getState()) {
            case EJECTED -> BreakerState.OPEN;
            case PROBING -> BreakerState.HALF_OPEN;
            case DEGRADED, HEALTHY ->
                health.getPreviousState() == dev.signalbox.schemas.avro.DeploymentState.PROBING
                        ? BreakerState.RECOVERING
                        : BreakerState.CLOSED;
        };
    }

    private static double median(@Nullable LatencySummary summary) {
        return summary == null ? Double.NaN : summary.getP50Millis();
    }

    private static long nanos(long millis, long brokerMillis, long nowNanos) {
        return nowNanos + (millis - brokerMillis) * NANOS_A_MILLI;
    }

    /** Whether it still counts. */
    boolean fresh(long nowNanos) {
        return found.isPresent() && nowNanos - asOfNanos <= LONGEST_AGE.toNanos();
    }

    /** What it lets pass now; all, once it is too old. */
    BreakerState health(long nowNanos) {
        if (!fresh(nowNanos)) {
            return BreakerState.CLOSED;
        }
        if (asBreaker == BreakerState.RECOVERING && nowNanos - sinceNanos >= EASE_IN_NANOS) {
            return soleWitness ? BreakerState.RECOVERING : BreakerState.CLOSED;
        }
        return asBreaker == BreakerState.CLOSED && (soleWitness || degraded()) ? BreakerState.RECOVERING : asBreaker;
    }

    /** Part of the calls that should pass, 0 to 1. */
    double share(long nowNanos) {
        return switch (health(nowNanos)) {
            case CLOSED -> 1;
            case OPEN, HALF_OPEN -> 0;
            case RECOVERING -> soleWitness
                    ? 0
                    : degraded()
                            ? DEGRADED_SHARE
                            : FIRST_SHARE + (1 - FIRST_SHARE) * Math.max(0, nowNanos - sinceNanos) / EASE_IN_NANOS;
        };
    }

    /** Whether other workers are to try it first: this one's word against it is known. */
    boolean othersFirst(long nowNanos) {
        return soleWitness && fresh(nowNanos);
    }

    private boolean degraded() {
        return found.filter(dev.signalbox.schemas.avro.DeploymentState.DEGRADED::equals).isPresent();
    }

    /** Why it lets nothing pass, for a person. */
    String why(long nowNanos) {
        return health(nowNanos) == BreakerState.HALF_OPEN
                ? "ejected in the whole fleet: one worker at a time tries it"
                : "ejected in the whole fleet; tried again in "
                        + Math.max(1, Duration.ofNanos(untilNanos - nowNanos).toSeconds()) + " s";
    }

    /** Times that still count; the known medians. */
    boolean knowsLatency(long nowNanos) {
        return fresh(nowNanos) && !Double.isNaN(firstTokenMillis);
    }
}
