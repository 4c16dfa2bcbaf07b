package dev.signalbox.cli;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/** Where a running {@code signalbox up} is, told in its data folder, so that commands beside it find it. */
final class RunningStack {
    private static final String FILE = "running.properties";

    private RunningStack() {
    }

    static void write(Path data, Clients clients) throws IOException {
        Properties where = new Properties();
        where.setProperty("pid", Long.toString(ProcessHandle.current().pid()));
        where.setProperty("bootstrap.servers", clients.bootstrapServers());
        where.setProperty("schema.registry.url", clients.registryUrl());
        try (Writer writer = Files.newBufferedWriter(data.resolve(FILE))) {
            where.store(writer, null);
        }
    }

    static void remove(Path data) throws IOException {
        Files.deleteIfExists(data.resolve(FILE));
    }

    /** Clients of the stack that runs on that folder; empty if none does. */
    static Optional<Clients> of(Path data) {
        Path file = data.resolve(FILE);
        if (!Files.isReadable(file)) {
            return Optional.empty();
        }
        Properties where = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            where.load(reader);
        } catch (IOException e) {
            return Optional.empty();
        }
        boolean alive = ProcessHandle.of(Long.parseLong(where.getProperty("pid", "-1"))).isPresent();
        return alive
                ? Optional.of(new Clients(where.getProperty("bootstrap.servers", ""),
                        where.getProperty("schema.registry.url", ""), Map.of()))
                : Optional.empty();
    }
}
