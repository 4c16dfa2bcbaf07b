package dev.signalbox.dispatcher.capacity;

import java.time.Duration;

/**
 * How much of a deployment's limits is granted, in percent of them. Each time that the vendor refuses a worker's calls for their
 * rate it becomes 7/10 of what it was, at least {@value #LEAST_PERCENT}. It grows in steps of {@value #STEP_PERCENT} until it is
 * whole, since each step is told to every worker:
 * <ul>
 * <li>each {@value #STEP_MILLIS} ms: the limits are whole 90 s after a single refusal, and 5 minutes after any, so a worker that
 * lies costs the others some of a limit for some time;
 * <li>as soon as {@value #STEP_ANSWERS} calls were answered and none refused, {@value #SOONEST_MILLIS} ms after the last step at the
 * soonest: who refuses one call in hundreds whatever is asked of it is not helped by fewer, and keeps nearly all.
 * </ul>
 *
 * <p>Until a lease's length after the limits were lowered there are workers that go by what they had before, so what is
 * refused then does not lower them again. For one caller at a time; time is ms on the process's own monotonic clock.
 */
final class LoweredLimit {
    private static final int WHOLE_PERCENT = 100;
    static final int LEAST_PERCENT = 5;
    static final int STEP_PERCENT = 5;
    static final long STEP_MILLIS = 15_000;
    static final long STEP_ANSWERS = 20;
    static final long SOONEST_MILLIS = 1_000;

    private final long tellingMillis;
    private int percent = WHOLE_PERCENT;
    private long loweredMillis;
    private long grownMillis;
    /** Since the last step or refusal. */
    private long answers;

    /** @param ttl of a lease */
    LoweredLimit(Duration ttl) {
        this.tellingMillis = ttl.toMillis();
    }

    /** The vendor refused calls of a worker for their rate. */
    void throttled(long nowMillis) {
        int now = percent(nowMillis);
        answers = 0;
        if (now < WHOLE_PERCENT && nowMillis - loweredMillis < tellingMillis) {
            return;
        }
        if (now == WHOLE_PERCENT) {
            grownMillis = nowMillis;
        }
        percent = Math.max(LEAST_PERCENT, now * 7 / 10);
        loweredMillis = nowMillis;
    }

    /** It answered so many more calls of a worker, which it has not refused any since. */
    void answered(long more, long nowMillis) {
        if (percent(nowMillis) == WHOLE_PERCENT) {
            return;
        }
        answers += Math.max(0, more);
        if (answers >= STEP_ANSWERS && nowMillis - grownMillis >= SOONEST_MILLIS) {
            grow(1);
            grownMillis = nowMillis;
        }
    }

    int percent(long nowMillis) {
        if (percent < WHOLE_PERCENT) {
            long steps = (nowMillis - grownMillis) / STEP_MILLIS;
            if (steps > 0) {
                grow(steps);
                grownMillis += steps * STEP_MILLIS;
            }
        }
        return percent;
    }

    private void grow(long steps) {
        percent = (int) Math.min(WHOLE_PERCENT, percent + steps * STEP_PERCENT);
        answers = 0;
    }
}
