package dev.signalbox.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Reads and checks a configuration. */
public final class ConfigurationReader {
    private ConfigurationReader() {
    }

    /** Reads a file, with this process's environment; a file that cannot be read is one of the problems. */
    public static ReadResult read(Path file) {
        return new ReadResult.Invalid(List.of(new Problem(file.toString(), 0, 0, "not read", Optional.empty())));
    }

    /**
     * Reads a text.
     *
     * @param name what problems call it, usually the file's path; relative {@code ${file:…}} are beside it
     * @param environment value of an environment variable
     */
    public static ReadResult read(String name, String yaml, Function<String, Optional<String>> environment) {
        return new ReadResult.Invalid(List.of(new Problem(name, 0, 0, "not read", Optional.empty())));
    }
}
