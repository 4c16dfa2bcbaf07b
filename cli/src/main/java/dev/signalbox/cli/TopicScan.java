package dev.signalbox.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads stretches of topics from given offsets to where they end now; no group, nothing committed. */
public final class TopicScan implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private final KafkaConsumer<String, byte[]> consumer;
    private final String bootstrapServers;

    /** Of all records. */
    public TopicScan(Clients clients) {
        this(clients, Map.of());
    }

    /** Of records that no transaction holds back or has taken back. */
    public static TopicScan ofCommitted(Clients clients) {
        return new TopicScan(clients, Map.of("isolation.level", "read_committed"));
    }

    private TopicScan(Clients clients, Map<String, Object> own) {
        Map<String, Object> properties = new HashMap<>(clients.kafkaProperties());
        properties.putAll(own);
        properties.put("enable.auto.commit", false);
        properties.put("auto.offset.reset", "earliest");
        // A fetch that waits for records at the end of one partition holds up the one from the next.
        properties.put("fetch.max.wait.ms", 20);
        properties.put("default.api.timeout.ms", (int) PATIENCE.toMillis());
        bootstrapServers = clients.bootstrapServers();
        try {
            consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, bootstrapServers);
        }
    }

    /** End offsets of all partitions of these topics, by {@code topic-partition}; a topic that is not there has none. */
    public Map<String, Long> ends(Collection<String> topics) {
        Map<String, Long> ends = new TreeMap<>();
        consumer.endOffsets(partitions(topics)).forEach((partition, end) -> ends.put(partition.toString(), end));
        return ends;
    }

    /**
     * Offsets of the first records of these topics that were appended at that time or later, by {@code topic-partition};
     * of a partition without one, its end.
     *
     * @param sinceMillis ms since 1970; 0 for the beginning
     */
    public Map<String, Long> starts(Collection<String> topics, long sinceMillis) {
        Map<TopicPartition, Long> times = new HashMap<>();
        partitions(topics).forEach(partition -> times.put(partition, sinceMillis));
        Map<String, Long> starts = ends(topics);
        if (sinceMillis > 0) {
            consumer.offsetsForTimes(times).forEach((partition, found) -> {
                if (found != null) {
                    starts.put(partition.toString(), found.offset());
                }
            });
        } else {
            consumer.beginningOffsets(times.keySet())
                    .forEach((partition, first) -> starts.put(partition.toString(), first));
        }
        return starts;
    }

    private List<TopicPartition> partitions(Collection<String> topics) {
        Map<String, List<PartitionInfo>> known = consumer.listTopics();
        List<TopicPartition> partitions = new ArrayList<>();
        for (String topic : topics) {
            for (PartitionInfo info : known.getOrDefault(topic, List.of())) {
                partitions.add(new TopicPartition(topic, info.partition()));
            }
        }
        return partitions;
    }

    /** Calls the visitor with every record from the offsets, by {@code topic-partition}, to the ends of this moment. */
    public void read(Map<String, Long> from, Consumer<ConsumerRecord<String, byte[]>> visitor) {
        Map<TopicPartition, Long> starts = parse(from);
        scan(starts, consumer.endOffsets(starts.keySet()), visitor);
    }

    /** The same to given offsets, exclusive. */
    public void read(Map<String, Long> from, Map<String, Long> to, Consumer<ConsumerRecord<String, byte[]>> visitor) {
        scan(parse(from), parse(to), record -> {
            if (record.offset() < to.getOrDefault(record.topic() + "-" + record.partition(), 0L)) {
                visitor.accept(record);
            }
        });
    }

    private void scan(Map<TopicPartition, Long> starts, Map<TopicPartition, Long> ends,
            Consumer<ConsumerRecord<String, byte[]>> visitor) {
        Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(starts.keySet());
        starts.keySet().removeIf(partition -> starts.getOrDefault(partition, 0L) >= ends.getOrDefault(partition, 0L));
        consumer.assign(starts.keySet());
        starts.forEach((partition, offset) -> consumer.seek(partition,
                Math.max(offset, beginnings.getOrDefault(partition, 0L))));
        long progressNanos = System.nanoTime();
        while (starts.keySet().stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
            var records = consumer.poll(Duration.ofMillis(200));
            records.forEach(visitor);
            if (!records.isEmpty()) {
                progressNanos = System.nanoTime();
            } else if (System.nanoTime() - progressNanos > PATIENCE.toNanos()) {
                throw KafkaTrouble.of(new org.apache.kafka.common.errors.TimeoutException("no records"),
                        bootstrapServers);
            }
        }
    }

    private static Map<TopicPartition, Long> parse(Map<String, Long> offsets) {
        Map<TopicPartition, Long> parsed = new HashMap<>();
        offsets.forEach((partition, offset) -> parsed.put(parse(partition), offset));
        return parsed;
    }

    private static TopicPartition parse(String text) {
        int dash = text.lastIndexOf('-');
        return new TopicPartition(text.substring(0, dash), Integer.parseInt(text.substring(dash + 1)));
    }

    @Override
    public void close() {
        consumer.close();
    }
}
