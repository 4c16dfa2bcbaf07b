package dev.signalbox.cli.batch;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.KafkaTrouble;
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
final class TopicScan implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private final KafkaConsumer<String, byte[]> consumer;
    private final String bootstrapServers;

    TopicScan(Clients clients) {
        Map<String, Object> properties = new HashMap<>(clients.kafkaProperties());
        properties.put("enable.auto.commit", false);
        properties.put("auto.offset.reset", "earliest");
        properties.put("default.api.timeout.ms", (int) PATIENCE.toMillis());
        bootstrapServers = clients.bootstrapServers();
        try {
            consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, bootstrapServers);
        }
    }

    /** End offsets of all partitions of these topics, by {@code topic-partition}; a topic that is not there has none. */
    Map<String, Long> ends(Collection<String> topics) {
        Map<String, Long> ends = new TreeMap<>();
        consumer.endOffsets(partitions(topics)).forEach((partition, end) -> ends.put(partition.toString(), end));
        return ends;
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
    void read(Map<String, Long> from, Consumer<ConsumerRecord<String, byte[]>> visitor) {
        Map<TopicPartition, Long> starts = new HashMap<>();
        from.forEach((partition, offset) -> starts.put(parse(partition), offset));
        Map<TopicPartition, Long> ends = consumer.endOffsets(starts.keySet());
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

    private static TopicPartition parse(String text) {
        int dash = text.lastIndexOf('-');
        return new TopicPartition(text.substring(0, dash), Integer.parseInt(text.substring(dash + 1)));
    }

    @Override
    public void close() {
        consumer.close();
    }
}
