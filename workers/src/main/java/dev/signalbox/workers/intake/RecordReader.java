package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.RequestHash;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Turns records into requests. Called on decoding threads (virtual), several at once; it may block on a registry. */
@FunctionalInterface
public interface RecordReader {

    /** Reason of a record that workers died of. */
    String QUARANTINED = "QUARANTINED";
    /** What its caller and the operator are told. */
    String QUARANTINED_MESSAGE = "Two workers in a row died while they served nothing but this request; it is not tried again.";

    /** Reads the record that has this ticket. */
    Reading read(ConsumerRecord<byte[], byte[]> source, Ticket ticket);

    /**
     * The record that has this ticket has brought workers down: whatever is to be known of it comes from its key and headers.
     */
    default Reading quarantined(Lane lane, ConsumerRecord<byte[], byte[]> source, Ticket ticket) {
        return new Reading.Unservable(new UnservableRecord(lane, ticket, source, Optional.empty(), Optional.empty(),
                RequestHash.of(source.value() == null ? new byte[0] : source.value()), QUARANTINED,
                QUARANTINED_MESSAGE));
    }

    /** What a record turned out to be. */
    sealed interface Reading {
        /** A request that can be served. */
        record Request(InboundRequest request) implements Reading {
        }

        /** A record that will never be one. */
        record Unservable(UnservableRecord unservable) implements Reading {
        }

        /** It cannot be read now, such as while the registry is down: it is read again later. */
        record Later(String reason) implements Reading {
        }
    }
}
