package dev.signalbox.schemas;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** How urgent a request is; part of its topic's name. Declared from the most to the least urgent. */
public enum Priority {
    INTERACTIVE(Duration.ofMinutes(2)),
    STANDARD(Duration.ofMinutes(15)),
    BATCH(Duration.ofHours(24)),
    BACKGROUND(
            Duration.ofHours(24));

    private final Duration defaultTimeToLive;
    private final String label;

    Priority(Duration defaultTimeToLive) {
        this.defaultTimeToLive = defaultTimeToLive;
        this.label = name().toLowerCase(Locale.ROOT);
    }

    /** How long an answer is worth having where the request does not say. */
    public Duration defaultTimeToLive() {
        return defaultTimeToLive;
    }

    /** The name in topics, configuration, metrics and on the command line: lower case. */
    public String label() {
        return label;
    }

    /** The priority of that label, or empty if there is none. */
    public static Optional<Priority> ofLabel(String label) {
        for (Priority priority : values()) {
            if (priority.label().equals(label)) {
                return Optional.of(priority);
            }
        }
        return Optional.empty();
    }
}
