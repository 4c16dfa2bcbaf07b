package dev.signalbox.config.topics;

import dev.signalbox.config.Configuration;
import java.util.List;

/** All topics that a configuration needs. */
public record TopicCatalogue(List<TopicSpec> topics) {
    public static TopicCatalogue of(Configuration configuration) {
        return new TopicCatalogue(List.of());
    }
}
