package dev.signalbox.config.live;

import dev.signalbox.config.Configuration;

/**
 * A configuration that a process goes by.
 *
 * @param generation its number in {@code llm.config}; 0: it is the process's own, and not in Kafka
 */
public record InForce(long generation, Configuration configuration) {
}
