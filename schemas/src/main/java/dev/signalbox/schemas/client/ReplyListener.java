package dev.signalbox.schemas.client;

import org.apache.kafka.common.TopicPartition;

/** Hears what a {@link ReplyReader} reads; called on the reader's thread, which waits for it. */
public interface ReplyListener {
    /** For callers that only await replies. */
    ReplyListener NONE = event -> {
    };

    void onEvent(ReplyEvent event);

    /** A record that is neither reply nor chunk; it is skipped. */
    default void onUnreadable(TopicPartition partition, long offset, String reason) {
    }
}
