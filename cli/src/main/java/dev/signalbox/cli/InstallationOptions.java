package dev.signalbox.cli;

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

    /** The same; fails clearly where there is neither, or where it cannot be reached. */
    Clients reachable() throws InterruptedException {
        Clients clients = running().orElseGet(kafka::required);
        clients.clusterId();
        return clients;
    }
}
