package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record of a lane that is not a request which can be served.
 *
 * @param lane pool and priority, from its topic
 * @param ticket its place in the ledger
 * @param source the record as it came
 * @param requestId id to answer under, where one could be read: of the value, else of the key; for a caller who named a reply topic and no
 *        id, the record's place
 * @param address where to answer, where it could be read from headers or value
 * @param requestHash {@link dev.signalbox.schemas.RequestHash} of the record's value; of no bytes if it has none
 * @param reason stable upper-case word, such as {@code UNREADABLE}
 * @param message one sentence for the caller, free of content
 */
public record UnservableRecord(Lane lane, Ticket ticket, ConsumerRecord<byte[], byte[]> source,
        Optional<String> requestId, Optional<ReplyAddress> address, String requestHash, String reason, String message) {

    /** Whether its bytes are at fault, and not only where it was sent or wants its answer. */
    public boolean isPoison() {
        return !reason.equals(RequestReader.TOPIC_NOT_ALLOWED) && !reason.equals(RequestReader.WRONG_POOL);
    }

    /** Whether its caller can be told. */
    public boolean isAnswerable() {
        return requestId.isPresent() && address.isPresent();
    }
}
