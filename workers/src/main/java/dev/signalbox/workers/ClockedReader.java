package dev.signalbox.workers;

import dev.signalbox.schemas.Lane;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.intake.RecordReader;
import dev.signalbox.workers.intake.RequestReader;
import dev.signalbox.workers.intake.Ticket;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A lane's reader, whose records tell the clock what time it is at the broker at least. */
record ClockedReader(BrokerClock clock, RequestReader reader) implements RecordReader {
    @Override
    public Reading read(ConsumerRecord<byte[], byte[]> source, Ticket ticket) {
        clock.read(source.timestamp());
        return reader.read(source, ticket);
    }

    @Override
    public Reading quarantined(Lane lane, ConsumerRecord<byte[], byte[]> source, Ticket ticket) {
        return reader.quarantined(lane, source, ticket);
    }
}
