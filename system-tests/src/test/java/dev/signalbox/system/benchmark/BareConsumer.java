package dev.signalbox.system.benchmark;

import dev.signalbox.config.Configuration;
import dev.signalbox.workers.intake.RecordReader;
import dev.signalbox.workers.intake.Ticket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The floor of taking records: poll, read, a call of a fixed length on a virtual thread for each record, at most so many at
 * once, and a commit of what was polled each 200 ms. What was running at a crash is lost. Arguments: bootstrap servers,
 * registry URL, configuration file, {@link Reading}, topic and group, length of a call in ms, file for the longest poll gap.
 * Prints READY; ends when its input closes.
 */
public final class BareConsumer {
    private BareConsumer() {
    }

    public static void main(String[] args) throws Exception {
        Configuration configuration = Reading.configuration(args[2]);
        RecordReader reader = Reading.valueOf(args[3]).reader(configuration, args[1]);
        Semaphore slots = new Semaphore(configuration.worker().maxInFlight());
        Calls calls = new Calls(Integer.parseInt(args[5]));
        Map<String, Object> consuming = new HashMap<>(Map.of("bootstrap.servers", args[0], "group.id", args[4],
                "enable.auto.commit", false, "auto.offset.reset", "earliest", "max.poll.records", 500,
                "partition.assignment.strategy", CooperativeStickyAssignor.class.getName(),
                "key.deserializer", ByteArrayDeserializer.class, "value.deserializer", ByteArrayDeserializer.class));
        try (PollGap consumer = new PollGap(consuming)) {
            consumer.reportAtEndOfInput(Path.of(args[6]));
            consumer.subscribe(List.of(args[4]));
            while (consumer.assignment().isEmpty()) {
                consumer.poll(Duration.ofMillis(50));
            }
            System.out.println("READY");
            long committed = System.nanoTime();
            while (true) {
                for (var record : consumer.poll(Duration.ofMillis(25))) {
                    take(record, reader, slots, calls);
                }
                if (System.nanoTime() - committed > 200_000_000) {
                    consumer.commitAsync();
                    committed = System.nanoTime();
                }
            }
        }
    }

    private static void take(ConsumerRecord<byte[], byte[]> record, RecordReader reader, Semaphore slots,
            Calls calls) {
        Ticket ticket = new Ticket(new TopicPartition(record.topic(), record.partition()), 0, record.offset());
        if (!(reader.read(record, ticket) instanceof RecordReader.Reading.Request)) {
            throw new IllegalStateException("no request: " + ticket);
        }
        slots.acquireUninterruptibly();
        calls.start(slots::release);
    }
}
