package dev.signalbox.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.cli.batch.HeldBatches;
import dev.signalbox.cli.batch.Placements;
import dev.signalbox.cli.batch.RequestDefaults;
import dev.signalbox.cli.batch.RequestOptions;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.FailedSendListener;
import dev.signalbox.schemas.client.InvalidRequestException;
import dev.signalbox.schemas.client.PreparedRequest;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.workers.claim.ConfiguredClaims;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** One request, from the command line or as a JSON body, and its answer. */
@Command(name = "submit", description = "Sends one request and prints its answer.", footer = {"",
        "Exit codes: 0 answered, 2 bad request, 3 not answered, 5 deadline passed, 6 Kafka cannot be reached."})
final class SubmitCommand implements Callable<Integer> {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Parameters(arity = "0..*", paramLabel = "TEXT", description = "The user's message; without it, a Chat Completions body is read from standard input.")
    private List<String> words = List.of();

    @Option(names = {"-m",
            "--model"}, paramLabel = "NAME", defaultValue = "${env:SIGNALBOX_MODEL}", description = "Logical model; may stand in the body instead.")
    private @Nullable String model;

    @Option(names = "--system", paramLabel = "TEXT", description = "System message.")
    private @Nullable String system;

    @Option(names = "--max-tokens", paramLabel = "N", description = "Longest answer.")
    private @Nullable Integer maxTokens;

    @Option(names = "--stream", description = "Show tokens as they come.")
    private boolean stream;

    @Option(names = "--id", paramLabel = "ID", description = "Request id; by default a random one.")
    private @Nullable String id;

    @Option(names = "--deadline", paramLabel = "DURATION", description = "How long to wait; by default 30 s longer than the time to live, whose end is answered too.")
    private @Nullable Duration deadline;

    @Option(names = "-o", paramLabel = "FORM", defaultValue = "text", description = "text (the answer's text) or json (the vendor's whole answer).")
    private Form form = Form.TEXT;

    @Mixin
    private RequestDefaults defaults = new RequestDefaults();
    @Mixin
    private InstallationOptions with = new InstallationOptions();

    /** What is printed. */
    enum Form {
        TEXT,
        JSON
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Terminal terminal = shell.terminal();
        Configuration configuration = with.inForce(terminal);
        ObjectNode body = body();
        RequestOptions options = defaults.options();
        Priority priority = options.priority().orElse(Priority.INTERACTIVE);
        String useCase = options.useCase().orElse(RequestOptions.DEFAULT_USE_CASE);
        String wanted = body.path("model").asText();
        if (!(new Placements(configuration, LocalDate.now(ZoneOffset.UTC)).place(wanted, useCase,
                priority) instanceof Placements.Placed placed)) {
            Placements.Misplaced misplaced = (Placements.Misplaced) new Placements(configuration,
                    LocalDate.now(ZoneOffset.UTC)).place(wanted, useCase, priority);
            throw new CommandFailure(ExitCode.USAGE, misplaced.message());
        }
        LlmRequest request = request(body, wanted, useCase, options);
        Duration timeToLive = options.timeToLive().orElse(priority.defaultTimeToLive());
        try (Installation installation = installation(configuration)) {
            return exchange(installation, placed, request, timeToLive).number();
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e,
                    with.kafka().remote().map(Clients::bootstrapServers).orElse("the embedded broker"));
        }
    }

    private Installation installation(Configuration configuration) throws IOException, InterruptedException {
        Terminal terminal = shell.terminal();
        Optional<Clients> elsewhere = with.running();
        if (elsewhere.isPresent()) {
            return Installation.remote(elsewhere.get(), configuration);
        }
        if (with.configuration().origin() == ConfigurationChoice.Origin.SIMULATED) {
            terminal.say("simulated vendors: no real vendor is called; use --live or --config for real ones");
        }
        Installation installation = Installation.embedded(with.data(), EmbeddedOptions.defaults(), with.configuration(),
                0, terminal);
        HeldBatches.tell(terminal, with.data(), installation.clients(), installation.clients().clusterId(), Set.of(),
                false);
        installation.startWorker(HeldBatches.admitting(Set.of()),
                AdminListener.loopback());
        return installation;
    }

    private ObjectNode body() throws IOException {
        ObjectNode body;
        if (words.isEmpty()) {
            try {
                JsonNode given = MAPPER.readTree(shell.in());
                if (!(given instanceof ObjectNode object)) {
                    throw new CommandFailure(ExitCode.USAGE, "no message: give a TEXT, or a Chat Completions body "
                            + "({\"model\":…,\"messages\":[…]}) on standard input");
                }
                body = object;
            } catch (JsonProcessingException e) {
                throw new CommandFailure(ExitCode.USAGE, "stdin:" + e.getLocation().getLineNr() + ":"
                        + e.getLocation().getColumnNr() + ": broken JSON: " + e.getOriginalMessage(), e);
            }
        } else {
            body = MAPPER.createObjectNode();
            ArrayNode messages = body.putArray("messages");
            if (system != null) {
                messages.addObject().put("role", "system").put("content", system);
            }
            messages.addObject().put("role", "user").put("content", String.join(" ", words));
        }
        if (model != null) {
            body.put("model", model);
        }
        if (!body.path("model").isTextual()) {
            throw new CommandFailure(ExitCode.USAGE, "no model: give --model NAME, or \"model\" in the body");
        }
        if (maxTokens != null) {
            body.put("max_tokens", maxTokens);
        }
        if (stream) {
            body.put("stream", true);
        }
        return body;
    }

    private LlmRequest request(ObjectNode body, String wanted, String useCase, RequestOptions options)
            throws JsonProcessingException {
        return LlmRequest.newBuilder().setId(id == null ? UUID.randomUUID().toString() : id).setModel(wanted)
                .setUseCase(useCase).setTenant(options.tenant().orElse(RequestOptions.DEFAULT_TENANT))
                .setDepartment(options.department().orElse(null))
                .setBody(ByteBuffer.wrap(MAPPER.writeValueAsBytes(body))).setStreamTokens(stream)
                .setStreamPolicy(options.streamPolicy().orElse(StreamPolicy.RESTART))
                .setTimeToLiveMillis(options.timeToLive().map(Duration::toMillis).orElse(null))
                .setLabels(options.labels()).build();
    }

    private ExitCode exchange(Installation installation, Placements.Placed placed, LlmRequest request,
            Duration timeToLive) throws InterruptedException, IOException {
        AnswerPrinter printer = new AnswerPrinter(shell.terminal(), stream && form == Form.TEXT);
        var properties = installation.clients().kafkaProperties();
        try (ClaimStores claims = ConfiguredClaims.open(installation.configuration().claims());
                RequestProducer producer = RequestProducer.open(properties, RequestProducerOptions.DEFAULT,
                        FailedSendListener.NONE, claims);
                ReplyReader reader = ReplyReader.open(properties, ReplyReaderOptions.latest(), printer, claims)) {
            PreparedRequest prepared = producer.prepare(placed.lane(), request, List.of());
            CompletableFuture<LlmReply> reply = reader.expect(new Expectation(request.getId(), prepared.requestHash(),
                    timeToLive, stream ? Expectation.Preview.TOKENS : Expectation.Preview.NONE));
            producer.send(prepared).get();
            Duration limit = deadline == null ? timeToLive.plusSeconds(30) : deadline;
            return print(reply.get(limit.toMillis(), TimeUnit.MILLISECONDS), printer);
        } catch (InvalidRequestException e) {
            throw CommandFailure.ofLines(ExitCode.USAGE, e.faults());
        } catch (TimeoutException e) {
            throw new CommandFailure(ExitCode.DEADLINE, "no reply to " + request.getId()
                    + " in time; signalbox replies tail " + request.getId() + " goes on waiting", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ClaimException missing) {
                throw new CommandFailure(ExitCode.SOME_FAILED,
                        "the answer is in a claim store and cannot be had: " + missing.getMessage(), missing);
            }
            throw KafkaTrouble.of(e, installation.clients().bootstrapServers());
        }
    }

    private ExitCode print(LlmReply reply, AnswerPrinter printer) throws IOException {
        Terminal terminal = shell.terminal();
        if (reply.getStatus() != ReplyStatus.COMPLETED || reply.getBody() == null) {
            String code = reply.getError() == null ? reply.getStatus().name() : reply.getError().getCode();
            String message = reply.getError() == null ? "no answer" : reply.getError().getMessage();
            terminal.fault(reply.getStatus() + " " + code + ": " + message);
            return ExitCode.SOME_FAILED;
        }
        byte[] body = new byte[reply.getBody().remaining()];
        reply.getBody().duplicate().get(body);
        if (form == Form.JSON) {
            terminal.out().println(new String(body, StandardCharsets.UTF_8));
        } else {
            printer.finish(MAPPER.readTree(body));
        }
        terminal.out().flush();
        terminal.say(AnswerPrinter.footnote(reply));
        return ExitCode.OK;
    }
}
