package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.Amounts.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Divides what a pool has among its workers, all kinds of amounts together, since a call at once is of no use without the
 * tokens that the call needs.
 * <ol>
 * <li>Each in turn gets one whole request, the one whose request has waited longest first, as long as there are calls. A
 * request that needs more of a minute than is free yet gets that collected for it, one at a time, and leaves the call to
 * others until then.
 * <li>More calls at once go by need; what counts in a minute goes with the calls, since only who calls can use it.
 * <li>Calls for which a worker has too little of a minute left go to others, who have more.
 * <li>What nobody wants is spread by the partitions that each owns, so that a request which comes finds some.
 * </ol>
 *
 * <p>INVARIANT: the parts sum up to at most the whole.
 */
final class PoolDivision {
    private static final List<Kind> BY_MINUTE = List.of(Kind.REQUESTS, Kind.INPUT_TOKENS, Kind.OUTPUT_TOKENS);

    private final Amounts whole;
    private final List<Share> inTurn;
    private final Amounts[] parts;
    private Amounts left;

    /**
     * @param inUse what counts of it now
     * @param wanted what it could use now, inUse included
     * @param request one whole request of it, the largest that waits
     * @param within what it could have at once: no other has to give anything up for it
     * @param ownedPart of the pool's partitions, 0 to 1
     */
    record Share(String worker, Amounts inUse, Amounts wanted, Amounts request, Amounts within, double ownedPart) {
        long waiting() {
            return wanted.calls() - inUse.calls();
        }

        Amounts next() {
            return inUse.plus(request);
        }
    }

    private PoolDivision(Amounts whole, List<Share> inTurn) {
        this.whole = whole;
        this.inTurn = inTurn;
        this.parts = new Amounts[inTurn.size()];
        Arrays.fill(parts, Amounts.NONE);
        this.left = whole;
    }

    /** @param inTurn the one that goes first, first */
    static Map<String, Amounts> of(Amounts whole, List<Share> inTurn) {
        PoolDivision division = new PoolDivision(whole, inTurn);
        division.oneRequestEach();
        division.byNeed();
        division.spread();
        Map<String, Amounts> byWorker = new LinkedHashMap<>();
        for (int i = 0; i < division.parts.length; i++) {
            byWorker.put(inTurn.get(i).worker(), division.parts[i]);
        }
        return byWorker;
    }

    private void give(int i, Kind kind, long amount) {
        if (amount > 0) {
            parts[i] = parts[i].with(kind, parts[i].of(kind) + amount);
            left = left.with(kind, left.of(kind) - amount);
        }
    }

    private boolean isLimited(Kind kind) {
        return whole.of(kind) != Amounts.UNLIMITED;
    }

    private void oneRequestEach() {
        boolean collects = false;
        for (int i = 0; i < parts.length; i++) {
            Share share = inTurn.get(i);
            boolean now = share.next().min(whole).with(Kind.CALLS, 0).fitsIn(share.within());
            if (share.waiting() == 0 || left.calls() == 0 || (!now && collects)) {
                continue;
            }
            collects |= !now;
            for (Kind kind : BY_MINUTE) {
                if (isLimited(kind)) {
                    give(i, kind, Math.min(left.of(kind), share.request().of(kind)));
                }
            }
            if (now && isLimited(Kind.CALLS)) {
                give(i, Kind.CALLS, 1);
            }
        }
    }

    private void byNeed() {
        Amounts[] first = parts.clone();
        Amounts afterFirst = left;
        if (isLimited(Kind.CALLS)) {
            fill(Kind.CALLS, wanted(Kind.CALLS), wanted(Kind.CALLS));
        }
        for (Kind kind : BY_MINUTE) {
            if (isLimited(kind)) {
                long[] weights = isLimited(Kind.CALLS) ? calls() : wanted(kind);
                fill(kind, weights, wanted(kind));
                fill(kind, wanted(kind), wanted(kind));
            }
        }
        if (isLimited(Kind.CALLS)) {
            for (int i = 0; i < parts.length; i++) {
                parts[i] = parts[i].with(Kind.CALLS, first[i].calls());
            }
            left = left.with(Kind.CALLS, afterFirst.calls());
            fill(Kind.CALLS, admitted(), admitted());
            fill(Kind.CALLS, wanted(Kind.CALLS), wanted(Kind.CALLS));
        }
    }

    private long[] calls() {
        return Arrays.stream(parts).mapToLong(Amounts::calls).toArray();
    }

    /** What each still wants. */
    private long[] wanted(Kind kind) {
        long[] wanted = new long[parts.length];
        for (int i = 0; i < parts.length; i++) {
            wanted[i] = Math.max(0, inTurn.get(i).wanted().of(kind) - parts[i].of(kind));
        }
        return wanted;
    }

    /** Calls that each still wants and has enough of the minute for, if its next requests are as those that wait. */
    private long[] admitted() {
        long[] admitted = wanted(Kind.CALLS);
        for (int i = 0; i < parts.length; i++) {
            Share share = inTurn.get(i);
            Amounts has = parts[i].min(share.within());
            for (Kind kind : BY_MINUTE) {
                long need = share.waiting() == 0
                        ? 0
                        : (share.wanted().of(kind) - share.inUse().of(kind)) / share.waiting();
                if (isLimited(kind) && need > 0) {
                    long calls = share.inUse().calls() + Math.max(0, has.of(kind) - share.inUse().of(kind)) / need;
                    admitted[i] = Math.min(admitted[i], Math.max(0, calls - parts[i].calls()));
                }
            }
        }
        return admitted;
    }

    /**
     * Gives what is left by weight, nobody more than his cap; what rounding leaves goes one by one, by name: what is each one's own
     * of what its pool has stays so, whoever has waited longest.
     */
    private void fill(Kind kind, long[] weights, long[] caps) {
        long[] given = new long[parts.length];
        List<Integer> open = new ArrayList<>();
        for (int i = 0; i < parts.length; i++) {
            if (weights[i] > 0 && caps[i] > 0) {
                open.add(i);
            }
        }
        boolean capped = true;
        while (capped) {
            double weight = open.stream().mapToDouble(i -> weights[i]).sum();
            double there = left.of(kind);
            List<Integer> full = open.stream().filter(i -> there * weights[i] / weight >= caps[i]).toList();
            full.forEach(i -> give(i, kind, caps[i]));
            open.removeAll(full);
            capped = !full.isEmpty();
        }
        double sum = open.stream().mapToDouble(i -> weights[i]).sum();
        double toGive = left.of(kind);
        for (int i : open) {
            given[i] = (long) Math.floor(toGive * weights[i] / sum + 1e-9);
            give(i, kind, given[i]);
        }
        open.sort(Comparator.comparing(i -> inTurn.get(i).worker()));
        for (int i : open) {
            if (left.of(kind) > 0 && given[i] < caps[i]) {
                give(i, kind, 1);
            }
        }
    }

    private void spread() {
        double owned = Math.max(1, inTurn.stream().mapToDouble(Share::ownedPart).sum());
        Amounts toGive = left;
        for (int i = 0; i < parts.length; i++) {
            for (Kind kind : Kind.values()) {
                if (isLimited(kind)) {
                    give(i, kind, (long) Math.floor(toGive.of(kind) * inTurn.get(i).ownedPart() / owned + 1e-9));
                } else {
                    parts[i] = parts[i].with(kind, Amounts.UNLIMITED);
                }
            }
        }
    }
}
