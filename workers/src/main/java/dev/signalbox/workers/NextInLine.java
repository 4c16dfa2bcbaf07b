package dev.signalbox.workers;

import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ParkedLines;
import dev.signalbox.workers.intake.RequestSink;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/**
 * Keeps retries back that have older ones of their line before them, parked: until those came back, so that nobody passes an
 * older request of its tenant for having been tried. Where the lane gets crowded they are parked behind them. One that was
 * cancelled, or whose time is up, goes on at once.
 *
 * <p>Bounds: what it keeps is part of what the lane has taken in.
 */
final class NextInLine implements RequestSink {
    private static final Comparator<InboundRequest> OLDEST_FIRST = Comparator
            .comparingLong(InboundRequest::firstEnqueuedMillis);

    private final RequestSink next;
    private final ParkedLines lines;
    private final Predicate<InboundRequest> over;
    private final BooleanSupplier crowded;
    private final Consumer<InboundRequest> park;
    private final Executor threads;
    /** By line. */
    private final Map<String, List<InboundRequest>> kept = new HashMap<>();
    private final AtomicBoolean underWay = new AtomicBoolean();

    /**
     * @param next where requests go whose turn may come
     * @param lines of what is parked
     * @param over whether a request is cancelled or its time is up
     * @param crowded whether the lane has taken in so much that what cannot go must make room
     * @param park publishes one as parked
     * @param threads what goes on from here goes on there, and may wait
     */
    NextInLine(RequestSink next, ParkedLines lines, Predicate<InboundRequest> over, BooleanSupplier crowded,
            Consumer<InboundRequest> park, Executor threads) {
        this.next = next;
        this.lines = lines;
        this.over = over;
        this.crowded = crowded;
        this.park = park;
        this.threads = threads;
    }

    @Override
    public void offer(InboundRequest request) {
        if (request.line().isEmpty()) {
            next.offer(request);
        } else if (!keeps(request)) {
            next.offer(request);
            take(request.line(), this::mayGo).forEach(next::offer);
        }
    }

    private boolean keeps(InboundRequest request) {
        if (!request.isRetry()) {
            return false;
        }
        synchronized (kept) {
            boolean keeps = !mayGo(request) || (isBehindKept(request) && !over.test(request));
            if (keeps) {
                kept.computeIfAbsent(request.line(), any -> new ArrayList<>()).add(request);
            }
            return keeps;
        }
    }

    private boolean isBehindKept(InboundRequest request) {
        return kept.getOrDefault(request.line(), List.of()).stream()
                .anyMatch(older -> older.firstEnqueuedMillis() < request.firstEnqueuedMillis());
    }

    private boolean mayGo(InboundRequest request) {
        return !lines.isBehind(request.line(), request.firstEnqueuedMillis()) || over.test(request);
    }

    /** Looks who may go, and who must make room. Returns at once, and does it one turn at a time. */
    void turn() {
        synchronized (kept) {
            if (kept.isEmpty() || !underWay.compareAndSet(false, true)) {
                return;
            }
        }
        threads.execute(() -> {
            try {
                for (String line : lines()) {
                    take(line, this::mayGo).forEach(next::offer);
                    if (crowded.getAsBoolean()) {
                        take(line, any -> true).forEach(park);
                    }
                }
            } finally {
                underWay.set(false);
            }
        });
    }

    private List<String> lines() {
        synchronized (kept) {
            return List.copyOf(kept.keySet());
        }
    }

    private List<InboundRequest> take(String line, Predicate<InboundRequest> which) {
        List<InboundRequest> taken = new ArrayList<>();
        synchronized (kept) {
            List<InboundRequest> stay = new ArrayList<>();
            for (InboundRequest request : kept.getOrDefault(line, List.of())) {
                (which.test(request) ? taken : stay).add(request);
            }
            if (stay.isEmpty()) {
                kept.remove(line);
            } else {
                kept.put(line, stay);
            }
        }
        taken.sort(OLDEST_FIRST);
        return taken;
    }

    @Override
    public void forget(TopicPartition partition, int epoch) {
        synchronized (kept) {
            kept.values().forEach(ofLine -> ofLine.removeIf(request -> request.ticket().partition().equals(partition)
                    && request.ticket().epoch() <= epoch));
            kept.values().removeIf(List::isEmpty);
        }
        next.forget(partition, epoch);
    }
}
