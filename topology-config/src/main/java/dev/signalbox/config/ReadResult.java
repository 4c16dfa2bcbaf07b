package dev.signalbox.config;

import java.util.List;

/** What reading a configuration came to. */
public sealed interface ReadResult {

    /**
     * @param warnings what is legal but probably not meant, such as a single point of failure; in file order
     * @param places where its keys stand
     */
    record Valid(Configuration configuration, List<Problem> warnings, Places places) implements ReadResult {
    }

    /** @param problems all of them, at least one; in file order */
    record Invalid(List<Problem> problems) implements ReadResult {
    }
}
