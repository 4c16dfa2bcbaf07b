package dev.signalbox.config;

import java.util.Comparator;
import java.util.Optional;

/**
 * One thing that is wrong in a configuration file, and where. Its text form is
 * {@code file:line:column: what is wrong, did you mean "…"?}.
 *
 * @param line from 1; 0 if it concerns the file as a whole
 * @param column from 1; 0 if it concerns the file as a whole
 * @param message what is wrong and, where it is not obvious, what would be right; never the value of a secret
 * @param suggestion the word that was probably meant
 */
public record Problem(String file, int line, int column, String message, Optional<String> suggestion)
        implements
            Comparable<Problem> {
    private static final Comparator<Problem> IN_FILE_ORDER = Comparator.comparing(Problem::file)
            .thenComparingInt(Problem::line).thenComparingInt(Problem::column).thenComparing(Problem::message);

    @Override
    public int compareTo(Problem other) {
        return IN_FILE_ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        String place = line > 0 ? file + ":" + line + ":" + column : file;
        return place + ": " + message + suggestion.map(word -> ", did you mean \"" + word + "\"?").orElse("");
    }
}
