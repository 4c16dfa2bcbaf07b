package dev.signalbox.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.ReplyAssembler;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Follows topics, decoded, or one request's tokens. */
@Command(name = "tail", description = "Follows a topic, decoded, one JSON object to a line; or one request's tokens as they come.")
final class TailCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Parameters(arity = "0..1", paramLabel = "REQUEST_ID", description = "Follow this request until it ends; its tokens so far are shown too.")
    private @Nullable String requestId;

    @Option(names = "--topic", paramLabel = "NAME", defaultValue = Topics.REPLIES, description = "Topic to follow; default ${DEFAULT-VALUE}.")
    private String topic = Topics.REPLIES;

    @Option(names = "--from-beginning", description = "Start with the oldest record instead of the next one.")
    private boolean fromBeginning;

    @Option(names = {"-n", "--count"}, paramLabel = "N", description = "Stop after that many records.")
    private @Nullable Integer count;

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();
    @Mixin
    private DataFolder data = new DataFolder();

    @Override
    public Integer call() throws IOException, InterruptedException {
        Clients clients = kafka.running(data).orElseGet(kafka::required);
        clients.clusterId();
        try {
            return (requestId == null ? tail(clients) : follow(clients, requestId)).number();
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    private ExitCode follow(Clients clients, String id) throws IOException, InterruptedException {
        Terminal terminal = shell.terminal();
        AnswerPrinter printer = new AnswerPrinter(terminal, true);
        ReplyReaderOptions options = new ReplyReaderOptions(Set.of(Topics.REPLIES), Set.of(Topics.TOKENS),
                new ReplyReaderOptions.Start.Earliest(), ReplyReaderOptions.Scope.ALL, ReplyAssembler.Bounds.DEFAULT);
        CompletableFuture<LlmReply> ended = new CompletableFuture<>();
        shell.onInterrupt(number -> ended.completeExceptionally(new InterruptedException()));
        try (ReplyReader _ = ReplyReader.open(clients.kafkaProperties(), options, event -> {
            if (event.requestId().equals(id)) {
                printer.onEvent(event);
                if (event instanceof dev.signalbox.schemas.client.ReplyEvent.Ended end) {
                    ended.complete(end.reply());
                }
            }
        })) {
            LlmReply reply = ended.get();
            if (reply.getStatus() != ReplyStatus.COMPLETED || reply.getBody() == null) {
                terminal.fault(reply.getStatus()
                        + (reply.getError() == null ? "" : ": " + reply.getError().getMessage()));
                return ExitCode.SOME_FAILED;
            }
            byte[] body = new byte[reply.getBody().remaining()];
            reply.getBody().duplicate().get(body);
            printer.finish(new ObjectMapper().readTree(body));
            terminal.out().flush();
            terminal.say(AnswerPrinter.footnote(reply));
            return ExitCode.OK;
        } catch (ExecutionException e) {
            return ExitCode.OK;
        }
    }

    private ExitCode tail(Clients clients) {
        Map<String, Object> properties = new HashMap<>(clients.kafkaProperties());
        properties.put("enable.auto.commit", false);
        CountDownLatch stopped = new CountDownLatch(1);
        shell.onInterrupt(number -> stopped.countDown());
        int left = count == null ? Integer.MAX_VALUE : count;
        RecordText text = new RecordText(clients.registryProperties());
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(properties, new StringDeserializer(),
                new ByteArrayDeserializer())) {
            List<PartitionInfo> partitions = consumer.partitionsFor(topic, Duration.ofSeconds(10));
            if (partitions.isEmpty()) {
                throw new CommandFailure(ExitCode.USAGE, "there is no topic \"" + topic + "\""
                        + dev.signalbox.cli.batch.DidYouMean.hint(topic, consumer.listTopics().keySet()));
            }
            List<TopicPartition> assigned = partitions.stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition())).toList();
            consumer.assign(assigned);
            if (fromBeginning) {
                consumer.seekToBeginning(assigned);
            } else {
                consumer.seekToEnd(assigned);
            }
            while (left > 0 && stopped.getCount() > 0) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    if (left-- > 0) {
                        shell.terminal().out().println(text.of(record));
                    }
                }
                shell.terminal().out().flush();
            }
        }
        return ExitCode.OK;
    }
}
