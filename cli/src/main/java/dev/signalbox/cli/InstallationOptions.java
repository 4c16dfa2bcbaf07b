package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.live.ConfigurationLog.Entry;
import java.nio.file.Path;
import java.util.Optional;
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
     */
    Configuration inForce(Terminal terminal) {
        return holds().flatMap(entry -> ConfigurationReader.readForOthers("llm.config", entry.text(),
                name -> Optional.ofNullable(System.getenv(name))) instanceof ReadResult.Valid valid
                        ? Optional.of(valid.configuration())
                        : Optional.empty())
                .orElseGet(() -> configuration.read(terminal));
    }

    /** The same; fails clearly where there is neither, or where it cannot be reached. */
    Clients reachable() throws InterruptedException {
        Clients clients = running().orElseGet(kafka::required);
        clients.clusterId();
        return clients;
    }
}
