package dev.signalbox.workers.intake;

import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Begins the requests of a partition whose owner died with care, since one of them may have brought him down: one, then two,
 * then four, each time after a commit has said which, and each for a window in which nothing further of the partition is
 * begun. A request that goes on after its window has outlived its trial. Whoever takes over from an owner that dies in a
 * window knows whom to suspect, and tries those first, in the same way, until it is one that was alone. A request that was on trial alone,
 * or all that its worker ran, when that died, {@value #STRIKES} times, is convicted once a worker has lived longer without it; one that is moved to the retry topic takes its strikes along
 * ({@link RecordFacts#strikes}), is tried first there, alone, and is convicted by {@value #STRIKES_IN_ALL} in all: they are not in a row, as the
 * others are, so it takes one more. Once a batch held all that waited and
 * {@value #CALM_SIZE} could have been in it, the partition is calm.
 *
 * <p>The window doubles with each owner in a row that dies, so that a request which kills late is found later. A worker that
 * is killed by others costs its requests half a second, and none of them its answer: the next owner would have to be
 * killed within 50 ms of that one request's beginning, and the one after him within 100 ms of it, yet not
 * in the 400 ms before, in which he begins nothing: owners who die of something else die in that control as well. A request that is
 * all that two killed owners ran loses it if each was killed within 10 s of its beginning.
 *
 * <p>INVARIANT: what waits here is pending in the ledger, hence bounded by {@link LaneBounds}. A pure model; one thread.
 */
final class PartitionTrial {
    /** Deaths while it was on trial alone, or all that its worker ran, by which a request is convicted. */
    static final int STRIKES = 2;
    static final int STRIKES_IN_ALL = STRIKES + 1;
    /** What is said of one that is convicted, whatever becomes of who says it. */
    static final int CONVICTED = STRIKES + 1;
    static final int CALM_SIZE = 1_024;
    static final long FIRST_WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    static final long LONGEST_WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** Before a request that has a strike is tried again nothing is begun for so long. */
    private static final int CONTROL_WINDOWS = 4;
    /** How long it waits for suspects that do not come, such as when the intake is full before them. */
    private static final long SUSPECTS_NANOS = TimeUnit.SECONDS.toNanos(10);
    static final int MOST_DOUBLINGS = 10;

    private final TrialTurn turn;
    private final long windowNanos;
    private final NavigableMap<Long, RecordDecoding.Admitted> waiting = new TreeMap<>();
    private final Set<Long> begun = new HashSet<>();
    private Suspicion suspicion;
    /** Below it are suspects that must be tried before all others; 0: none. */
    private long suspectsFrom;
    private long suspectsTo;
    private List<RecordDecoding.Admitted> batch = List.of();
    private int size = 1;
    private Phase phase = Phase.CHOOSING;
    private long firstTurn = -1;
    private long windowEnds;
    private boolean holdsTurn;
    /** Nothing else is tried before the request that has a strike. */
    private boolean goesFirst;
    private boolean single;
    /** The request that is or was on trial alone, while it has not ended, and when it began; -1: none. */
    private long solo = -1;
    private long soloBegan;
    /** The convicted request while its dead letter is being written: nothing is begun before. */
    private long convicted = -1;
    private Optional<RecordDecoding.Admitted> sentenced = Optional.empty();

    private enum Phase {
        /** Nothing is on trial. */
        CHOOSING,
        /** A batch is chosen, and begins when a commit says so. */
        TOLD,
        /** It has begun, and its window is open. */
        OPEN,
        /** Over. */
        CALM
    }

    /** @param suspicion the owner's own: {@link Suspicion#takenOver} */
    PartitionTrial(Suspicion suspicion, TrialTurn turn) {
        this.suspicion = suspicion;
        this.turn = turn;
        this.goesFirst = suspicion.strikes() > 0 && suspicion.strikes() < STRIKES;
        if (goesFirst) {
            turn.goesFirst();
        }
        this.suspectsFrom = suspicion.from();
        this.suspectsTo = suspicion.hasRange() ? suspicion.to() : 0;
        this.windowNanos = Math.min(LONGEST_WINDOW_NANOS,
                FIRST_WINDOW_NANOS << Math.min(MOST_DOUBLINGS, suspicion.deaths() - 1));
    }

    /** What commits must say now. */
    Suspicion suspicion() {
        return suspicion;
    }

    /** Whether a suspect that is not on trial now has brought down as many as it may. */
    private boolean convicts(RecordDecoding.Admitted suspect) {
        return suspicion.strikes() >= STRIKES || suspicion.strikes() + brought(suspect) >= STRIKES_IN_ALL;
    }

    /** A request that is not to be begun any more, once; nothing else is before it has ended. */
    Optional<RecordDecoding.Admitted> sentenced() {
        Optional<RecordDecoding.Admitted> now = sentenced;
        sentenced = Optional.empty();
        return now;
    }

    /** A record that was admitted waits for its trial. */
    void add(RecordDecoding.Admitted admitted) {
        waiting.put(admitted.ticket().offset(), admitted);
    }

    void completed(long offset) {
        begun.remove(offset);
        if (solo == offset) {
            solo = -1;
        }
        if (convicted == offset) {
            convicted = -1;
        }
    }

    /** Whether a batch waits for the commit that says it. */
    boolean isTold() {
        return phase == Phase.TOLD;
    }

    boolean isCalm() {
        return phase == Phase.CALM;
    }

    /**
     * Moves it on.
     *
     * @param now monotonic, ns
     * @param position offset of the next record to come
     * @param told whether a commit of the present {@link #suspicion} is acknowledged
     * @param alone whether the worker has but one request, hence at most one of this partition
     * @return what is to begin now
     */
    List<RecordDecoding.Admitted> turn(long now, long position, boolean told, boolean alone) {
        if (firstTurn < 0) {
            firstTurn = now;
        }
        List<RecordDecoding.Admitted> begin = phase == Phase.TOLD && told ? open(now) : List.of();
        if (phase == Phase.OPEN && (begun.isEmpty() || now - windowEnds >= 0)) {
            close();
        }
        if (phase == Phase.CHOOSING) {
            choose(now, position);
        }
        followSolo(now, alone);
        return begin;
    }

    /**
     * The request that was tried alone stays a suspect while it is the only one of the worker; beside others it has outlived
     * its trial.
     */
    private void followSolo(long now, boolean alone) {
        if (!single || phase == Phase.TOLD || phase == Phase.CALM || !suspicion.onTrial()) {
            return;
        }
        boolean staysSuspect = solo >= 0 && (phase == Phase.OPEN || alone) && now - soloBegan < LONGEST_WINDOW_NANOS;
        suspicion = staysSuspect ? suspicion.aged(doublings(now - soloBegan)) : suspicion.acquitted();
    }

    /** By how many doublings of the first window that would be longer. */
    private static int doublings(long nanos) {
        int doublings = 0;
        while (doublings < MOST_DOUBLINGS && FIRST_WINDOW_NANOS << doublings <= nanos) {
            doublings++;
        }
        return doublings;
    }

    private void choose(long now, long position) {
        if (convicted >= 0) {
            return;
        }
        if (suspicion.strikes() > 0 && !suspicion.onTrial()) {
            Optional<RecordDecoding.Admitted> guilty = Optional.ofNullable(waiting.get(suspicion.from()))
                    .filter(this::convicts);
            if (guilty.isPresent()) {
                letOthersGo();
            }
            if (suspicion.strikes() < CONVICTED && now - firstTurn < controlNanos(guilty.isPresent())) {
                return;
            }
            if (guilty.isPresent()) {
                sentence(guilty.get());
                return;
            }
        }
        boolean awaitsSuspects = suspectsTo > position && now - firstTurn < SUSPECTS_NANOS;
        NavigableMap<Long, RecordDecoding.Admitted> suspects = suspectsTo == 0
                ? waiting
                : waiting.subMap(suspectsFrom, true, suspectsTo, false);
        if (suspects.isEmpty() && !awaitsSuspects) {
            suspectsTo = 0;
            suspects = waiting;
            letOthersGo();
        }
        if (suspects.isEmpty()) {
            return;
        }
        List<RecordDecoding.Admitted> next = batch(suspects);
        if (size == 1 && brought(next.getFirst()) > 0 && now - firstTurn < controlNanos(false)) {
            if (suspicion.strikes() == 0) {
                suspicion = suspicion.awaiting(next.getFirst().ticket().offset());
            }
            return;
        }
        single = next.size() == 1;
        if (!turn.begin(single, goesFirst, now)) {
            return;
        }
        holdsTurn = true;
        batch = next;
        suspicion = suspicion.trying(next.getFirst().ticket().offset(), next.getLast().ticket().offset() + 1);
        phase = Phase.TOLD;
    }

    /**
     * For how long nothing is begun, so that a worker that dies of something else does so in it: before a struck request is tried
     * again, and before it is put aside for good, then for as long as its last worker had lived with it as well.
     */
    private long controlNanos(boolean guilty) {
        return CONTROL_WINDOWS * windowNanos + (guilty ? FIRST_WINDOW_NANOS << suspicion.age() : 0);
    }

    private void sentence(RecordDecoding.Admitted guilty) {
        convicted = guilty.ticket().offset();
        waiting.remove(convicted);
        suspicion = suspicion.convicted();
        sentenced = Optional.of(guilty);
    }

    /**
     * The lowest; but the first of all, which is alone, is one that has brought strikes along. Later ones are not picked out: alone
     * after batches of others they would be struck by owners who die of something else at that age, twice.
     */
    private List<RecordDecoding.Admitted> batch(NavigableMap<Long, RecordDecoding.Admitted> suspects) {
        List<RecordDecoding.Admitted> lowest = suspects.values().stream().limit(size).toList();
        return size > 1
                ? lowest
                : suspects.values().stream().filter(each -> brought(each) > 0).findFirst().map(List::of)
                        .orElse(lowest);
    }

    private static int brought(RecordDecoding.Admitted admitted) {
        return RecordFacts.strikes(admitted.source());
    }

    private List<RecordDecoding.Admitted> open(long now) {
        batch.forEach(admitted -> {
            waiting.remove(admitted.ticket().offset());
            begun.add(admitted.ticket().offset());
        });
        if (single && suspicion.strikes() > 0) {
            RecordFacts.strike(batch.getFirst().source(),
                    Math.min(STRIKES, suspicion.strikes() + brought(batch.getFirst())));
        }
        if (single) {
            solo = batch.getFirst().ticket().offset();
            soloBegan = now;
        }
        windowEnds = now + windowNanos;
        phase = Phase.OPEN;
        List<RecordDecoding.Admitted> started = batch;
        batch = List.of();
        return started;
    }

    private void close() {
        leave();
        begun.clear();
        phase = size >= CALM_SIZE && waiting.isEmpty() ? Phase.CALM : Phase.CHOOSING;
        size = Math.min(CALM_SIZE, size * 2);
    }

    /** The partition has gone, or is calm. */
    void leave() {
        if (holdsTurn) {
            turn.end(single);
            holdsTurn = false;
        }
        letOthersGo();
    }

    private void letOthersGo() {
        if (goesFirst) {
            turn.hasGoneFirst();
            goesFirst = false;
        }
    }
}
