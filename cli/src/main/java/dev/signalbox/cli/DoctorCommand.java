package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.live.ClockSkew;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.config.topics.TopicSpec;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Looks at everything that a command needs, and says what is wrong and how to put it right. */
@Command(name = "doctor", description = "Checks Java, data folder, configuration, Kafka, topics, registry and clock. Exit code 3 if something is wrong.")
final class DoctorCommand implements Callable<Integer> {
    private static final long ENOUGH_DISK_BYTES = 1L << 30;
    private static final Duration MAX_SKEW = Duration.ofSeconds(5);

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.")
    private Rows.Form form = Rows.Form.TABLE;

    @Mixin
    private InstallationOptions with = new InstallationOptions();

    private final Rows rows = new Rows("check", "state", "what");
    private boolean wrong;

    @Override
    public Integer call() throws InterruptedException {
        report("java", Runtime.version().feature() >= 25, "Java " + Runtime.version(),
                "; Signalbox needs 25: install a JDK 25 and set JAVA_HOME to it");
        checkDataFolder(with.data());
        Optional<Configuration> configuration = checkConfiguration();
        Optional<Clients> clients = with.running();
        if (clients.isEmpty()) {
            rows.add("kafka", "-", "none named: commands start a broker of their own in the data folder");
        } else {
            checkKafka(clients.get(), configuration);
        }
        rows.print(form, shell.terminal().out());
        return (wrong ? ExitCode.SOME_FAILED : ExitCode.OK).number();
    }

    private void report(String check, boolean good, String what, String cure) {
        wrong |= !good;
        rows.add(check, good ? "ok" : "WRONG", good ? what : what + cure);
    }

    private void checkDataFolder(Path folder) {
        Path existing = folder;
        while (existing.getParent() != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        report("data folder", Files.isDirectory(existing) && Files.isWritable(existing), folder.toString(),
                " cannot be written; choose another with --data or SIGNALBOX_DATA");
        try {
            long free = Files.getFileStore(existing).getUsableSpace();
            report("disk", free >= ENOUGH_DISK_BYTES, (free >> 20) + " MiB free", "; make room, at least 1 GiB");
        } catch (IOException e) {
            report("disk", false, "cannot be asked (" + e.getMessage() + ")", "");
        }
    }

    private Optional<Configuration> checkConfiguration() throws InterruptedException {
        boolean asked = with.configuration().origin() == ConfigurationChoice.Origin.SIMULATED
                && with.running().isPresent();
        try {
            if (asked) {
                with.reachable();
            }
        } catch (CommandFailure e) {
            rows.add("configuration", "-", "what is in force is not known: Kafka cannot be asked");
            return Optional.empty();
        }
        try {
            Optional<Configuration> held = with.held(shell.terminal()).map(ReadResult.Valid::configuration);
            Configuration configuration = held.orElseGet(() -> with.configuration().read(shell.terminal()));
            report("configuration", true, held.isPresent()
                    ? "what is in force there"
                    : switch (with.configuration()
                            .origin()) {
                        case FILE -> with.configuration().file().map(Path::toString).orElse("");
                        case LIVE -> "built in, OpenAI";
                        case SIMULATED -> (asked ? "none in force there; " : "") + "built in, simulated vendors";
                    }, "");
            return Optional.of(configuration);
        } catch (CommandFailure e) {
            e.lines().lines().forEach(line -> report("configuration", false, line, ""));
            return Optional.empty();
        }
    }

    private void checkKafka(Clients clients, Optional<Configuration> configuration) throws InterruptedException {
        try (Admin admin = clients.admin()) {
            int brokers = admin.describeCluster().nodes().get().size();
            report("kafka", true, clients.bootstrapServers() + ", " + brokers + (brokers == 1 ? " broker" : " brokers"),
                    "");
            if (configuration.isPresent()) {
                Set<String> existing = admin.listTopics().names().get();
                List<String> missing = TopicCatalogue.of(configuration.get()).topics().stream().map(TopicSpec::name)
                        .filter(name -> !existing.contains(name)).toList();
                report("topics", missing.isEmpty(), missing.isEmpty()
                        ? "all there"
                        : missing.size() + " missing, such as " + missing.getFirst(), "; signalbox topics apply");
            }
            checkClock(admin);
        } catch (ExecutionException | KafkaException | CommandFailure e) {
            report("kafka", false, KafkaTrouble.of(e, clients.bootstrapServers()).lines(), "");
        }
        try {
            int subjects = SchemaRegistryClient.of(clients.registryProperties()).subjects().size();
            report("schema registry", true, clients.registryUrl() + ", " + subjects + " subjects", "");
        } catch (KafkaException e) {
            report("schema registry", false, clients.registryUrl() + ": " + e.getMessage(),
                    "; check --schema-registry-url");
        }
    }

    /** Against the clock of Kafka's controller, which its quorum's description carries; nothing is written. */
    private void checkClock(Admin admin) {
        ClockSkew.ofController(admin).ifPresentOrElse(
                known -> report("clock", known.mayBeWithin(MAX_SKEW), known + " Kafka's",
                        "; times in logs mislead (times to live do not depend on it): synchronise the clocks"),
                () -> rows.add("clock", "-", "cannot be compared: Kafka's controller does not tell its time"));
    }
}
