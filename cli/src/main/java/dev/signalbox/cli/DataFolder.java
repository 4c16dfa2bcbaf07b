package dev.signalbox.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the embedded broker, the batches' states and the log are kept. */
public final class DataFolder {
    static final String DEFAULT = ".signalbox";

    @Option(names = "--data", paramLabel = "FOLDER", defaultValue = "${env:SIGNALBOX_DATA}", description = "Folder of the embedded broker, batch states and logs; default "
            + DEFAULT + " in the current folder.")
    private @Nullable Path folder;

    /** Absolute; may not exist yet. */
    public Path path() {
        return (folder == null ? Path.of(DEFAULT) : folder).toAbsolutePath().normalize();
    }
}
