package dev.signalbox.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Where a request is. */
@Command(name = "status", description = "Tells where a request is: queued (where, behind how many), running, or how it ended.", footer = {
        "", "Exit codes: 0 told, 2 bad input, 3 nothing is known of it, 6 Kafka cannot be reached."})
final class StatusCommand implements Callable<Integer> {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Parameters(arity = "1", paramLabel = "REQUEST_ID", description = "Id of the request.")
    private String id = "";

    @Option(names = "--dispatcher", paramLabel = "URL", defaultValue = "${env:SIGNALBOX_DISPATCHER}", description = "Any dispatcher, which knows the last 24 h at once (its token: SIGNALBOX_ADMIN_TOKEN); without it, the topic is looked through.")
    private @Nullable URI dispatcher;

    @Option(names = "--within", paramLabel = "DURATION", defaultValue = "30s", description = "How long to look through a topic at most; default ${DEFAULT-VALUE}.")
    private Duration within = Duration.ofSeconds(30);

    @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.")
    private Rows.Form form = Rows.Form.TABLE;

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();
    @Mixin
    private DataFolder data = new DataFolder();

    @Override
    public Integer call() {
        Clients clients = kafka.running(data).orElseGet(kafka::required);
        ObjectNode told = MAPPER.createObjectNode().put("request_id", id);
        switch (new Whereabouts(clients, dispatcher, within).of(id)) {
            case Whereabouts.Found.Told(JsonNode status) -> tell(told, status);
            case Whereabouts.Found.Queued queued -> tell(told, queued);
            case Whereabouts.Found.Nothing(long looked, boolean all) ->
                throw new CommandFailure(ExitCode.SOME_FAILED, "nothing is known of a request \"" + id + "\""
                        + (all
                                ? ": it is not queued, and no end of it was told in the last 24 h"
                                : " so far: the lanes hold more than the " + looked
                                        + " records that could be looked through;"
                                        + " give more time with --within"));
        }
        if (form == Rows.Form.TABLE) {
            print(told, shell.terminal().out());
        } else {
            Documents.print(told, form, shell.terminal().out());
        }
        shell.terminal().out().flush();
        return ExitCode.OK.number();
    }

    private static void tell(ObjectNode told, JsonNode status) {
        told.put("state", status.path("state").asText().toLowerCase(Locale.ROOT));
        copy(told, "status", status, "status");
        copy(told, "error_code", status, "errorCode");
        copy(told, "pool", status, "pool");
        copy(told, "priority", status, "priority");
        copy(told, "model", status, "requestedModel");
        copy(told, "tenant", status, "tenant");
        time(told, "enqueued", status.path("firstEnqueuedMillis"));
        time(told, "started", status.path("startedMillis"));
        time(told, "told", status.path("toldMillis"));
        copy(told, "worker", status, "worker");
        copy(told, "reply_topic", status, "replyTopic");
        if (status.hasNonNull("requestTopic")) {
            told.put("record",
                    status.path("requestTopic").asText() + "-" + status.path("requestPartition").asText() + "@"
                            + status.path("requestOffset").asText());
        }
    }

    /** Ages are by this machine's clock, which may differ from the broker's. */
    private static void tell(ObjectNode told, Whereabouts.Found.Queued queued) {
        told.put("state", "queued");
        told.put("record", queued.partition() + "@" + queued.offset());
        told.put("ahead_at_most", queued.ahead());
        told.put("enqueued", Instant.ofEpochMilli(queued.enqueuedMillis()).toString());
        told.put("oldest_in_partition", Instant.ofEpochMilli(queued.oldestMillis()).toString());
        told.put("oldest_age_seconds", Math.max(0, System.currentTimeMillis() - queued.oldestMillis()) / 1_000);
        told.put("note", "in Kafka or taken by a worker; a call that began less than 2 s ago is not told of yet");
    }

    private static void copy(ObjectNode told, String name, JsonNode status, String field) {
        if (status.hasNonNull(field)) {
            told.put(name, status.path(field).asText());
        }
    }

    private static void time(ObjectNode told, String name, JsonNode millis) {
        if (millis.isNumber()) {
            told.put(name, Instant.ofEpochMilli(millis.asLong()).toString());
        }
    }

    private static void print(ObjectNode told, PrintStream out) {
        told.properties().forEach(field -> out.println(String.format(Locale.ROOT, "%-20s %s", field.getKey(),
                field.getValue().asText())));
    }
}
