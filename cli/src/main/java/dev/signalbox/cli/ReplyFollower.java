package dev.signalbox.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.ReplyAssembler;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.client.ReplyReaderOptions.Start;
import dev.signalbox.schemas.serde.JsonRecords;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads one request's stream from its beginning, by the rule for readers: tokens as they stand in the topic, then as they
 * come, and the reply that ends it.
 *
 * @param replyTopic where its reply is or will be
 * @param tokenTopic where its tokens are; of a request without a stream, none
 */
record ReplyFollower(Clients clients, String replyTopic, String tokenTopic) {
    private static final Duration ASKED = Duration.ofSeconds(10);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Where its first token can be: by when it was enqueued, where that is known. */
    Start start(JsonNode told) {
        JsonNode enqueued = told.path("firstEnqueuedMillis");
        if (!enqueued.isNumber()) {
            return new Start.Earliest();
        }
        Map<String, Object> properties = new HashMap<>(clients.kafkaProperties());
        properties.put("default.api.timeout.ms", (int) ASKED.toMillis());
        Map<TopicPartition, Long> times = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            for (String topic : List.of(replyTopic, tokenTopic)) {
                consumer.partitionsFor(topic).forEach(
                        info -> times.put(new TopicPartition(topic, info.partition()), enqueued.asLong()));
            }
            Map<TopicPartition, Long> offsets = new HashMap<>(consumer.endOffsets(times.keySet()));
            consumer.offsetsForTimes(times).forEach((partition, found) -> {
                if (found != null) {
                    offsets.put(partition, found.offset());
                }
            });
            return new Start.Offsets(offsets);
        }
    }

    /**
     * Shows the tokens as they come and then what of the whole answer they did not say; or, for a caller of {@code form} json,
     * nothing but the reply's record.
     *
     * @param limit for the reply to come
     */
    ExitCode follow(Shell shell, String id, Start start, boolean record, Duration limit)
            throws IOException, InterruptedException {
        Terminal terminal = shell.terminal();
        AnswerPrinter printer = new AnswerPrinter(terminal, !record);
        CompletableFuture<LlmReply> ended = new CompletableFuture<>();
        shell.onInterrupt(number -> ended.completeExceptionally(new InterruptedException()));
        ReplyReaderOptions options = new ReplyReaderOptions(Set.of(replyTopic), Set.of(tokenTopic), start,
                ReplyReaderOptions.Scope.ALL, ReplyAssembler.Bounds.DEFAULT);
        try (ReplyReader _ = ReplyReader.open(clients.kafkaProperties(), options, event -> {
            if (event.requestId().equals(id)) {
                printer.onEvent(event);
                if (event instanceof ReplyEvent.Ended end) {
                    ended.complete(end.reply());
                }
            }
        })) {
            return show(terminal, printer, ended.get(limit.toMillis(), TimeUnit.MILLISECONDS), record);
        } catch (ExecutionException e) {
            return ExitCode.OK;
        } catch (TimeoutException e) {
            throw new CommandFailure(ExitCode.SOME_FAILED, "no reply to \"" + id + "\" was found in " + replyTopic
                    + " within " + limit.toSeconds() + " s", e);
        }
    }

    private static ExitCode show(Terminal terminal, AnswerPrinter printer, LlmReply reply, boolean record)
            throws IOException {
        boolean completed = reply.getStatus() == ReplyStatus.COMPLETED;
        if (record) {
            terminal.out().println(MAPPER.readTree(new JsonRecords().write(reply)).toPrettyString());
            terminal.out().flush();
            return completed ? ExitCode.OK : ExitCode.SOME_FAILED;
        }
        if (!completed || reply.getBody() == null) {
            terminal.fault(reply.getStatus()
                    + (reply.getError() == null ? "" : ": " + reply.getError().getMessage()));
            return ExitCode.SOME_FAILED;
        }
        byte[] body = new byte[reply.getBody().remaining()];
        reply.getBody().duplicate().get(body);
        printer.finish(MAPPER.readTree(body));
        terminal.out().flush();
        terminal.say(AnswerPrinter.footnote(reply));
        return ExitCode.OK;
    }
}
