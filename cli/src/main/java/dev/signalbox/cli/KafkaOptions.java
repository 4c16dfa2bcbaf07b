package dev.signalbox.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command reaches Kafka; without {@code --bootstrap-server} a broker runs in the command's own process. */
public final class KafkaOptions {
    private static final String DEFAULT_REGISTRY = "http://localhost:8081";

    @Option(names = "--bootstrap-server", paramLabel = "HOST:PORT,...", defaultValue = "${env:SIGNALBOX_BOOTSTRAP_SERVER}", description = "Kafka to work with; without it, a broker runs inside this process.")
    private @Nullable String bootstrapServer;

    @Option(names = "--schema-registry-url", paramLabel = "URL", defaultValue = "${env:SIGNALBOX_SCHEMA_REGISTRY_URL}", description = "Its schema registry; default "
            + DEFAULT_REGISTRY + ".")
    private @Nullable String registryUrl;

    @Option(names = "--command-config", paramLabel = "FILE", defaultValue = "${env:SIGNALBOX_COMMAND_CONFIG}", description = "Properties file of Kafka client settings (TLS, SASL), for every client.")
    private @Nullable Path commandConfig;

    @Option(names = "--command-property", paramLabel = "KEY=VALUE", description = "One Kafka client setting; wins over the file. Repeatable.")
    private List<String> commandProperties = List.of();

    /** Clients of the named Kafka; empty if none is named. */
    public Optional<Clients> remote() {
        if (bootstrapServer == null || bootstrapServer.isBlank()) {
            return Optional.empty();
        }
        CommandConfig config = properties();
        String fromProperties = config.properties().getOrDefault("schema.registry.url", DEFAULT_REGISTRY);
        return Optional.of(new Clients(bootstrapServer, registryUrl == null ? fromProperties : registryUrl,
                config.properties()));
    }

    /** The embedded broker takes no client properties: they are refused, not silently dropped. */
    public void requireNoProperties() {
        if (commandConfig != null || !commandProperties.isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE, (commandConfig != null ? "--command-config" : "--command-property")
                    + " is for a Kafka of yours: name it with --bootstrap-server, or leave the option out "
                    + "(the embedded broker needs no client properties)");
        }
    }

    private CommandConfig properties() {
        try {
            return CommandConfig.read(commandConfig, commandProperties);
        } catch (CommandConfig.InvalidException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        }
    }

    /** Clients of the named Kafka, or of a {@code signalbox up} that runs on that folder; empty if there is neither. */
    Optional<Clients> running(DataFolder data) {
        return remote().or(() -> RunningStack.of(data.path()));
    }

    /** Clients of the named Kafka, for commands that have no use for a broker of their own. */
    public Clients required() {
        return remote().orElseThrow(() -> new CommandFailure(ExitCode.USAGE,
                "this command needs a running Kafka: name it with --bootstrap-server or SIGNALBOX_BOOTSTRAP_SERVER "
                        + "(signalbox up prints the one that it runs)"));
    }
}
