package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationDiff;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ConfigurationLog.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import org.jspecify.annotations.Nullable;

/** Checks and prints configurations, and puts them in force. */
@Command(name = "config", description = "Checks, prints, compares, applies or takes back a configuration.")
final class ConfigCommand implements Runnable {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "config: check, print, diff, apply, history or rollback?");
        }
    }

    @Command(name = "check", description = "Lists all errors and warnings of configuration files. Exit code 2 if there is an error.")
    int check(@Parameters(arity = "1..*", paramLabel = "FILE", description = "Configurations.") List<Path> files) {
        boolean valid = true;
        for (Path file : files) {
            switch (ConfigurationReader.read(file)) {
                case ReadResult.Valid good -> {
                    good.warnings().forEach(warning -> shell.terminal().say("warning: " + warning));
                    shell.terminal().out().println(file + ": good: " + inWords(good.configuration()));
                }
                case ReadResult.Invalid bad -> {
                    valid = false;
                    bad.problems().forEach(problem -> shell.terminal().fault(problem.toString()));
                }
            }
        }
        return (valid ? ExitCode.OK : ExitCode.USAGE).number();
    }

    private static String inWords(Configuration configuration) {
        return configuration.deployments().size() + " deployments of " + configuration.routes().size() + " models, "
                + configuration.pools().size() + " pools, environment " + configuration.environment();
    }

    @Command(name = "print", description = "Prints what is in force, or with --config, or without a Kafka, the configuration that a command would use, after checking it; secrets stay references.")
    int print(@Mixin InstallationOptions options) throws IOException {
        ConfigurationChoice choice = options.configuration();
        Optional<Entry> holds = options.holds();
        if (holds.isPresent()) {
            shell.terminal().say(ConfigurationChange.inWords(holds.get()));
            shell.terminal().out().print(holds.get().text());
            return ExitCode.OK.number();
        }
        if (choice.origin() != ConfigurationChoice.Origin.LIVE) {
            choice.read(shell.terminal());
        }
        shell.terminal().out()
                .print(choice.file().isPresent() ? Files.readString(choice.file().get()) : choice.text());
        return ExitCode.OK.number();
    }

    @Command(name = "diff", description = "How a file differs from what is in force. Exit code 3 if it does.")
    int diff(@Mixin InstallationOptions options,
            @Parameters(arity = "0..1", paramLabel = "FILE", description = "The file; default --config.") @Nullable Path file)
            throws IOException, InterruptedException {
        ConfigurationChange change = change(options, file);
        change.tell(shell.terminal());
        if (change.isNothing()) {
            shell.terminal().say("no difference");
        }
        return (change.isNothing() ? ExitCode.OK : ExitCode.SOME_FAILED).number();
    }

    @Command(name = "apply", description = "Puts a file in force in the whole installation; without --execute only shows what would change. Exit code 3 if somebody else was first.")
    int apply(@Mixin InstallationOptions options,
            @Parameters(arity = "0..1", paramLabel = "FILE", description = "The file; default --config.") @Nullable Path file,
            @Mixin Execution execution) throws IOException, InterruptedException {
        execution.check();
        return change(options, file).carryOut(execution, shell.terminal());
    }

    @Command(name = "rollback", description = "Puts an earlier configuration in force again, as a new generation; without --execute only shows what would change.")
    int rollback(@Mixin InstallationOptions options,
            @Option(names = "--to", paramLabel = "GENERATION", description = "Which one; default the one before.") @Nullable Long generation,
            @Mixin Execution execution) throws InterruptedException {
        execution.check();
        Clients clients = options.reachable();
        ConfigurationLog log = ConfigurationHistory.read(clients);
        List<Entry> history = log.history();
        long wanted = generation != null
                ? generation
                : history.size() < 2 ? 0 : history.get(history.size() - 2).generation();
        Entry entry = log.generation(wanted).orElseThrow(() -> new CommandFailure(ExitCode.USAGE,
                (generation == null ? "there is no earlier configuration" : "--to: there is no generation " + wanted)
                        + "; signalbox config history lists those that are kept, the last "
                        + ConfigurationLog.HISTORY));
        return new ConfigurationChange(clients, log, "generation " + wanted, entry.text()).carryOut(execution,
                shell.terminal());
    }

    private static ConfigurationChange change(InstallationOptions options, @Nullable Path file)
            throws IOException, InterruptedException {
        Path path = Optional.ofNullable(file).or(() -> options.configuration().file())
                .orElseThrow(() -> new CommandFailure(ExitCode.USAGE, "which configuration? name a FILE"));
        if (!Files.isReadable(path)) {
            throw new CommandFailure(ExitCode.USAGE, path + ": no such file, or it cannot be read");
        }
        Clients clients = options.reachable();
        return new ConfigurationChange(clients, ConfigurationHistory.read(clients), path.toString(),
                Files.readString(path));
    }

    @Command(name = "history", description = "What was and is in force, the latest last.")
    int history(@Mixin InstallationOptions options,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        List<Entry> history = ConfigurationHistory.read(options.reachable()).history();
        Rows rows = new Rows("generation", "at", "who", "why", "changes", "in_force");
        Entry before = null;
        for (Entry entry : history) {
            rows.add(entry.generation(), Instant.ofEpochMilli(entry.atMillis()), entry.who(), entry.why(),
                    before == null
                            ? "-"
                            : ConfigurationDiff.between(before.text(), entry.text()).size(),
                    entry.equals(history.getLast()));
            before = entry;
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    /** Whether it is meant, who does it, and why. */
    static final class Execution {
        @Option(names = "--execute", description = "Do it. Without it, only what would change is shown.")
        private boolean execute;

        @Option(names = "--dry-run", description = "Only show what would change: the default.")
        private boolean dryRun;

        @Option(names = "--why", paramLabel = "TEXT", description = "The reason, needed with --execute; everyone sees it.")
        private @Nullable String why;

        @Option(names = "--who", paramLabel = "NAME", defaultValue = "${sys:user.name}", description = "Who does it; default ${DEFAULT-VALUE}.")
        private String who = "";

        /** Fails clearly where it is not clear. */
        void check() {
            if (execute && dryRun) {
                throw new CommandFailure(ExitCode.USAGE, "--execute and --dry-run exclude each other");
            }
            if (execute && (why == null || why.isBlank())) {
                throw new CommandFailure(ExitCode.USAGE, "--execute needs --why: the reason, which everyone sees");
            }
        }

        boolean isMeant() {
            return execute;
        }

        String why() {
            return why == null ? "" : why;
        }

        String who() {
            return who;
        }
    }
}
