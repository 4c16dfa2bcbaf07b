package dev.signalbox.workers.intake;

import java.util.Objects;
import org.apache.kafka.common.header.Headers;

/**
 * Says by a record's headers alone whether this worker serves it. Asked on the poll thread for every record, so an
 * answer must cost no more than a header look-up and never block.
 */
@FunctionalInterface
public interface Admission {
    /** Serves everything. */
    Admission ALL = headers -> Verdict.ADMIT;

    /** The verdict on a record with these headers. */
    Verdict judge(Headers headers);

    /** What becomes of a record. */
    sealed interface Verdict {
        /** It is decoded and offered to the scheduler. */
        Verdict ADMIT = new Admit();

        /** See {@link #ADMIT}. */
        record Admit() implements Verdict {
        }

        /**
         * It stays incomplete in the ledger, takes no buffer, and comes again to whoever owns the partition next.
         *
         * @param owner whom it waits for, such as a batch run's id; held records are counted by it
         */
        record Hold(String owner) implements Verdict {
            public Hold {
                Objects.requireNonNull(owner);
            }
        }
    }
}
