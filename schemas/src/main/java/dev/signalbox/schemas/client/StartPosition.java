package dev.signalbox.schemas.client;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Puts a consumer where a {@link ReplyReaderOptions.Start} says. */
final class StartPosition {
    private StartPosition() {
    }

    /** @throws UnknownTopicOrPartitionException if a topic to be read does not exist */
    static void apply(Consumer<byte[], byte[]> consumer, ReplyReaderOptions options) {
        ReplyReaderOptions.Start start = options.start();
        if (start instanceof ReplyReaderOptions.Start.Group) {
            consumer.subscribe(topics(options));
        } else if (start instanceof ReplyReaderOptions.Start.Offsets given) {
            consumer.assign(given.offsets().keySet());
            given.offsets().forEach(consumer::seek);
        } else {
            List<TopicPartition> partitions = partitions(consumer, topics(options));
            consumer.assign(partitions);
            if (start instanceof ReplyReaderOptions.Start.Latest) {
                consumer.seekToEnd(partitions);
                // The seek is lazy: asking for the position makes it happen now.
                partitions.forEach(consumer::position);
            } else {
                consumer.seekToBeginning(partitions);
            }
        }
    }

    private static Set<String> topics(ReplyReaderOptions options) {
        Set<String> topics = new HashSet<>(options.replyTopics());
        topics.addAll(options.tokenTopics());
        return topics;
    }

    private static List<TopicPartition> partitions(Consumer<byte[], byte[]> consumer, Set<String> topics) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (String topic : topics) {
            List<PartitionInfo> known = consumer.partitionsFor(topic);
            if (known == null || known.isEmpty()) {
                throw new UnknownTopicOrPartitionException("the topic " + topic + " does not exist");
            }
            known.forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
        }
        return partitions;
    }
}
