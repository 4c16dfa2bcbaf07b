package dev.signalbox.config.redundancy;

import java.util.Locale;

/** How bad a weakness is; the order of the constants is from mild to bad. */
public enum Severity {
    /** A failure would cost capacity, or concerns one tenant only. */
    WARNING,
    /** One failure, or none at all, leaves a route without anything that serves it. */
    CRITICAL;

    /** The name in reports: lower case. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
