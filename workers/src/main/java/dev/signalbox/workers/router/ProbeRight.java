package dev.signalbox.workers.router;

import dev.signalbox.schemas.avro.DeploymentHealth;
import java.time.Duration;

/**
 * Whose turn it is to try a deployment that is probed, as the dispatcher told. A worker's turn is for one call, which it begins
 * well before the turn's end: what tells of it must reach the dispatcher before that gives the turn to another worker.
 *
 * @param turn when it ends on the broker's clock, ms, which tells it from other turns; {@link #UNTOLD}: an older dispatcher does not say
 * @param beginByNanos when this worker's call must have begun
 */
public record ProbeRight(Whose whose, long turn, long beginByNanos) {
    public static final ProbeRight NONE = new ProbeRight(Whose.ANOTHERS, 0, 0);
    static final long UNTOLD = Long.MAX_VALUE;
    /** For the way of a STARTED to the dispatcher, and for what this process does not know of the broker's clock. */
    static final Duration ON_ITS_WAY = Duration.ofSeconds(2);

    /** Who may try it. */
    public enum Whose {
        /** The first to claim it. */
        FIRST,
        /** This worker. */
        MINE,
        ANOTHERS
    }

    /**
     * @param worker this worker's name
     * @param brokerMillis now, on the broker's clock
     */
    static ProbeRight of(DeploymentHealth health, String worker, long brokerMillis, long nowNanos) {
        String named = health.getProbingWorker();
        if (named == null) {
            return new ProbeRight(Whose.FIRST, UNTOLD, 0);
        }
        Whose whose = named.equals(worker) ? Whose.MINE : Whose.ANOTHERS;
        Long until = health.getProbingUntilMillis();
        return until == null
                ? new ProbeRight(whose, UNTOLD, 0)
                : new ProbeRight(whose, until,
                        nowNanos + Duration.ofMillis(until - brokerMillis).minus(ON_ITS_WAY).toNanos());
    }

    /** Whether a call of this worker may begin in it now, if none has. */
    boolean mayBegin(long nowNanos) {
        return whose == Whose.MINE && (turn == UNTOLD || nowNanos - beginByNanos < 0);
    }
}
