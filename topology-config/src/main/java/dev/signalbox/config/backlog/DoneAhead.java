package dev.signalbox.config.backlog;

/**
 * Reads from a lane's commit what is done above the committed offset: workers end requests in any order, and one that takes
 * long holds the offset down. Whoever writes the commits knows how.
 */
@FunctionalInterface
public interface DoneAhead {
    /** Takes everything from the committed offset on for waiting. */
    DoneAhead UNKNOWN = (committed, metadata) -> Done.NOTHING;

    /**
     * @param committed the committed offset
     * @param metadata the text that was committed with it
     */
    Done of(long committed, String metadata);

    /** Offsets that are done. */
    interface Done {
        /** None above the committed one. */
        Done NOTHING = new Done() {
            @Override
            public long count() {
                return 0;
            }

            @Override
            public boolean contains(long offset) {
                return false;
            }
        };

        /** How many above the committed one. */
        long count();

        boolean contains(long offset);
    }
}
