package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Which requests are turned away when a pool's capacity is short, of the priorities that its configuration names.
 *
 * <p>Capacity is short once what waits would take more than {@value #TARGET_SECONDS} s to work off, at the pace of the last
 * minute, for {@value #LASTING_SECONDS} s on end. A new request would then be served after {@code delay}, that and the time
 * it has waited in Kafka already; the part {@code 1 - target / delay} of what arrives cannot be served within the target.
 * It is the lowest part of the mix of priorities that arrived in the last minute, by cost: a request is shed if its place in
 * that mix is below this quantile and its priority is one to be shed. Inside a priority the place goes by a hash of the id, so
 * an equal part of every tenant's is shed.
 *
 * <p>While nothing ends there is no pace: an outage sheds nobody, its requests wait. A pure model, for one caller at a time;
 * time is monotonic ns. Bounds: a few counters.
 */
final class Shedding {
    static final int TARGET_SECONDS = 10;
    static final int LASTING_SECONDS = 5;
    private static final double SECOND = 1e9;
    private static final long LASTING_NANOS = LASTING_SECONDS * 1_000_000_000L;

    private final Supplier<Set<Priority>> sheds;
    private final Map<Priority, SlidingWindow> arrived = new EnumMap<>(Priority.class);
    private final SlidingWindow served = new SlidingWindow();
    private long servingFromNanos;
    private boolean serving;
    private long shortFromNanos;
    private boolean isShort;

    /** @param sheds priorities to be shed, by the present configuration */
    Shedding(Supplier<Set<Priority>> sheds) {
        this.sheds = sheds;
    }

    /** A request's place in its priority, by its id. */
    static double placeOf(String id) {
        int mixed = id.hashCode() * 0x9E3779B9;
        return (mixed >>> 8) / (double) (1 << 24);
    }

    /** A call ended. */
    void served(long costUnits, long nowNanos) {
        served.add(costUnits, nowNanos, nowNanos);
    }

    /**
     * A request arrives, by its lane, its id and how long it has waited in Kafka.
     *
     * @param costUnits what it is expected to cost
     */
    Optional<ShedReceipt> arrived(InboundRequest request, long costUnits, long waitingUnits, long nowMillis,
            long nowNanos) {
        return arrived(request.lane().priority(), placeOf(request.id()),
                Duration.ofMillis(Math.max(0, nowMillis - request.firstEnqueuedMillis())), costUnits, waitingUnits,
                nowNanos);
    }

    /**
     * A request arrives.
     *
     * @param place from 0 to 1, spread evenly: its place in its priority
     * @param inKafka for how long it has waited before
     * @param waitingUnits what waits already, of all priorities, by estimate
     * @return why it is shed; empty: it waits
     */
    Optional<ShedReceipt> arrived(Priority priority, double place, Duration inKafka, long costUnits,
            long waitingUnits, long nowNanos) {
        if (!serving) {
            serving = true;
            servingFromNanos = nowNanos;
        }
        arrived.computeIfAbsent(priority, any -> new SlidingWindow()).add(costUnits, nowNanos, nowNanos);
        double drainSeconds = drainSeconds(waitingUnits, nowNanos);
        if (!lasts(drainSeconds, nowNanos) || !sheds.get().contains(priority)) {
            return Optional.empty();
        }
        double delay = drainSeconds + inKafka.toNanos() / SECOND;
        double part = 1 - TARGET_SECONDS / delay;
        if (place(priority, place, nowNanos) >= part) {
            return Optional.empty();
        }
        return Optional.of(new ShedReceipt(priority, part, Duration.ofSeconds(Math.round(delay))));
    }

    /** How long what waits takes at the present pace; 0 while there is none. */
    private double drainSeconds(long waitingUnits, long nowNanos) {
        long units = served.sum(nowNanos);
        double seconds = Math.min(SlidingWindow.WINDOW_MILLIS / 1e3, (nowNanos - servingFromNanos) / SECOND);
        return units == 0 || seconds <= 0 ? 0 : waitingUnits / (units / seconds);
    }

    private boolean lasts(double drainSeconds, long nowNanos) {
        if (drainSeconds <= TARGET_SECONDS) {
            isShort = false;
            return false;
        }
        if (!isShort) {
            isShort = true;
            shortFromNanos = nowNanos;
        }
        return nowNanos - shortFromNanos >= LASTING_NANOS;
    }

    /** A request's place in the mix of the last minute, the lowest priority first. */
    private double place(Priority priority, double within, long nowNanos) {
        double all = 0;
        double below = 0;
        double own = 0;
        for (Map.Entry<Priority, SlidingWindow> entry : arrived.entrySet()) {
            long units = entry.getValue().sum(nowNanos);
            all += units;
            below += entry.getKey().compareTo(priority) > 0 ? units : 0;
            own += entry.getKey() == priority ? units : 0;
        }
        return (below + own * within) / all;
    }
}
