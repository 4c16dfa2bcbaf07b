package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.Priority;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What this worker served each tenant, to be told to the others: what changed each time it is asked, all others each
 * {@link #REPEAT_NANOS}. Pure; time is monotonic ns.
 *
 * <p>Bounds: {@value #MOST_SUMS} tenants and priorities, each until 61 s after its last call; what is beyond counts in this
 * worker only. Told are at most {@value #MOST_TOLD} at once, in the order of their changes.
 */
final class ServedHere {
    static final int MOST_SUMS = 20_000;
    static final int MOST_TOLD = 1_000;
    static final long REPEAT_NANOS = 2_000_000_000L;
    private static final long BUCKET_NANOS = 1_000_000_000L;
    /** A minute's, and the one that has begun. */
    private static final int BUCKETS = 61;

    private final Map<Key, Sum> sums = new HashMap<>();
    private final ArrayDeque<Sum> due = new ArrayDeque<>();
    private final ArrayDeque<Sum> repeated = new ArrayDeque<>();
    private long number;
    private long repeatedNanos = Long.MIN_VALUE;

    private record Key(Priority priority, String tenant) {
    }

    private static final class Sum {
        final Key key;
        final long number;
        final long[] calls = new long[BUCKETS];
        final long[] units = new long[BUCKETS];
        long served;
        int callsNow;
        int waiting;
        boolean due;
        long toldNanos = Long.MIN_VALUE;
        private long newest = Long.MIN_VALUE;

        Sum(Key key, long number) {
            this.key = key;
            this.number = number;
        }

        int bucket(long nowNanos) {
            long bucket = Math.floorDiv(nowNanos, BUCKET_NANOS);
            for (long stale = Math.max(newest + 1, bucket - BUCKETS + 1); stale <= bucket; stale++) {
                calls[(int) Math.floorMod(stale, (long) BUCKETS)] = 0;
                units[(int) Math.floorMod(stale, (long) BUCKETS)] = 0;
            }
            newest = Math.max(newest, bucket);
            return (int) Math.floorMod(bucket, (long) BUCKETS);
        }

        TenantUse told(long nowNanos) {
            bucket(nowNanos);
            return new TenantUse(key.tenant, key.priority, number, served, sum(calls), Math.max(0, sum(units)),
                    callsNow, waiting);
        }

        private static long sum(long[] buckets) {
            long sum = 0;
            for (long each : buckets) {
                sum += each;
            }
            return sum;
        }
    }

    /** A slot was given. */
    void started(Priority priority, String tenant, long units, boolean calls, long nowNanos) {
        Sum sum = sum(priority, tenant);
        if (sum != null) {
            int bucket = sum.bucket(nowNanos);
            sum.calls[bucket] += calls ? 1 : 0;
            sum.units[bucket] += units;
            sum.served += units;
            sum.callsNow++;
            changed(sum);
        }
    }

    /** It was given back. */
    void ended(Priority priority, String tenant, long difference, long nowNanos) {
        Sum sum = sums.get(new Key(priority, tenant));
        // One that was not counted when it began, since there were too many, does not count when it ends.
        if (sum != null && sum.callsNow > 0) {
            sum.units[sum.bucket(nowNanos)] += difference;
            sum.served += difference;
            sum.callsNow--;
            changed(sum);
        }
    }

    private @Nullable Sum sum(Priority priority, String tenant) {
        Key key = new Key(priority, tenant);
        Sum known = sums.get(key);
        if (known == null && sums.size() < MOST_SUMS) {
            known = new Sum(key, ++number);
            sums.put(key, known);
        }
        return known;
    }

    private void changed(Sum sum) {
        if (!sum.due) {
            sum.due = true;
            due.add(sum);
        }
    }

    /** Looks at each tenant of the priorities when all are told again. */
    List<TenantUse> tell(Map<Priority, PriorityLane> lanes, long nowNanos) {
        if (repeatedNanos == Long.MIN_VALUE || nowNanos - repeatedNanos >= REPEAT_NANOS) {
            repeatedNanos = nowNanos;
            lanes.forEach((priority, lane) -> lane.tenants.eachWaiting(tenant -> sum(priority, tenant)));
            sums.values().removeIf(sum -> {
                TenantUse use = told(sum, lanes, nowNanos);
                boolean over = !sum.due && use.callsNow() + use.callsInMinute() + use.waiting() == 0
                        && use.unitsInMinute() == 0;
                return over;
            });
            if (repeated.isEmpty()) {
                repeated.addAll(sums.values());
            }
        }
        List<TenantUse> told = new ArrayList<>();
        while (told.size() < MOST_TOLD && !due.isEmpty()) {
            Sum sum = due.remove();
            sum.due = false;
            sum.toldNanos = nowNanos;
            told.add(told(sum, lanes, nowNanos));
        }
        while (told.size() < MOST_TOLD && !repeated.isEmpty()) {
            Sum sum = repeated.remove();
            if (sum.toldNanos != nowNanos) {
                told.add(told(sum, lanes, nowNanos));
            }
        }
        return told;
    }

    private static TenantUse told(Sum sum, Map<Priority, PriorityLane> lanes, long nowNanos) {
        PriorityLane lane = lanes.get(sum.key.priority);
        sum.waiting = lane == null ? 0 : lane.tenants.waitingOf(sum.key.tenant);
        return sum.told(nowNanos);
    }
}
