package dev.signalbox.schemas.client;

import dev.signalbox.schemas.Topics;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * What a {@link ReplyReader} reads.
 *
 * @param tokenTopics may be empty: then there is no preview
 */
public record ReplyReaderOptions(Set<String> replyTopics, Set<String> tokenTopics, Start start, Scope scope,
        ReplyAssembler.Bounds bounds) {

    /** Where reading begins. */
    public sealed interface Start {
        /** All partitions, what comes from now on: {@link ReplyReader#open} returns when the positions are fixed. */
        record Latest() implements Start {
        }

        /** All partitions, from the oldest record. */
        record Earliest() implements Start {
        }

        /** These partitions, from these offsets. */
        record Offsets(Map<TopicPartition, Long> offsets) implements Start {
            public Offsets {
                offsets = Map.copyOf(offsets);
            }
        }

        /** As a member of {@code group.id}; offsets are committed after the listener has heard of what was read. */
        record Group() implements Start {
        }
    }

    /** Which requests are followed. */
    public enum Scope {
        /** Only those of {@link ReplyReader#expect}. */
        EXPECTED,
        /** All that are read, as for a tail of the topics. */
        ALL
    }

    public ReplyReaderOptions {
        replyTopics = Set.copyOf(replyTopics);
        tokenTopics = Set.copyOf(tokenTopics);
    }

    /** The default topics from now on, expected requests only. */
    public static ReplyReaderOptions latest() {
        return new ReplyReaderOptions(Set.of(Topics.REPLIES), Set.of(Topics.TOKENS), new Start.Latest(), Scope.EXPECTED,
                ReplyAssembler.Bounds.DEFAULT);
    }
}
