package dev.signalbox.config.live;

import dev.signalbox.config.Configuration;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/** Where a process has its configuration from. */
public sealed interface ConfigurationSource {

    /** It never changes, and {@code llm.config} is not read. */
    record Fixed(Configuration configuration) implements ConfigurationSource {
    }

    /**
     * What {@code llm.config} says, as it changes. Without a file, a process waits until there is something.
     *
     * @param file the process's own: put in force where there is nothing in force, else only compared
     * @param folder what relative paths of {@code ${file:…}} are relative to, whoever wrote the configuration
     * @param environment value of an environment variable
     */
    record Live(Optional<Text> file, Path folder, Function<String, Optional<String>> environment)
            implements
                ConfigurationSource {
    }

    /**
     * A configuration as it was written.
     *
     * @param name what messages call it, usually its path
     * @param yaml with its references
     */
    record Text(String name, String yaml) {
    }
}
