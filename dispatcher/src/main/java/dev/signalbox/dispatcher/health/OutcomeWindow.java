package dev.signalbox.dispatcher.health;

import dev.signalbox.schemas.Blame;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Recent calls of a deployment: outcomes by slice of time, and which workers made them. Immutable. Bounds: as many slices
 * as the window has, {@link #MAX_OUTCOMES} names a slice (further ones count as {@code OTHER}, which blames nobody),
 * {@link #MAX_WORKERS} workers, of which the longest silent one makes room.
 *
 * @param slices counts by outcome, by start of the slice, ms
 * @param workers by incarnation
 */
record OutcomeWindow(TreeMap<Long, TreeMap<String, Integer>> slices, TreeMap<String, WorkerSight> workers) {
    static final int MAX_OUTCOMES = 40;
    static final int MAX_WORKERS = 64;
    static final String OTHER = "OTHER";
    static final OutcomeWindow EMPTY = new OutcomeWindow(new TreeMap<>(), new TreeMap<>());

    /**
     * What one worker saw of the deployment.
     *
     * @param lastCallMillis when its last call that counts ended
     * @param lastFailureMillis when the last one that failed ended; {@link #NEVER} for none
     */
    record WorkerSight(long lastCallMillis, long lastFailureMillis) {
        static final long NEVER = Long.MIN_VALUE;
    }

    /** With one more call; what fell out of the window is dropped. */
    OutcomeWindow plus(Call call, long nowMillis, HealthRules rules) {
        OutcomeWindow kept = copySince(windowStart(nowMillis, rules));
        TreeMap<String, Integer> slice = kept.slices.computeIfAbsent(sliceStart(nowMillis, rules.slice()),
                start -> new TreeMap<>());
        boolean room = slice.size() < MAX_OUTCOMES || slice.containsKey(call.outcome());
        slice.merge(room ? call.outcome() : OTHER, 1, Integer::sum);
        if (call.counts()) {
            kept.saw(call, nowMillis);
        }
        return kept;
    }

    private void saw(Call call, long nowMillis) {
        WorkerSight before = workers.getOrDefault(call.worker(), new WorkerSight(nowMillis, WorkerSight.NEVER));
        workers.put(call.worker(),
                new WorkerSight(nowMillis, call.answered() ? before.lastFailureMillis() : nowMillis));
        if (workers.size() > MAX_WORKERS) {
            workers.entrySet().stream().min(Comparator.comparingLong(worker -> worker.getValue().lastCallMillis()))
                    .ifPresent(silent -> workers.remove(silent.getKey()));
        }
    }

    /** Without what fell out of the window; the same object if nothing did. */
    OutcomeWindow at(long nowMillis, HealthRules rules) {
        long from = windowStart(nowMillis, rules);
        boolean old = slices.keySet().stream().anyMatch(start -> start < from)
                || workers.values().stream().anyMatch(worker -> worker.lastCallMillis() < from);
        return old ? copySince(from) : this;
    }

    private OutcomeWindow copySince(long from) {
        OutcomeWindow copy = new OutcomeWindow(new TreeMap<>(), new TreeMap<>());
        slices.tailMap(from, true).forEach((start, counts) -> copy.slices.put(start, new TreeMap<>(counts)));
        workers.forEach((name, sight) -> {
            if (sight.lastCallMillis() >= from) {
                copy.workers.put(name, sight.lastFailureMillis() >= from
                        ? sight
                        : new WorkerSight(sight.lastCallMillis(), WorkerSight.NEVER));
            }
        });
        return copy;
    }

    private static long windowStart(long nowMillis, HealthRules rules) {
        return sliceStart(nowMillis, rules.slice()) - rules.window().minus(rules.slice()).toMillis();
    }

    private static long sliceStart(long millis, Duration slice) {
        return millis - Math.floorMod(millis, slice.toMillis());
    }

    /** Calls by outcome. */
    Map<String, Long> outcomes() {
        Map<String, Long> sum = new TreeMap<>();
        slices.values().forEach(
                slice -> slice.forEach((outcome, count) -> sum.merge(outcome, (long) count, Long::sum)));
        return sum;
    }

    long answered() {
        return slices.values().stream().mapToLong(slice -> slice.getOrDefault(Blame.ANSWERED, 0)).sum();
    }

    /** Calls that count against the deployment. */
    long failed() {
        return slices.values().stream().flatMap(slice -> slice.entrySet().stream())
                .filter(count -> Blame.of(count.getKey()) != Blame.NOBODY).mapToLong(Map.Entry::getValue).sum();
    }

    long calls() {
        return answered() + failed();
    }

    /** 0 without calls. */
    double errorRate() {
        long calls = calls();
        return calls == 0 ? 0 : (double) failed() / calls;
    }

    int workersFailing() {
        return (int) workers.values().stream().filter(worker -> worker.lastFailureMillis() != WorkerSight.NEVER)
                .count();
    }

    /** The outcome that counts against the deployment most often; of equals the first by name. */
    Optional<String> commonestFailure() {
        return outcomes().entrySet().stream().filter(outcome -> Blame.of(outcome.getKey()) != Blame.NOBODY)
                .max(Map.Entry.<String, Long>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(Map.Entry::getKey);
    }
}
