package dev.signalbox.workers.intake;

import java.util.Objects;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

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

    /** The verdict on a record with this key, its request id, where the headers alone do not decide. */
    default Verdict judge(byte @Nullable [] key, Headers headers) {
        return judge(headers);
    }

    /** What becomes of a record. */
    sealed interface Verdict {
        /** It is decoded and offered to the scheduler. */
        Verdict ADMIT = new Admit();

        /** See {@link #ADMIT}. */
        record Admit() implements Verdict {
        }

        /**
         * Its terminal reply stands already, though its offset was not committed before a kill: it is done, and not
         * served again.
         */
        record Answered() implements Verdict {
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
