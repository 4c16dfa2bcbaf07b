package dev.signalbox.cli;

import dev.signalbox.config.topics.FoundTopic;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.config.topics.TopicDifference;
import dev.signalbox.config.topics.TopicSpec;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows the topics that a configuration needs, and brings Kafka in line. */
@Command(name = "topics", description = "Lists, compares or applies the topics that a configuration needs.")
final class TopicsCommand implements Runnable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "topics: list, describe or apply?");
        }
    }

    @Command(name = "list", description = "The topics that the configuration needs, and whether Kafka has them.")
    int list(@Mixin InstallationOptions options,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        return with(options, (admin, catalogue) -> {
            Map<String, FoundTopic> found = admin.describe(catalogue);
            Rows rows = new Rows("topic", "partitions", "cleanup", "exists");
            for (TopicSpec topic : catalogue.topics()) {
                rows.add(topic.name(), topic.partitions(), topic.configs().getOrDefault("cleanup.policy", "delete"),
                        found.containsKey(topic.name()));
            }
            rows.print(form, shell.terminal().out());
            return ExitCode.OK;
        });
    }

    @Command(name = "describe", description = "How Kafka's topics differ from what the configuration needs. Exit code 3 if they do.")
    int describe(@Mixin InstallationOptions options,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        return with(options, (admin, catalogue) -> {
            List<TopicDifference> differences = admin.differences(catalogue);
            Rows rows = new Rows("topic", "cure", "difference");
            for (TopicDifference difference : differences) {
                rows.add(difference.topic(), difference.cure().name().toLowerCase(Locale.ROOT), difference.toString());
            }
            rows.print(form, shell.terminal().out());
            if (differences.isEmpty()) {
                shell.terminal().say("all " + catalogue.topics().size() + " topics are as they should be");
            }
            return differences.isEmpty() ? ExitCode.OK : ExitCode.SOME_FAILED;
        });
    }

    @Command(name = "apply", description = "Creates topics that are missing and corrects the settings of the others.")
    int apply(@Mixin InstallationOptions options,
            @Option(names = "--dry-run", description = "Only say what would be done.") boolean dryRun,
            @Option(names = "--raise-partitions", description = "Also add partitions; duplicates sent across that change are not joined.") boolean raise)
            throws InterruptedException {
        return with(options, (admin, catalogue) -> {
            if (dryRun) {
                admin.differences(catalogue).forEach(difference -> shell.terminal().out().println("would "
                        + difference.cure().name().toLowerCase(Locale.ROOT).replace('_', ' ') + ": " + difference));
                return ExitCode.OK;
            }
            TopicAdmin.Applied applied = admin.apply(catalogue,
                    raise ? TopicAdmin.PartitionChange.RAISE : TopicAdmin.PartitionChange.KEEP, PATIENCE);
            applied.closed().forEach(closed -> shell.terminal().out().println("done: " + closed));
            applied.left().forEach(left -> shell.terminal().say("left: " + left));
            shell.terminal().say(catalogue.topics().size() + " topics, " + applied.closed().size() + " changes");
            return applied.left().isEmpty() ? ExitCode.OK : ExitCode.SOME_FAILED;
        });
    }

    /** What is done with the topics. */
    private interface Work {
        ExitCode on(TopicAdmin admin, TopicCatalogue catalogue) throws InterruptedException;
    }

    private int with(InstallationOptions options, Work work)
            throws InterruptedException {
        TopicCatalogue catalogue = TopicCatalogue.of(options.inForce(shell.terminal()));
        Clients clients = options.running().orElseGet(options.kafka()::required);
        try (Admin admin = clients.admin()) {
            return work.on(new TopicAdmin(admin), catalogue).number();
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }
}
