package dev.signalbox.config;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/**
 * @param partitions of each request, retry, reply and token topic
 * @param replicationFactor of every topic; empty: 3, or as many as there are brokers
 * @param minInSyncReplicas of every topic; empty: one less than the replication factor, at least 1
 * @param maxMessageBytes largest record of the topics that carry requests, tokens and replies
 * @param requestRetention of the request topics; at least the longest time to live + 7 days
 * @param replyRetention of the default reply topic
 * @param tokenRetention of the default token topic
 * @param attemptRetention of the attempt topic and of usage by attempt
 * @param deadLetterRetention of the dead letters
 * @param replyTopicsAllowed patterns of reply and token topics that requests may name, {@code *} matching any text;
 *        {@code llm.replies}, {@code llm.replies.*}, {@code llm.tokens} and {@code llm.tokens.*} always are
 */
public record TopicSettings(int partitions, OptionalInt replicationFactor, OptionalInt minInSyncReplicas,
        int maxMessageBytes, Duration requestRetention, Duration replyRetention, Duration tokenRetention,
        Duration attemptRetention, Duration deadLetterRetention, List<String> replyTopicsAllowed) {
    public static final TopicSettings DEFAULT = new TopicSettings(12, OptionalInt.empty(), OptionalInt.empty(),
            10 << 20, Duration.ofDays(8), Duration.ofDays(7), Duration.ofHours(24), Duration.ofDays(7),
            Duration.ofDays(30), List.of());
}
