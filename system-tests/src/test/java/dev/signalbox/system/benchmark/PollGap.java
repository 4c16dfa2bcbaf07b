package dev.signalbox.system.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** A consumer that remembers the longest time from the start of one poll to the start of the next. */
final class PollGap extends KafkaConsumer<byte[], byte[]> {
    private OptionalLong lastNanos = OptionalLong.empty();
    private volatile long longestNanos;

    PollGap(Map<String, Object> properties) {
        super(properties);
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
        long now = System.nanoTime();
        longestNanos = Math.max(longestNanos, now - lastNanos.orElse(now));
        lastNanos = OptionalLong.of(now);
        return super.poll(timeout);
    }

    /** Waits for the end of this process's input, writes the gap in ms, and ends the process. */
    void reportAtEndOfInput(Path file) {
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
                Files.writeString(file, Long.toString(TimeUnit.NANOSECONDS.toMillis(longestNanos)));
            } catch (IOException e) {
                e.printStackTrace();
            }
            System.exit(0);
        });
    }
}
