package dev.signalbox.cli.batch;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ConfigurationChoice;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.cli.Installation;
import dev.signalbox.cli.InstallationOptions;
import dev.signalbox.cli.Shell;
import dev.signalbox.cli.Terminal;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ReadResult;
import dev.signalbox.embedded.EmbeddedOptions;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Sends a file of requests and writes their answers. */
@Command(name = "batch", description = "Answers a file of requests (OpenAI Batch or Anthropic Message Batch lines).", footer = {
        "",
        "The output is the journal: run the same command again, and it goes on where it was stopped.",
        "First Ctrl-C: no new calls, what runs is finished. Second: quit at once.", "",
        "Exit codes: 0 all answered, 2 bad input (nothing was sent), 3 some failed, 4 interrupted and resumable,",
        "5 deadline passed, 6 Kafka cannot be reached."})
public final class BatchCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Parameters(paramLabel = "FILE", description = "Batch file (.jsonl, may be gzipped); - for standard input.")
    private String file = "-";

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "Where results go; failures go to <FILE without .jsonl>.errors.jsonl. - for standard output (both, not resumable).")
    private String out = "-";

    @Option(names = "--dry-run", description = "Check the file and show the plan with estimates; send nothing.")
    private boolean dryRun;

    @Option(names = "--max-cost", paramLabel = "AMOUNT", description = "Refuse to start if the estimate is higher; stop sending before the cost passes it.")
    private @Nullable BigDecimal maxCost;

    @Option(names = "--retry-failed", description = "Send those that failed in an earlier run again, under new ids.")
    private boolean retryFailed;

    @Option(names = "--deadline", paramLabel = "DURATION", description = "Stop after this time, such as 10m or 8h; resumable.")
    private @Nullable Duration deadline;

    @Option(names = "--window", paramLabel = "N", defaultValue = "2000", description = "Requests sent ahead of their answers; default ${DEFAULT-VALUE}.")
    private int window;

    @Option(names = "--all", description = "Also run what other interrupted batches left in the embedded broker.")
    private boolean all;

    @Mixin
    private RequestDefaults defaults = new RequestDefaults();
    @Mixin
    private InstallationOptions with = new InstallationOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        Terminal terminal = shell.terminal();
        if (window < 1 || window > 50_000) {
            throw new CommandFailure(ExitCode.USAGE, "--window must be from 1 to 50000, not " + window);
        }
        Optional<Clients> remote = with.kafka().remote();
        Configuration configuration = configuration(remote, terminal);
        Placements placements = new Placements(configuration, LocalDate.now(ZoneOffset.UTC));
        RunStates states = new RunStates(with.data());
        try (BatchSource source = BatchSource.open(file, states.folder(), shell.in())) {
            BatchCheck.Result checked = new BatchCheck(placements, defaults.options()).check(source);
            BatchCheck.report(source.name(), checked).ifPresent(lines -> {
                throw CommandFailure.ofLines(ExitCode.USAGE, lines);
            });
            if (dryRun) {
                PlanReport.of(checked.plan(), placements.currency()).forEach(terminal.out()::println);
                return ExitCode.OK.number();
            }
            Output output = Output.of(out, source);
            JournalContents journal = output.read(checked);
            OpenLines open = openLines(states, output, journal);
            int openCount = checked.ids().size() - open.finished().cardinality();
            checkCost(checked.plan(), placements, openCount == checked.ids().size());
            if (openCount == 0) {
                terminal.say("nothing to do: all " + checked.ids().size() + " requests are finished in " + out
                        + (journal.failed().isEmpty()
                                ? ""
                                : "; " + journal.failed().cardinality() + " failed, --retry-failed sends them again"));
                return (journal.failed().isEmpty() ? ExitCode.OK : ExitCode.SOME_FAILED).number();
            }
            if (remote.isEmpty() && with.configuration().origin() == ConfigurationChoice.Origin.SIMULATED) {
                terminal.say("simulated vendors: no real vendor is called; use --live or --config for real ones");
            }
            try (Installation installation = remote.isPresent()
                    ? Installation.remote(remote.get(), configuration)
                    : Installation.embedded(with.data(), EmbeddedOptions.defaults(), with.configuration(), 0,
                            terminal)) {
                BatchSession session = new BatchSession(terminal, shell, installation, states, source, checked, output,
                        new Placements(installation.configuration(), LocalDate.now(ZoneOffset.UTC)),
                        new BatchSession.Settings(defaults.options(), window, Optional.ofNullable(maxCost),
                                Optional.ofNullable(deadline), retryFailed, all));
                return session.run(journal).number();
            }
        }
    }

    /** Of a Kafka elsewhere it is what its workers run with: what is in force there, or the file that the user says is. */
    private Configuration configuration(Optional<Clients> remote, Terminal terminal) {
        if (remote.isEmpty()) {
            with.kafka().requireNoProperties();
        } else if (with.configuration().origin() == ConfigurationChoice.Origin.LIVE) {
            throw new CommandFailure(ExitCode.USAGE, "--live is for a worker of this command's own: with "
                    + "--bootstrap-server the workers there call the vendors");
        } else if (with.configuration().origin() == ConfigurationChoice.Origin.SIMULATED) {
            return with.held(terminal).map(ReadResult.Valid::configuration)
                    .orElseThrow(() -> new CommandFailure(ExitCode.USAGE,
                            "no configuration is in force there: name with --config FILE the one that the workers "
                                    + "there run with, which says which pool takes which request"));
        }
        return with.configuration().read(terminal);
    }

    private OpenLines openLines(RunStates states, Output output, JournalContents journal) throws IOException {
        boolean retrying = retryFailed || states.ofOutput(output.identity()).map(RunState::retryFailed).orElse(false);
        return OpenLines.of(journal, retrying);
    }

    private void checkCost(BatchPlan plan, Placements placements, boolean fresh) {
        if (maxCost == null) {
            return;
        }
        Optional<BigDecimal> estimate = plan.all().cost();
        if (estimate.isEmpty()) {
            List<String> unpriced = plan.groups().entrySet().stream().filter(group -> group.getValue().cost().isEmpty())
                    .map(group -> group.getKey().model()).distinct().toList();
            throw new CommandFailure(ExitCode.USAGE, "--max-cost cannot be held: no price is known for "
                    + String.join(", ", unpriced) + "; add it under prices.deployments");
        }
        if (fresh && estimate.get().compareTo(maxCost) > 0) {
            throw new CommandFailure(ExitCode.USAGE, "--max-cost " + Figures.money(maxCost, placements.currency())
                    + " is below the estimate of " + Figures.money(estimate.get(), placements.currency())
                    + "; nothing was sent (--dry-run shows the plan)");
        }
    }

    /** Where results go. */
    record Output(@Nullable Path file, Path errors) {
        static Output of(String name, BatchSource source) {
            if (name.equals("-")) {
                return new Output(null, Path.of("-"));
            }
            Path file = Path.of(name).toAbsolutePath().normalize();
            if (Files.isDirectory(file)) {
                throw new CommandFailure(ExitCode.USAGE, "--out " + name + " is a folder; name a file");
            }
            if (!source.temporary() && file.toString().equals(source.identity())) {
                throw new CommandFailure(ExitCode.USAGE, "--out " + name + " is the input itself; name another file");
            }
            return new Output(file, Journal.errorFileOf(file));
        }

        String identity() {
            return file == null ? "-" : file.toString();
        }

        JournalContents read(BatchCheck.Result checked) throws IOException {
            return file == null
                    ? JournalContents.empty(checked.lastLine())
                    : JournalContents.read(file, errors, checked);
        }

        boolean exists() {
            return file != null && Files.exists(file);
        }
    }
}
