package dev.signalbox.embedded;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/** What a subject asks of a new version; names and meaning are Confluent's. */
public enum CompatibilityLevel {
    NONE(false, false, false),
    BACKWARD(true, false, false),
    BACKWARD_TRANSITIVE(true, false, true),
    FORWARD(false, true, false),
    FORWARD_TRANSITIVE(false, true, true),
    FULL(true, true, false),
    FULL_TRANSITIVE(true, true, true);

    private final boolean newReadsOld;
    private final boolean oldReadsNew;
    private final boolean transitive;

    CompatibilityLevel(boolean newReadsOld, boolean oldReadsNew, boolean transitive) {
        this.newReadsOld = newReadsOld;
        this.oldReadsNew = oldReadsNew;
        this.transitive = transitive;
    }

    /** The level of that name in either case; empty when there is none. */
    static Optional<CompatibilityLevel> named(String name) {
        for (CompatibilityLevel level : values()) {
            if (level.name().equals(name.toUpperCase(Locale.ROOT))) {
                return Optional.of(level);
            }
        }
        return Optional.empty();
    }

    /**
     * Why {@code candidate} may not follow {@code existing}; empty when it may.
     *
     * @param existing the subject's versions, oldest first
     */
    List<String> violations(Schema candidate, List<Schema> existing) {
        List<String> found = new ArrayList<>();
        for (Schema old : transitive || existing.isEmpty() ? existing : List.of(existing.getLast())) {
            if (newReadsOld) {
                found.addAll(unreadable("the new version cannot read an old one", candidate, old));
            }
            if (oldReadsNew) {
                found.addAll(unreadable("an old version cannot read the new one", old, candidate));
            }
        }
        return found;
    }

    private static List<String> unreadable(String what, Schema reader, Schema writer) {
        return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult().getIncompatibilities()
                .stream().map(i -> what + ": " + i.getType() + " at " + i.getLocation() + ", " + i.getMessage())
                .toList();
    }
}
