package dev.signalbox.cli;

import dev.signalbox.cli.batch.BatchCommand;
import dev.signalbox.cli.whatif.WhatIfCommand;
import dev.signalbox.config.Units;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.StreamPolicy;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;

/** The {@code signalbox} command. */
@Command(name = "signalbox", description = "LLM requests through Kafka to whichever vendor can answer them now.", subcommands = {
        BatchCommand.class, UpCommand.class, WorkerCommand.class, DispatcherCommand.class, SubmitCommand.class,
        RepliesCommand.class, TailCommand.class, CancelCommand.class, StatusCommand.class,
        ConfigCommand.class, TopicsCommand.class, SimulatorCommand.class, DoctorCommand.class, RedundancyCommand.class,
        WhatIfCommand.class, DeploymentsCommand.class, BacklogCommand.class, PoolsCommand.class,
        PrioritiesCommand.class, TenantsCommand.class, AlertsCommand.class, ExplainCommand.class,
        UsageCommand.class,
        PricesCommand.class,
        BudgetsCommand.class, DeadLettersCommand.class,
        VersionCommand.class,
        CompletionCommand.class}, synopsisSubcommandLabel = "COMMAND", footer = {"",
                "signalbox COMMAND --help tells more. Without --bootstrap-server, a command brings its own broker;",
                "without --config or --live, vendors are simulated."})
public final class Main implements Shell {
    private final Terminal terminal;
    private final InputStream in;
    private final Consumer<IntConsumer> interrupts;

    @Option(names = {"-v", "--verbose"}, scope = ScopeType.INHERIT, description = "Log to stderr.")
    private boolean verbose;

    @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it before anything reads it
    private boolean help;

    /** @param interrupts is given the listener of each Ctrl-C */
    Main(Terminal terminal, InputStream in, Consumer<IntConsumer> interrupts) {
        this.terminal = terminal;
        this.in = in;
        this.interrupts = interrupts;
    }

    public static void main(String[] arguments) {
        Terminal terminal = Terminal.ofProcess(System.getenv());
        int code = new Main(terminal, System.in, Interrupts::onEach).run(arguments);
        terminal.out().flush();
        System.exit(code);
    }

    /** Runs one command line and returns its exit code; never throws for what the user did. */
    int run(String... arguments) {
        CommandLine commandLine = commandLine();
        return commandLine.execute(arguments);
    }

    /** The command's grammar. */
    CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(this);
        commandLine.setOut(new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8));
        commandLine.setErr(new PrintWriter(new LineWriter(terminal::say), true));
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setUsageHelpAutoWidth(false).setUsageHelpWidth(110);
        commandLine.registerConverter(Duration.class, Main::duration);
        commandLine.registerConverter(Priority.class, Main::priority);
        commandLine.registerConverter(StreamPolicy.class, Main::streamPolicy);
        commandLine.setExecutionStrategy(parsed -> {
            Logs.configure(verbose);
            return new CommandLine.RunLast().execute(parsed);
        });
        commandLine.setParameterExceptionHandler((wrong, given) -> {
            terminal.fault("signalbox: " + oneLine(String.valueOf(wrong.getMessage())) + suggestion(wrong) + "; see: "
                    + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help");
            return ExitCode.USAGE.number();
        });
        commandLine.setExecutionExceptionHandler((thrown, which, parsed) -> failed(thrown));
        return commandLine;
    }

    private int failed(Exception thrown) {
        if (thrown instanceof CommandFailure failure) {
            LoggerFactory.getLogger(Main.class).info("the command ends with {}", failure.exitCode(), failure);
            failure.lines().lines().forEach(terminal::fault);
            return failure.exitCode().number();
        }
        LoggerFactory.getLogger(Main.class).info("internal error", thrown);
        terminal.fault("signalbox: internal error: " + oneLine(thrown.toString()) + "; please report it with the log");
        if (verbose) {
            StringWriter trace = new StringWriter();
            thrown.printStackTrace(new PrintWriter(trace));
            terminal.say(trace.toString());
        }
        return ExitCode.INTERNAL.number();
    }

    private static String suggestion(CommandLine.ParameterException wrong) {
        if (wrong instanceof CommandLine.UnmatchedArgumentException unmatched) {
            List<String> close = unmatched.getSuggestions();
            return close.isEmpty() ? "" : ", did you mean " + close.getFirst() + "?";
        }
        return "";
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s*\\R\\s*", " ");
    }

    private static Duration duration(String text) {
        return Units.positiveDuration(text).orElseThrow(() -> new TypeConversionException(
                "\"" + text + "\" is not a duration such as 500ms, 90s, 15m, 24h or 7d"));
    }

    private static Priority priority(String text) {
        return Priority.ofLabel(text).orElseThrow(() -> new TypeConversionException("unknown priority \"" + text
                + "\"; there is interactive, standard, batch, background"));
    }

    private static StreamPolicy streamPolicy(String text) {
        return converter(StreamPolicy.values()).apply(text);
    }

    private static <E extends Enum<E>> java.util.function.Function<String, E> converter(E[] values) {
        return text -> Arrays.stream(values).filter(value -> value.name().equalsIgnoreCase(text)).findFirst()
                .orElseThrow(() -> new TypeConversionException("\"" + text + "\" is none of "
                        + String.join(", ",
                                Arrays.stream(values).map(v -> v.name().toLowerCase(Locale.ROOT)).toList())));
    }

    @Override
    public Terminal terminal() {
        return terminal;
    }

    @Override
    public InputStream in() {
        return in;
    }

    @Override
    public void onInterrupt(IntConsumer listener) {
        interrupts.accept(listener);
    }
}
