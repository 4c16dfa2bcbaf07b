package dev.signalbox.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stack keeps its data and ids over restarts and kills, and holds its folder alone. */
@Tag("issue-2")
@Tag("alone")
class EmbeddedStackIT {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Duration SESSION = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void keepsRecordsAndSchemaIdsOverARestart() throws Exception {
        try (EmbeddedStack stack = EmbeddedStack.start(folder, EmbeddedOptions.defaults())) {
            createTopic(stack, "kept");
            send(stack, "kept", "before");
            assertThat(register(stack, "kept-value", "\\\"string\\\"")).isEqualTo("{\"id\":1}");
            assertThat(register(stack, "other-value", "\\\"long\\\"")).isEqualTo("{\"id\":2}");
        }
        try (EmbeddedStack stack = EmbeddedStack.start(folder, EmbeddedOptions.defaults())) {
            assertThat(read(stack, "kept")).containsExactly("before");
            assertThat(get(stack, "/schemas/ids/2")).isEqualTo("{\"schema\":\"\\\"long\\\"\"}");
            assertThat(register(stack, "third-value", "\\\"int\\\"")).isEqualTo("{\"id\":3}");
        }
    }

    @Test
    void keepsAcknowledgedRecordsOverAKill() throws Exception {
        Process process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                System.getProperty("java.class.path"), "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", KilledStack.class.getName(),
                folder.toString()).redirectErrorStream(true)
                .redirectOutput(folder.resolve("killed.log").toFile()).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(folder.resolve("killed.log"))).isEqualTo(KilledStack.EXIT);
        long start = System.nanoTime();
        try (EmbeddedStack stack = EmbeddedStack.start(folder, EmbeddedOptions.defaults())) {
            System.out.println("start after a kill: " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)
                    + " ms");
            assertThat(read(stack, "kept")).containsExactly("before");
            assertThat(get(stack, "/subjects")).isEqualTo("[\"kept-value\"]");
            try (KafkaConsumer<String, String> member = member(stack)) {
                member.subscribe(List.of("kept"));
                long end = System.nanoTime() + SESSION.toNanos() / 3;
                while (member.assignment().isEmpty() && System.nanoTime() < end) {
                    member.poll(Duration.ofMillis(100));
                }
                assertThat(member.assignment()).as("the killed member's session is not waited for").hasSize(1);
            }
        }
    }

    @Test
    void namesTheHolderOfALockedFolder() throws Exception {
        try (FolderLock _ = FolderLock.take(folder)) {
            assertThatThrownBy(() -> EmbeddedStack.start(folder, EmbeddedOptions.defaults()))
                    .isInstanceOf(FolderLockedException.class).hasMessageContaining(folder.toString())
                    .hasMessageContaining("process " + ProcessHandle.current().pid())
                    .hasMessageContaining("another folder");
        }
    }

    @Test
    void namesAPortInUseAndFreesTheFolder() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            int port = taken.getLocalPort();
            assertThatThrownBy(
                    () -> EmbeddedStack.start(folder, EmbeddedOptions.defaults().withBrokerPort(port)))
                    .isInstanceOf(PortInUseException.class).hasMessageContaining("Port " + port)
                    .hasMessageContaining("broker");
            assertThatThrownBy(
                    () -> EmbeddedStack.start(folder, EmbeddedOptions.defaults().withRegistryPort(port)))
                    .isInstanceOf(PortInUseException.class).hasMessageContaining("schema registry");
        }
        FolderLock.take(folder).close();
    }

    @Test
    void namesAFolderThatCannotBeMade() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> EmbeddedStack.start(file.resolve("data"), EmbeddedOptions.defaults()))
                .isInstanceOf(EmbeddedStartException.class).hasMessageContaining(file.resolve("data").toString());
    }

    @Test
    void isReadyWithinSixSecondsAndStopsWithinTwo() throws Exception {
        // The first start of a JVM loads the classes; others of this class may have run before.
        long start = System.nanoTime();
        EmbeddedStack stack = EmbeddedStack.start(folder, EmbeddedOptions.defaults());
        long ready = System.nanoTime();
        stack.close();
        long stopped = System.nanoTime();
        System.out.println("embedded stack: ready after " + TimeUnit.NANOSECONDS.toMillis(ready - start)
                + " ms, stopped after " + TimeUnit.NANOSECONDS.toMillis(stopped - ready) + " ms");
        assertThat(Duration.ofNanos(ready - start)).isLessThan(Duration.ofSeconds(6));
        assertThat(Duration.ofNanos(stopped - ready)).isLessThan(Duration.ofSeconds(2));
    }

    static void createTopic(EmbeddedStack stack, String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", stack.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        }
    }

    static void send(EmbeddedStack stack, String topic, String value) throws Exception {
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", stack.bootstrapServers()),
                new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, value)).get();
        }
    }

    static KafkaConsumer<String, String> member(EmbeddedStack stack) {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", stack.bootstrapServers(), "group.id", "readers",
                "session.timeout.ms", String.valueOf(SESSION.toMillis())), new StringDeserializer(),
                new StringDeserializer());
    }

    private static List<String> read(EmbeddedStack stack, String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.bootstrapServers()),
                new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            return consumer.poll(Duration.ofSeconds(30)).records(partition).stream().map(ConsumerRecord::value)
                    .toList();
        }
    }

    static String register(EmbeddedStack stack, String subject, String schema)
            throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(URI.create(stack.registryUrl() + "/subjects/" + subject + "/versions"))
                .POST(HttpRequest.BodyPublishers.ofString("{\"schema\":\"" + schema + "\"}")).build(),
                HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8)).body();
    }

    private static String get(EmbeddedStack stack, String path) throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(URI.create(stack.registryUrl() + path)).build(),
                HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8)).body();
    }
}
