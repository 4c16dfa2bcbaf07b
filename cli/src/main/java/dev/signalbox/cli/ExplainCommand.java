package dev.signalbox.cli;

import dev.signalbox.cli.batch.Fault;
import dev.signalbox.cli.batch.Placements;
import dev.signalbox.cli.batch.RequestDefaults;
import dev.signalbox.cli.batch.RequestLine;
import dev.signalbox.cli.batch.RequestOptions;
import dev.signalbox.config.Configuration;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.InvalidRecordException;
import dev.signalbox.schemas.serde.JsonRecords;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Which deployments would serve a request, or what happened to one. */
@Command(name = "explain", description = "Tells which deployments would serve a request, in which order, and why, by the worker's own code; or, for a request's id, what happened to it.", footer = {
        "",
        "Exit codes: 0 told, 2 bad input, 3 nothing can serve it or nothing is known of it, 6 Kafka cannot be reached."})
final class ExplainCommand implements Callable<Integer> {
    private static final Pattern FILE_AND_LINE = Pattern.compile("(.+):([1-9][0-9]{0,8})");
    private static final int MAX_REQUEST_BYTES = JsonRecords.DEFAULT_MAX_BYTES;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Parameters(arity = "1", paramLabel = "REQUEST|FILE:LINE|-|ID", description = "A line of a batch file, a request record or a request body, as JSON, as FILE:LINE or on standard input; or the id of a request that was sent.")
    private String what = "";

    @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.")
    private Rows.Form form = Rows.Form.TABLE;

    @Option(names = "--since", paramLabel = "DURATION", defaultValue = "1h", description = "How far back to look for an id of which nothing was told in the last 24 h; default ${DEFAULT-VALUE}.")
    private Duration since = Duration.ofHours(1);

    @Option(names = "--reply-topic", paramLabel = "NAME", description = "Where its reply went; by default what was told of it, else llm.replies.")
    private @Nullable String replyTopic;

    @Option(names = "--dispatcher", paramLabel = "URL", defaultValue = "${env:SIGNALBOX_DISPATCHER}", description = "Any dispatcher, which knows at once where a request of the last 24 h is; without it, llm.status is looked through.")
    private @Nullable URI dispatcher;

    @Option(names = "--within", paramLabel = "DURATION", defaultValue = "30s", description = "How long to look through a topic at most for where it is; default ${DEFAULT-VALUE}.")
    private Duration within = Duration.ofSeconds(30);

    @Mixin
    private RequestDefaults defaults = new RequestDefaults();
    @Mixin
    private InstallationOptions with = new InstallationOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        Matcher place = FILE_AND_LINE.matcher(what);
        if (what.equals("-")) {
            byte[] input = shell.in().readNBytes(MAX_REQUEST_BYTES + 1);
            return decide("stdin", 1, new String(input, StandardCharsets.UTF_8).strip()).number();
        }
        if (what.stripLeading().startsWith("{")) {
            return decide("request", 1, what.strip()).number();
        }
        if (place.matches() && Files.isRegularFile(Path.of(place.group(1)))) {
            int number = Integer.parseInt(place.group(2));
            return decide(place.group(1), number, line(Path.of(place.group(1)), number)).number();
        }
        if (Files.isRegularFile(Path.of(what))) {
            throw new CommandFailure(ExitCode.USAGE, what + ": which line? name it as " + what + ":1");
        }
        return trail().number();
    }

    private static String line(Path file, int number) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.skip(number - 1L).findFirst().orElseThrow(
                    () -> new CommandFailure(ExitCode.USAGE, file + ": has no line " + number));
        }
    }

    private ExitCode decide(String file, int number, String json) {
        Configuration configuration = with.inForce(shell.terminal());
        RequestLine line = request(file, number, json, configuration);
        Instant now = Instant.now();
        ExplainCommandDecision decision = switch (new Placements(configuration,
                LocalDate.ofInstant(now, ZoneOffset.UTC))
                .place(line.request().getModel(), line.request().getUseCase(), line.priority())) {
            case Placements.Placed placed -> ExplainCommandDecision.of(configuration, line.request(), placed.lane(),
                    line.timeToLive(), now, fleet());
            case Placements.Misplaced misplaced ->
                throw new CommandFailure(ExitCode.USAGE, file + ":" + number + ": " + misplaced.message());
        };
        if (form == Rows.Form.TABLE) {
            decision.print(shell.terminal().out());
        } else {
            Documents.print(decision.document(), form, shell.terminal().out());
        }
        shell.terminal().out().flush();
        return decision.isServed() ? ExitCode.OK : ExitCode.SOME_FAILED;
    }

    /** What the fleet has told, where a Kafka is named or runs here; without it the decision is by configuration alone. */
    private FleetState fleet() {
        try {
            return with.running().map(FleetState::read).orElse(FleetState.UNKNOWN);
        } catch (CommandFailure e) {
            shell.terminal().say("warning: the fleet's view is not known: " + e.lines());
            return FleetState.UNKNOWN;
        }
    }

    /** A batch line has a custom_id, a record an id; what has neither is a body. */
    private RequestLine request(String file, int number, String json, Configuration configuration) {
        JsonNode given;
        try {
            given = MAPPER.readTree(json);
        } catch (IOException e) {
            given = MAPPER.missingNode();
        }
        RequestOptions options = defaults.options();
        if (given.has("id") && given.has("body")) {
            try {
                LlmRequest record = new JsonRecords().parseRequest(json.getBytes(StandardCharsets.UTF_8));
                Priority priority = options.priority()
                        .orElseGet(() -> firstPriority(configuration, record.getUseCase()));
                Duration timeToLive = Optional.ofNullable(record.getTimeToLiveMillis()).map(Duration::ofMillis)
                        .orElse(priority.defaultTimeToLive());
                return new RequestLine(record, priority, timeToLive);
            } catch (InvalidRecordException e) {
                throw new CommandFailure(ExitCode.USAGE, file + ":" + number + ": " + e.getMessage(), e);
            }
        }
        boolean body = given.isObject() && !given.has("custom_id") && !given.has("body") && !given.has("params");
        String line = body ? "{\"custom_id\":\"request\",\"body\":" + json + "}" : json;
        return switch (RequestLine.of(number, line.getBytes(StandardCharsets.UTF_8), options)) {
            case RequestLine.Read read -> read.line();
            case RequestLine.Wrong wrong -> throw CommandFailure.ofLines(ExitCode.USAGE,
                    wrong.faults().stream().map((Fault fault) -> fault.at(file)).toList());
        };
    }

    private static Priority firstPriority(Configuration configuration, String useCase) {
        return configuration.poolOf(useCase).flatMap(pool -> pool.priorities().keySet().stream().sorted().findFirst())
                .orElse(Priority.STANDARD);
    }

    private ExitCode trail() throws InterruptedException {
        Optional<Clients> running = with.running();
        if (running.isPresent()) {
            return trail(running.get());
        }
        if (!Files.isDirectory(with.data())) {
            throw new CommandFailure(ExitCode.USAGE, "\"" + what + "\" is no request, and to look for it as an id there"
                    + " is no Kafka: name one with --bootstrap-server, or the folder of an embedded one with --data");
        }
        try (Installation installation = Installation.embedded(with.data(), EmbeddedOptions.defaults(),
                with.configuration(), 0,
                shell.terminal())) {
            return trail(installation.clients());
        }
    }

    private ExitCode trail(Clients clients) throws InterruptedException {
        clients.clusterId();
        ExplainCommandTrail trail;
        Optional<ExplainCommandWait> wait;
        try {
            Whereabouts.Found where = new Whereabouts(clients, dispatcher, within).of(what);
            JsonNode told = where instanceof Whereabouts.Found.Told(JsonNode status)
                    ? status
                    : MAPPER.missingNode();
            trail = ExplainCommandTrail.find(clients, what, where,
                    replyTopic == null ? told.path("replyTopic").asText(Topics.REPLIES) : replyTopic,
                    Instant.now().minus(since).toEpochMilli());
            wait = where instanceof Whereabouts.Found.Queued queued
                    ? ExplainCommandWait.of(clients, with.inForce(shell.terminal()), queued)
                    : Optional.empty();
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
        if (trail.isEmpty()) {
            throw new CommandFailure(ExitCode.SOME_FAILED, "nothing is known of a request \"" + what + "\" in the last "
                    + since.toMinutes() + " min; look further back with --since");
        }
        if (form == Rows.Form.TABLE) {
            trail.print(shell.terminal().out());
            wait.ifPresent(waits -> waits.print(shell.terminal().out()));
        } else {
            ObjectNode document = trail.document();
            wait.ifPresent(waits -> document.set("waiting", waits.document()));
            Documents.print(document, form, shell.terminal().out());
        }
        shell.terminal().out().flush();
        return ExitCode.OK;
    }
}
