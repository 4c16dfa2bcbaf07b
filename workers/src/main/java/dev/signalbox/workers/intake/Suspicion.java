package dev.signalbox.workers.intake;

/**
 * What the commits of a partition say to its next owner in case this one dies: how many owners in a row have, and which
 * requests the last of them had just begun. Why and how: {@link PartitionTrial}.
 *
 * @param released its owner has let go of it himself, hence lives
 * @param deaths owners in a row that died before the partition was calm
 * @param strikes how many of them died while the one request of the range was on trial alone, or all that they ran
 * @param onTrial whether the range was begun; else it is still to be tried
 * @param age how often the first window doubles in the time for which the one request of the range has run
 * @param from first offset of the suspects; equal to {@code to}: all that is read
 * @param to the offset behind the last one
 */
record Suspicion(boolean released, int deaths, int strikes, boolean onTrial, int age, long from, long to) {
    /** Nothing to say: as long as an owner serves such a partition, whoever comes next finds that he died. */
    static final Suspicion NONE = new Suspicion(false, 0, 0, false, 0, 0, 0);
    /** Nobody has owned it, or whoever did is well. */
    static final Suspicion RELEASED = NONE.whenReleased();
    private static final int MOST_DEATHS = 1_000;

    /** Nobody has died, and this is the only request that its worker runs: whoever dies now dies of it. */
    static Suspicion alone(long offset) {
        return new Suspicion(false, 0, 0, true, 0, offset, offset + 1);
    }

    boolean hasRange() {
        return to > from;
    }

    boolean isSingle() {
        return to == from + 1;
    }

    Suspicion whenReleased() {
        return new Suspicion(true, deaths, strikes, onTrial, age, from, to);
    }

    /** The next owner's, who found this one. */
    Suspicion takenOver() {
        if (released) {
            return new Suspicion(false, deaths, strikes, false, age, from, to);
        }
        boolean ofIt = isSingle() && onTrial();
        // Who died before the struck request had begun again did not die of it.
        int more = ofIt ? strikes + 1 : strikes < PartitionTrial.CONVICTED ? 0 : strikes;
        return new Suspicion(false, Math.min(MOST_DEATHS, deaths + 1), Math.min(MOST_DEATHS, more), false,
                ofIt ? age : 0, from, to);
    }

    /** These are begun next. */
    Suspicion trying(long first, long end) {
        boolean same = first == from && end == to && isSingle();
        return new Suspicion(false, deaths, same ? strikes : 0, true, 0, first, end);
    }

    /** The one request of the range has run for so many doublings of the first window. */
    Suspicion aged(int doublings) {
        return new Suspicion(released, deaths, strikes, onTrial, doublings, from, to);
    }

    /** The range has outlived its window, beside others: whoever dies from now on may die of anything. */
    Suspicion acquitted() {
        return new Suspicion(released, deaths, 0, false, 0, from, to);
    }

    /** Nothing is begun for a while before this one, which has brought strikes along: who dies meanwhile dies of something else. */
    Suspicion awaiting(long offset) {
        return new Suspicion(false, deaths, 0, false, 0, offset, offset + 1);
    }

    /** It stands, even if its owner dies before it is written down. */
    Suspicion convicted() {
        return new Suspicion(released, deaths, Math.max(strikes, PartitionTrial.CONVICTED), onTrial, age, from, to);
    }

    /** The same without what lies below the committed offset, hence is done. */
    Suspicion above(long committed) {
        return from >= committed || !hasRange()
                ? this
                : new Suspicion(released, deaths, 0, onTrial, 0, Math.min(committed, to), to);
    }
}
