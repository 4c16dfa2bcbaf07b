package dev.signalbox.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.signalbox.schemas.Topics;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
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
    private static final Duration FOR_EVER = Duration.ofDays(365);
    private static final Duration LOOKED = Duration.ofSeconds(30);

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Parameters(arity = "0..1", paramLabel = "REQUEST_ID", description = "Follow this request until it ends, from its first token, as replies tail does.")
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
            return (requestId == null
                    ? tail(clients)
                    : follow(clients, requestId))
                    .number();
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    /** Where its reply goes, and from where on its tokens can be, is told once it runs. */
    private ExitCode follow(Clients clients, String id) throws IOException, InterruptedException {
        JsonNode told = new Whereabouts(clients, null, LOOKED).told(id).orElse(MissingNode.getInstance());
        ReplyFollower follower = new ReplyFollower(clients, told.path("replyTopic").asText(Topics.REPLIES),
                Topics.TOKENS);
        return follower.follow(shell, id, follower.start(told), false, FOR_EVER);
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
