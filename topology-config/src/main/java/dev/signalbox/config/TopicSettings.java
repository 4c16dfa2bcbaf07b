package dev.signalbox.config;

import java.util.List;

/**
 * @param partitions of each request, retry, reply and token topic
 * @param replicationFactor of every topic
 * @param minInSyncReplicas of every topic
 * @param replyTopicsAllowed patterns of reply and token topics that requests may name, {@code *} matching any text;
 *        {@code llm.replies}, {@code llm.replies.*}, {@code llm.tokens} and {@code llm.tokens.*} always are
 */
public record TopicSettings(int partitions, short replicationFactor, int minInSyncReplicas,
        List<String> replyTopicsAllowed) {
}
