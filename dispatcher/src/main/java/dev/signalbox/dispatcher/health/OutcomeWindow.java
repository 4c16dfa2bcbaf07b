package dev.signalbox.dispatcher.health;

import dev.signalbox.schemas.Blame;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
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
    /** In a row, of one worker, for a suspicion. */
    static final int SUSPECT_FAILURES = 3;
    /** Of each worker in the window: with more of them, there is one for each turn of {@link ProbeTurn#TURN}. */
    private static final int BUSY_CALLS = 24;
    static final String OTHER = "OTHER";
    static final OutcomeWindow EMPTY = new OutcomeWindow(new TreeMap<>(), new TreeMap<>());

    /**
     * What one worker saw of the deployment.
     *
     * @param lastCallMillis when its last call that counts ended
     * @param lastFailureMillis when the last one that failed ended; {@link #NEVER} for none
     * @param lastAnswerMillis when the last one that was answered ended; {@link #NEVER} for none
     * @param failingSinceMillis when the first failure after its last answer ended; {@link #NEVER} for none
     * @param failuresInARow since its last answer
     */
    record WorkerSight(long lastCallMillis, long lastFailureMillis, long lastAnswerMillis, long failingSinceMillis,
            int failuresInARow) {
        static final long NEVER = Long.MIN_VALUE;
        static final WorkerSight NONE = new WorkerSight(NEVER, NEVER, NEVER, NEVER, 0);

        WorkerSight answered(long nowMillis) {
            return new WorkerSight(nowMillis, lastFailureMillis, nowMillis, NEVER, 0);
        }

        WorkerSight failed(long nowMillis) {
            return new WorkerSight(nowMillis, nowMillis, lastAnswerMillis,
                    failuresInARow == 0 ? nowMillis : failingSinceMillis, failuresInARow + 1);
        }

        WorkerSight withoutFailures() {
            return new WorkerSight(lastCallMillis, NEVER, lastAnswerMillis, NEVER, 0);
        }
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
        WorkerSight before = workers.getOrDefault(call.worker(), WorkerSight.NONE);
        workers.put(call.worker(), call.answered() ? before.answered(nowMillis) : before.failed(nowMillis));
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
                copy.workers.put(name, sight.lastFailureMillis() >= from ? sight : sight.withoutFailures());
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
        long sum = 0;
        for (Map<String, Integer> slice : slices.values()) {
            for (Map.Entry<String, Integer> count : slice.entrySet()) {
                sum += Blame.of(count.getKey()) == Blame.NOBODY ? 0 : count.getValue();
            }
        }
        return sum;
    }

    long calls() {
        return answered() + failed();
    }

    /** 0 without calls. */
    double errorRate() {
        long failed = failed();
        long calls = answered() + failed;
        return calls == 0 ? 0 : (double) failed / calls;
    }

    int workersFailing() {
        return (int) workers.values().stream().filter(worker -> worker.lastFailureMillis() != WorkerSight.NEVER)
                .count();
    }

    /** When the last answer came; empty if none did of late. */
    OptionalLong lastAnswerMillis() {
        return workers.values().stream().mapToLong(WorkerSight::lastAnswerMillis)
                .filter(answer -> answer != WorkerSight.NEVER).max();
    }

    /**
     * The worker that all failures are of, where others were answered after its failures began: what fails is more likely there
     * than at the deployment.
     */
    Optional<String> suspect() {
        if (workersFailing() != 1) {
            return Optional.empty();
        }
        return workers.entrySet().stream()
                .filter(worker -> worker.getValue().failuresInARow() >= SUSPECT_FAILURES
                        && answeredElsewhere(worker.getKey(), worker.getValue().failingSinceMillis()))
                .map(Map.Entry::getKey).findFirst();
    }

    private boolean answeredElsewhere(String worker, long sinceMillis) {
        return workers.entrySet().stream().anyMatch(
                other -> !other.getKey().equals(worker) && other.getValue().lastAnswerMillis() > sinceMillis);
    }

    /** Whether so many calls come that each worker has one whenever one is wanted of it. */
    boolean busy() {
        return calls() >= (long) BUSY_CALLS * workers.size();
    }

    /**
     * The worker that alone has seen failures since the last answer, where others call the deployment too, but seldom: one of them is to
     * have the next call, since its word decides, and another failure of the same worker would tell nothing.
     *
     * @param wait how long after its last failure that holds
     */
    Optional<String> soleWitness(long nowMillis, Duration wait) {
        if (workers.size() < 2 || busy()) {
            return Optional.empty();
        }
        long answered = lastAnswerMillis().orElse(WorkerSight.NEVER);
        List<Map.Entry<String, WorkerSight>> failing = workers.entrySet().stream()
                .filter(worker -> worker.getValue().lastFailureMillis() > answered).toList();
        return failing.size() == 1
                && nowMillis - failing.getFirst().getValue().lastFailureMillis() < wait.toMillis()
                        ? Optional.of(failing.getFirst().getKey())
                        : Optional.empty();
    }

    /**
     * Whether only one worker has seen failures, and only that one has called it since they began: then it is all that call it.
     *
     * @param wait how long ago they must have begun, so that others had the time to call
     */
    boolean onlyCallerFails(long nowMillis, Duration wait) {
        if (workersFailing() != 1) {
            return false;
        }
        long since = workers.values().stream().mapToLong(WorkerSight::failingSinceMillis)
                .filter(began -> began != WorkerSight.NEVER).max().orElse(nowMillis);
        return nowMillis - since >= wait.toMillis()
                && workers.values().stream().filter(worker -> worker.lastCallMillis() >= since).count() == 1;
    }

    /** The outcome that counts against the deployment most often; of equals the first by name. */
    Optional<String> commonestFailure() {
        return outcomes().entrySet().stream().filter(outcome -> Blame.of(outcome.getKey()) != Blame.NOBODY)
                .max(Map.Entry.<String, Long>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(Map.Entry::getKey);
    }
}
