package dev.signalbox.workers.intake;

import dev.signalbox.config.backlog.DoneAhead;

/** Reads commits of lanes for those who only look. */
public final class CommittedWork {
    private CommittedWork() {
    }

    /** What a commit says is done above its offset; nothing, where its metadata is not a worker's. */
    public static DoneAhead.Done done(long committed, String metadata) {
        return LedgerMetadata.decode(committed, metadata).map(LedgerMetadata.Decoded::done)
                .map(CommittedWork::of).orElse(DoneAhead.Done.NOTHING);
    }

    private static DoneAhead.Done of(OffsetRuns runs) {
        long[] count = {0};
        runs.forFirst(Integer.MAX_VALUE, (from, to) -> count[0] += to - from);
        return new DoneAhead.Done() {
            @Override
            public long count() {
                return count[0];
            }

            @Override
            public boolean contains(long offset) {
                return runs.contains(offset);
            }
        };
    }
}
