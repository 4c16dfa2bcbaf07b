package dev.signalbox.cli.batch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The runs that a data folder knows: one small file each under {@code batches/}, replaced at one stroke. */
final class RunStates {
    private static final ObjectMapper MAPPER = new ObjectMapper()
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    private final Path dataFolder;
    private final Path folder;

    RunStates(Path dataFolder) {
        this.dataFolder = dataFolder;
        this.folder = dataFolder.resolve("batches");
    }

    Path dataFolder() {
        return dataFolder;
    }

    Path folder() {
        return folder;
    }

    /** All runs, the latest first. */
    List<RunState> all() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<RunState> states = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".json")).toList()) {
                try {
                    states.add(MAPPER.readValue(file.toFile(), RunState.class));
                } catch (JsonProcessingException e) {
                    throw new CommandFailure(ExitCode.USAGE,
                            file + ": is not a run's state; move it away, and that run cannot go on", e);
                }
            }
        }
        states.sort(Comparator.comparing(RunState::startedAt).reversed());
        return states;
    }

    /** The latest run that writes to that file. */
    Optional<RunState> ofOutput(String output) throws IOException {
        return all().stream().filter(state -> state.output().equals(output)).findFirst();
    }

    /** Keeps the state durably before it returns. */
    void save(RunState state) throws IOException {
        Files.createDirectories(folder);
        Path fresh = folder.resolve(state.id() + ".tmp");
        Files.write(fresh, MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(state));
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(fresh, folder.resolve(state.id() + ".json"), StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    void forget(RunState state) throws IOException {
        Files.deleteIfExists(folder.resolve(state.id() + ".json"));
    }
}
