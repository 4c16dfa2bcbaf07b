package dev.signalbox.system.scenario;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.LoggerFactory;

/** Looks for traces of canaries in logs at DEBUG, in topics and in texts. */
final class LeakWatch extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private static final List<String> WATCHED = List.of("dev.signalbox", "org.apache.kafka.clients", "okhttp3");

    private final Collection<String> leaks = new ConcurrentSkipListSet<>();
    private final AtomicLong lines = new AtomicLong();
    private final Map<Logger, Level> before = new LinkedHashMap<>();

    /** Starts to listen to the logs. */
    LeakWatch() {
        start();
        for (String name : WATCHED) {
            Logger logger = (Logger) LoggerFactory.getLogger(name);
            before.put(logger, logger.getEffectiveLevel());
            logger.setLevel(Level.DEBUG);
            logger.setAdditive(false);
            logger.addAppender(this);
        }
    }

    @Override
    protected void append(ILoggingEvent event) {
        lines.incrementAndGet();
        look("log of " + event.getLoggerName(), event.getFormattedMessage() + " "
                + (event.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(event.getThrowableProxy())));
    }

    void look(String source, String text) {
        for (Canary canary : Canary.values()) {
            for (String trace : canary.traces()) {
                int at = text.indexOf(trace);
                if (at >= 0) {
                    leaks.add(source + " holds " + canary + ": …"
                            + text.substring(Math.max(0, at - 60), Math.min(text.length(), at + trace.length())));
                }
            }
        }
    }

    /** Every record of a topic, bytes and headers; returns their number. */
    long lookAt(Map<String, Object> properties, String topic) {
        long records = 0;
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(topic + " was not read to its end");
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    records++;
                    look("record of " + topic, latin(record.key()) + " " + latin(record.value()));
                    for (Header header : record.headers()) {
                        look("header " + header.key() + " of " + topic, latin(header.value()));
                    }
                }
            }
        }
        return records;
    }

    private static String latin(byte[] bytes) {
        return bytes == null ? "" : new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Lines of log that were looked at. */
    long lines() {
        return lines.get();
    }

    Collection<String> leaks() {
        return new TreeSet<>(leaks);
    }

    @Override
    public void close() {
        before.forEach((logger, level) -> {
            logger.detachAppender(this);
            logger.setAdditive(true);
            logger.setLevel(level);
        });
        stop();
    }
}
