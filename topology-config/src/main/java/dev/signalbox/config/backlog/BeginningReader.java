package dev.signalbox.config.backlog;

import dev.signalbox.schemas.Headers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads the first records that wait in each partition, without a group. Where nothing has changed since nothing is read again.
 * Bounded: of a partition the first {@value #MOST} that are not done are looked at, or what of them lies among the first
 * {@value #FARTHEST} records, {@value #FETCH_BYTES} bytes of it are fetched at once, and 2 s are spent on all; what was not reached
 * then keeps what was known before, and is read next time.
 */
final class BeginningReader implements AutoCloseable {
    private static final int MOST = 50;
    private static final int FARTHEST = 2_000;
    private static final int FETCH_BYTES = 65_536;
    private static final int ALL_BYTES = 4 << 20;
    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final int LONGEST_NUMBER = 18;

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final RouteOfRecord routes;
    private final Map<TopicPartition, Known> known = new HashMap<>();

    /**
     * What waits in a partition.
     *
     * @param from offset of the first of it
     * @param end offset behind the last of it
     * @param requests how many offsets of it are not done
     */
    record Stretch(long from, long end, long requests, DoneAhead.Done done) {
    }

    /** @param stretch what waited when it was read */
    private record Known(Stretch stretch, Waiting.Beginning beginning) {
        boolean holdsFor(Stretch now) {
            return stretch.from() == now.from() && stretch.done().count() == now.done().count()
                    && (beginning.looked() >= MOST || stretch.end() == now.end());
        }
    }

    /** What was seen of a partition so far. */
    private static final class Look {
        private final Stretch stretch;
        private final Map<String, Integer> byRoute = new HashMap<>();
        private long oldest = Long.MAX_VALUE;
        private int looked;
        private int read;

        Look(Stretch stretch) {
            this.stretch = stretch;
        }

        void at(ConsumerRecord<byte[], byte[]> record, RouteOfRecord routes) {
            read++;
            if (looked < MOST && record.offset() < stretch.end() && !stretch.done().contains(record.offset())) {
                oldest = Math.min(oldest, firstEnqueuedMillis(record));
                looked++;
                routes.of(record).ifPresent(route -> byRoute.merge(route, 1, Integer::sum));
            }
        }

        boolean isOver(long position) {
            return looked >= MOST || read >= FARTHEST || position >= stretch.end();
        }

        Known known() {
            return new Known(stretch, new Waiting.Beginning(
                    looked == 0 ? OptionalLong.empty() : OptionalLong.of(oldest), looked, byRoute));
        }
    }

    BeginningReader(Map<String, Object> client, RouteOfRecord routes) {
        this.routes = routes;
        Map<String, Object> properties = new HashMap<>(client);
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 10 * MOST);
        properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, FETCH_BYTES);
        properties.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, ALL_BYTES);
        properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 20);
        consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** @param waiting partitions in which something waits */
    Map<TopicPartition, Waiting.Beginning> read(Map<TopicPartition, Stretch> waiting) {
        known.keySet().retainAll(waiting.keySet());
        Map<TopicPartition, Look> open = new HashMap<>();
        waiting.forEach((partition, stretch) -> {
            Known before = known.get(partition);
            if (before == null || !before.holdsFor(stretch)) {
                open.put(partition, new Look(stretch));
            }
        });
        consumer.assign(open.keySet());
        open.forEach((partition, look) -> consumer.seek(partition, look.stretch.from()));
        long until = System.nanoTime() + LIMIT.toNanos();
        while (!open.isEmpty() && System.nanoTime() - until < 0) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            for (ConsumerRecord<byte[], byte[]> record : records) {
                Look look = open.get(new TopicPartition(record.topic(), record.partition()));
                if (look != null) {
                    look.at(record, routes);
                }
            }
            Set<TopicPartition> over = new HashSet<>();
            open.forEach((partition, look) -> {
                if (look.isOver(consumer.position(partition))) {
                    known.put(partition, look.known());
                    over.add(partition);
                }
            });
            consumer.pause(over);
            open.keySet().removeAll(over);
        }
        consumer.unsubscribe();
        Map<TopicPartition, Waiting.Beginning> beginnings = new HashMap<>();
        known.forEach((partition, what) -> beginnings.put(partition, what.beginning()));
        return beginnings;
    }

    /** As workers take it: a header later than the record's own append time, or one that is no number, does not count. */
    static long firstEnqueuedMillis(ConsumerRecord<byte[], byte[]> record) {
        Header header = record.headers().lastHeader(Headers.FIRST_ENQUEUED);
        if (header == null || header.value() == null || header.value().length > LONGEST_NUMBER) {
            return record.timestamp();
        }
        String text = new String(header.value(), StandardCharsets.US_ASCII);
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')
                ? Math.min(record.timestamp(), Long.parseLong(text))
                : record.timestamp();
    }

    @Override
    public void close() {
        consumer.close();
    }
}
