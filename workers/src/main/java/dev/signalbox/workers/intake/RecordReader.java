package dev.signalbox.workers.intake;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Turns records into requests. Called on decoding threads (virtual), several at once; it may block on a registry. */
@FunctionalInterface
public interface RecordReader {

    /** Reads the record that has this ticket. */
    Reading read(ConsumerRecord<byte[], byte[]> source, Ticket ticket);

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
