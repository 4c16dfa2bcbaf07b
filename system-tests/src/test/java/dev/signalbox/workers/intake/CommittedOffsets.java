package dev.signalbox.workers.intake;

import java.util.function.LongPredicate;

/** What a commit says is done. */
public final class CommittedOffsets {
    private CommittedOffsets() {
    }

    /** Whether an offset is done, by the committed offset and its metadata. */
    public static LongPredicate done(long committed, String metadata) {
        OffsetRuns above = LedgerMetadata.decode(committed, metadata).map(LedgerMetadata.Decoded::done)
                .orElseGet(OffsetRuns::new);
        return offset -> offset < committed || above.contains(offset);
    }
}
