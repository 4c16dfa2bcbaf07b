package dev.signalbox.config.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.internals.AutoOffsetResetStrategy;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whoever waits for the first reading goes on when all that was there at the start has been read, and not before. */
@Tag("issue-7")
class TopicFollowerTest {
    private static final String TOPIC = "llm.cancellations";
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration A_WHILE = Duration.ofMillis(200);

    private final MockConsumer<byte[], byte[]> kafka = new MockConsumer<>(
            AutoOffsetResetStrategy.EARLIEST.name());
    private final List<String> read = new CopyOnWriteArrayList<>();

    private TopicFollower follower(int partitions, long end) {
        kafka.updatePartitions(TOPIC, java.util.stream.IntStream.range(0, partitions)
                .mapToObj(number -> new PartitionInfo(TOPIC, number, Node.noNode(), new Node[0], new Node[0]))
                .toList());
        for (int i = 0; i < partitions; i++) {
            kafka.updateBeginningOffsets(Map.of(new TopicPartition(TOPIC, i), 0L));
            kafka.updateEndOffsets(Map.of(new TopicPartition(TOPIC, i), end));
        }
        return new TopicFollower(() -> kafka,
                Map.of(TOPIC, record -> read.add(new String(record.key(), StandardCharsets.UTF_8))), "test");
    }

    /** In the next poll. */
    private void come(int partition, long offset) {
        kafka.schedulePollTask(() -> kafka.addRecord(new ConsumerRecord<>(TOPIC, partition, offset,
                (partition + "-" + offset).getBytes(StandardCharsets.UTF_8), new byte[0])));
    }

    @Test
    void the_first_reading_ends_when_all_that_was_there_was_read() {
        try (TopicFollower follower = follower(2, 2)) {
            come(0, 0);
            come(0, 1);
            come(1, 0);
            follower.start();
            assertThat(follower.awaitFirstReading(A_WHILE)).as("one record was not read yet").isFalse();
            come(1, 1);
            assertThat(follower.awaitFirstReading(SOON)).isTrue();
            assertThat(read).containsExactlyInAnyOrder("0-0", "0-1", "1-0", "1-1");
        }
    }

    @Test
    void an_empty_topic_is_read_at_once() {
        try (TopicFollower follower = follower(3, 0)) {
            follower.start();
            assertThat(follower.awaitFirstReading(SOON)).isTrue();
        }
    }
}
