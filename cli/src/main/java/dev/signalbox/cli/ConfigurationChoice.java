package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Problem;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.live.ConfigurationSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which configuration a command works with; without the user's own it is the simulated one, so that nobody pays by accident. */
public final class ConfigurationChoice {
    static final String SIMULATED = "simulated.yaml";
    private static final String LIVE_KEY = "OPENAI_API_KEY";

    @Option(names = "--config", paramLabel = "FILE", defaultValue = "${env:SIGNALBOX_CONFIG}", description = "Your configuration: vendors, deployments, pools, routes, prices.")
    private @Nullable Path file;

    @Option(names = "--live", description = "Call OpenAI for real, with the key in " + LIVE_KEY
            + "; without --live and --config, vendors are simulated.")
    private boolean live;

    /** Where the configuration came from. */
    public enum Origin {
        SIMULATED,
        LIVE,
        FILE
    }

    public Origin origin() {
        if (file != null && live) {
            throw new CommandFailure(ExitCode.USAGE,
                    "--live and --config exclude each other: a configuration of your own is live already");
        }
        return file != null ? Origin.FILE : live ? Origin.LIVE : Origin.SIMULATED;
    }

    /** The user's own file. */
    public Optional<Path> file() {
        return Optional.ofNullable(file);
    }

    /** Stands for the address of a simulated vendor that is not started yet. */
    private static Optional<String> notStarted(String name) {
        return Optional.of("http://127.0.0.1:9/" + name);
    }

    /** The text as written, and what messages call it. */
    String text() {
        return switch (origin()) {
            case FILE -> throw new IllegalStateException("a file's text is the file's");
            case LIVE -> resource("live.yaml");
            case SIMULATED -> resource("simulated.yaml");
        };
    }

    /**
     * Where a process that goes by it has its configuration from: what is in force in Kafka, of which this is the first where
     * there is none. Without the user's own, a process waits for one.
     */
    ConfigurationSource.Live live() throws IOException {
        return live(name -> Optional.ofNullable(System.getenv(name)), origin() == Origin.SIMULATED
                ? Optional.empty()
                : Optional.of(ownText()));
    }

    /** The same, with the simulated one as the user's own where he has none. */
    ConfigurationSource.Live liveOrSimulated(Function<String, Optional<String>> simulators) throws IOException {
        return live(name -> simulators.apply(name).or(() -> Optional.ofNullable(System.getenv(name))),
                Optional.of(ownText()));
    }

    private ConfigurationSource.Live live(Function<String, Optional<String>> environment,
            Optional<ConfigurationSource.Text> own) {
        Path folder = Optional.ofNullable(file).map(Path::toAbsolutePath).map(Path::getParent)
                .orElse(Path.of("").toAbsolutePath());
        return new ConfigurationSource.Live(own, folder, environment);
    }

    ConfigurationSource.Text ownText() throws IOException {
        return switch (origin()) {
            case FILE -> {
                Path path = Optional.ofNullable(file).orElseThrow();
                yield new ConfigurationSource.Text(path.toString(), Files.readString(path));
            }
            case LIVE -> new ConfigurationSource.Text("live.yaml", text());
            case SIMULATED -> new ConfigurationSource.Text(SIMULATED, text());
        };
    }

    /** Reads and checks it, without starting anything: simulated vendors have made-up addresses. */
    public Configuration read(Terminal terminal) {
        return read(terminal, ConfigurationChoice::notStarted);
    }

    /**
     * Reads and checks it; says its warnings.
     *
     * @param simulators address of each simulated vendor, by the variable's name in {@code simulated.yaml}
     * @throws CommandFailure with a line for each problem
     */
    public Configuration read(Terminal terminal, Function<String, Optional<String>> simulators) {
        ReadResult.Valid valid = readWithPlaces(simulators);
        if (origin() == Origin.FILE) {
            valid.warnings().forEach(warning -> terminal.say("warning: " + warning));
        }
        return valid.configuration();
    }

    /**
     * Reads and checks it, without starting anything and without a word about warnings, for who tells more than those.
     *
     * @throws CommandFailure with a line for each problem
     */
    ReadResult.Valid readWithPlaces() {
        return readWithPlaces(ConfigurationChoice::notStarted);
    }

    private ReadResult.Valid readWithPlaces(Function<String, Optional<String>> simulators) {
        Function<String, Optional<String>> environment = name -> Optional.ofNullable(System.getenv(name));
        ReadResult result = switch (origin()) {
            case FILE -> ConfigurationReader.read(Optional.ofNullable(file).orElseThrow());
            case LIVE -> {
                if (environment.apply(LIVE_KEY).filter(key -> !key.isBlank()).isEmpty()) {
                    throw new CommandFailure(ExitCode.USAGE, "--live needs your OpenAI key: set " + LIVE_KEY
                            + ", or name a configuration with --config; without both, vendors are simulated");
                }
                yield ConfigurationReader.read("live.yaml", text(), environment);
            }
            case SIMULATED -> ConfigurationReader.read("simulated.yaml", text(), simulators);
        };
        return switch (result) {
            case ReadResult.Valid valid -> valid;
            case ReadResult.Invalid invalid -> throw invalid(invalid.problems());
        };
    }

    private static CommandFailure invalid(List<Problem> problems) {
        List<String> lines = new ArrayList<>(problems.stream().map(Problem::toString).toList());
        return CommandFailure.ofLines(ExitCode.USAGE, lines);
    }

    private static String resource(String name) {
        try (InputStream in = ConfigurationChoice.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the distribution lacks " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
