package dev.signalbox.dispatcher.alerts;

import dev.signalbox.schemas.avro.AlertSeverity;

/**
 * Trouble that is there at this moment.
 *
 * @param name its kind, lower case with hyphens
 * @param where deployment, route, topic, budget or path in the configuration
 * @param what what is wrong and what can come of it, in one sentence
 * @param cure what to do
 */
public record Trouble(String name, AlertSeverity severity, String where, String what, String cure) {
    /** The same as long as it is the same trouble. */
    public String key() {
        return name + "/" + where;
    }
}
