package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.RequestHash;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Offsets that retention took before they were done. It stands in the ledger as one record, at the first of them, that is
 * complete when the loss was written down: so it is never passed over unsaid.
 *
 * @param ticket of the first lost offset
 * @param end the first offset behind the range
 * @param offsets those of the range that were not done: the most records that are lost, since some may never have existed
 */
record LostRange(Ticket ticket, long end, long offsets) {
    /** Reason of its dead letter. */
    static final String LOST_TO_RETENTION = "LOST_TO_RETENTION";

    /** It as a record that cannot be served: without bytes, and addressed to nobody. */
    UnservableRecord unservable(Lane lane) {
        var partition = ticket.partition();
        ConsumerRecord<byte[], byte[]> source = new ConsumerRecord<>(partition.topic(), partition.partition(),
                ticket.offset(), null, null);
        source.headers().add(Headers.DEAD_LETTER_END_OFFSET, Long.toString(end).getBytes(StandardCharsets.UTF_8));
        return new UnservableRecord(lane, ticket, source, Optional.empty(), Optional.empty(),
                RequestHash.of(new byte[0]), LOST_TO_RETENTION,
                "Retention took offsets " + ticket.offset() + " to " + (end - 1) + " before they were served: at most "
                        + offsets + " requests.");
    }
}
