package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationDiff;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Problem;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ConfigurationLog.Entry;
import dev.signalbox.config.live.ConfigurationTopic;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.config.redundancy.Redundancy;
import dev.signalbox.config.redundancy.RedundancyFinding;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.config.topics.TopicDifference;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Topics;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/** One change of the configuration in force, from what held when it was looked at to another text. */
final class ConfigurationChange {
    private static final Duration TOPIC_PATIENCE = Duration.ofSeconds(60);

    private final Clients clients;
    private final ConfigurationLog log;
    private final String name;
    private final @Nullable PoolName pool;
    private final String text;
    private final Configuration newer;
    private final List<Problem> warnings;

    /**
     * Checks it.
     *
     * @param log what holds now
     * @param name what messages call the text, usually its path
     * @throws CommandFailure with a line for each problem
     */
    ConfigurationChange(Clients clients, ConfigurationLog log, String name, String text) {
        this(clients, log, name, null, text);
    }

    /**
     * The same for an edit of what is in force.
     *
     * @param pool whose settings were edited
     */
    ConfigurationChange(Clients clients, ConfigurationLog log, PoolName pool, String text) {
        this(clients, log, "the edited configuration", pool, text);
    }

    private ConfigurationChange(Clients clients, ConfigurationLog log, String name, @Nullable PoolName pool,
            String text) {
        this.clients = clients;
        this.log = log;
        this.name = name;
        this.pool = pool;
        this.text = text;
        if (text.getBytes(StandardCharsets.UTF_8).length > ConfigurationTopic.MAX_TEXT_BYTES) {
            throw new CommandFailure(ExitCode.USAGE, name + " is larger than " + ConfigurationTopic.MAX_TEXT_BYTES
                    + " bytes, which a record of llm.config takes at most; leave out what is not used");
        }
        switch (read(name, text)) {
            case ReadResult.Valid valid -> {
                this.newer = valid.configuration();
                this.warnings = valid.warnings();
            }
            case ReadResult.Invalid invalid -> throw CommandFailure.ofLines(ExitCode.USAGE,
                    invalid.problems().stream().map(Problem::toString).toList());
        }
        inForce().map(Configuration::environment).filter(now -> !now.equals(newer.environment())).ifPresent(now -> {
            throw new CommandFailure(ExitCode.USAGE, name + ": the environment of an installation does not change while"
                    + " it runs: it is \"" + now + "\", not \"" + newer.environment() + "\"");
        });
    }

    private static ReadResult read(String name, String text) {
        return ConfigurationReader.readForOthers(name, text, variable -> Optional.ofNullable(System.getenv(variable)));
    }

    /** What would hold. */
    Configuration newer() {
        return newer;
    }

    /** What holds now, where this version can read it. */
    private Optional<Configuration> inForce() {
        return log.holds().flatMap(entry -> read("llm.config", entry.text()) instanceof ReadResult.Valid valid
                ? Optional.of(valid.configuration())
                : Optional.empty());
    }

    /** The differences; empty: it holds already. */
    List<ConfigurationDiff.Change> differences() {
        return log.holds().map(entry -> ConfigurationDiff.between(entry.text(), text)).orElse(List.of());
    }

    /**
     * The text in force, to be edited.
     *
     * @throws CommandFailure if none is
     */
    static String text(ConfigurationLog log) {
        return log.holds().map(Entry::text).orElseThrow(() -> new CommandFailure(ExitCode.USAGE,
                "no configuration is in force yet: put one in force with \"signalbox config apply\""));
    }

    /** The configuration of that text, as this version reads it. */
    static Configuration configuration(ConfigurationLog log) {
        return switch (read("llm.config", text(log))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw CommandFailure.ofLines(ExitCode.USAGE,
                    invalid.problems().stream().map(Problem::toString).toList());
        };
    }

    /** Shows what would change, and does it if that is meant; the exit code. */
    int carryOut(ConfigCommand.Execution execution, Terminal terminal) throws InterruptedException {
        tell(terminal);
        if (isNothing()) {
            terminal.say("nothing to change: it is in force");
        } else if (execution.isMeant()) {
            execute(execution.who(), execution.why(), terminal);
        } else {
            terminal.say("dry run: --execute puts it in force");
        }
        return ExitCode.OK.number();
    }

    boolean isNothing() {
        return log.holds().isPresent() && differences().isEmpty();
    }

    /** Tells what would change, for a person. */
    void tell(Terminal terminal) {
        PrintStream out = terminal.out();
        log.holds().ifPresentOrElse(entry -> out.println("in force: " + inWords(entry)),
                () -> out.println("in force: none"));
        differences().forEach(out::println);
        warnings.forEach(warning -> terminal.say("warning: " + warning));
        Set<String> before = new HashSet<>();
        inForce().ifPresent(now -> Redundancy.assess(now).findings().forEach(found -> before.add(found.message())));
        for (RedundancyFinding found : Redundancy.assess(newer).findings()) {
            if (log.holds().isPresent() && !before.contains(found.message())) {
                out.println(
                        "worse: " + found.severity().label().toUpperCase(Locale.ROOT) + " " + found.spokenPath() + ": "
                                + found.message() + "; cure: " + found.cure());
            }
        }
        out.flush();
    }

    /**
     * Makes the topics that it needs, writes it, reads whether it holds, and tells {@code llm.control} who did it and why.
     *
     * @throws CommandFailure if somebody else was first, or Kafka cannot do it
     */
    void execute(String who, String why, Terminal terminal) throws InterruptedException {
        try (Admin admin = clients.admin(); ConfigurationTopic topic = topic()) {
            topics(new TopicAdmin(admin), terminal);
            String key = topic.write(log.next(text, who, why));
            ConfigurationLog after = ConfigurationHistory.read(clients);
            Entry holds = after.holds().orElseThrow();
            if (after.history().stream().noneMatch(entry -> entry.key().equals(key))) {
                throw new CommandFailure(ExitCode.SOME_FAILED, "not in force: " + inWords(holds)
                        + " was first; look at it with \"signalbox config diff\" and apply again");
            }
            topic.delete(after.beforeHistory());
            Entry ours = after.history().stream().filter(entry -> entry.key().equals(key)).findFirst().orElseThrow();
            terminal.out().println("in force: " + inWords(ours) + (holds.equals(ours)
                    ? ""
                    : "; since then " + inWords(holds)));
            terminal.out().flush();
            OperatorRecords.write(clients, Topics.CONTROL, ControlKey.ofConfiguration(ours.generation()),
                    Orders.configured(ours.generation(), pool, who, why));
            terminal.say(
                    "every process takes it within about a second; signalbox_config_generation of its /metrics tells");
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    private ConfigurationTopic topic() {
        return new ConfigurationTopic(clients.kafkaProperties());
    }

    private void topics(TopicAdmin admin, Terminal terminal) throws InterruptedException {
        TopicCatalogue catalogue = TopicCatalogue.of(newer);
        admin.createMissing(catalogue, TOPIC_PATIENCE).forEach(created -> terminal.say("created topic " + created));
        boolean fewer = inForce().map(now -> now.topics().partitions() > newer.topics().partitions()).orElse(true);
        for (TopicDifference difference : admin.differences(catalogue)) {
            if (fewer && difference instanceof TopicDifference.Partitions(var topic, int wanted, int found)
                    && found > wanted) {
                throw new CommandFailure(ExitCode.USAGE,
                        name + ": topics.partitions is " + newer.topics().partitions() + ", and " + difference);
            }
            terminal.say("left: " + difference + (difference.cure() == TopicDifference.Cure.NONE
                    ? ""
                    : "; signalbox topics apply"
                            + (difference.cure() == TopicDifference.Cure.RAISE_PARTITIONS
                                    ? " --raise-partitions"
                                    : "")));
        }
    }

    static String inWords(Entry entry) {
        return "generation " + entry.generation() + " of " + entry.who() + " (" + entry.why() + "), "
                + Instant.ofEpochMilli(entry.atMillis());
    }
}
