package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Problem;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.live.ConfigurationLog.Entry;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;

/** The options of a command that works with a whole installation: its configuration, its Kafka, the folder of an embedded one. */
public final class InstallationOptions {
    @Mixin
    private ConfigurationChoice configuration = new ConfigurationChoice();
    @Mixin
    private KafkaOptions kafka = new KafkaOptions();
    @Mixin
    private DataFolder data = new DataFolder();

    public ConfigurationChoice configuration() {
        return configuration;
    }

    public KafkaOptions kafka() {
        return kafka;
    }

    /** Absolute; may not exist yet. */
    public Path data() {
        return data.path();
    }

    /** The Kafka that is named, or the one of a running {@code signalbox up}; empty if there is neither. */
    Optional<Clients> running() {
        return kafka.running(data);
    }

    /** What is in force in the Kafka that is named or runs here; empty if the user named a configuration, or there is none. */
    Optional<Entry> holds() {
        return configuration.origin() == ConfigurationChoice.Origin.SIMULATED
                ? running().flatMap(clients -> ConfigurationHistory.read(clients).holds())
                : Optional.empty();
    }

    /**
     * The configuration that the user named, else what is in force, else the simulated one. Secrets of others may be made up:
     * it is to look at, not to call vendors by.
     *
     * @throws CommandFailure also where this version cannot read what is in force: another would be a guess
     */
    public Configuration inForce(Terminal terminal) {
        return holds().map(entry -> read(entry).configuration()).orElseGet(() -> configuration.read(terminal));
    }

    /** The same with the places of its keys, and said which one it is. */
    ReadResult.Valid inForceWithPlaces(Terminal terminal) {
        return held(terminal).orElseGet(configuration::readWithPlaces);
    }

    /** What is in force, and said which one it is; empty if the user named a configuration, or there is none. */
    public Optional<ReadResult.Valid> held(Terminal terminal) {
        return holds().map(entry -> {
            ReadResult.Valid read = read(entry);
            terminal.say("by what is in force there: " + ConfigurationChange.inWords(entry));
            return read;
        });
    }

    private static ReadResult.Valid read(Entry entry) {
        return switch (ConfigurationReader.readForOthers("llm.config", entry.text(),
                name -> Optional.ofNullable(System.getenv(name)))) {
            case ReadResult.Valid valid -> valid;
            case ReadResult.Invalid invalid -> throw CommandFailure.ofLines(ExitCode.USAGE, Stream.concat(
                    Stream.of("what is in force cannot be read here (" + ConfigurationChange.inWords(entry)
                            + "); name a configuration with --config"),
                    invalid.problems().stream().map(Problem::toString)).toList());
        };
    }

    /** The same; fails clearly where there is neither, or where it cannot be reached. */
    Clients reachable() throws InterruptedException {
        Clients clients = running().orElseGet(kafka::required);
        clients.clusterId();
        return clients;
    }
}
