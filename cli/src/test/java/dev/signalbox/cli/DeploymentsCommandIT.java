package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three workers and a dispatcher: what an operator orders, and what two workers find out, holds in every worker. */
@Tag("issue-5")
@Tag("alone")
class DeploymentsCommandIT {
    private static final Duration IN_THE_FLEET = Duration.ofSeconds(2);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final List<Worker> WORKERS = new ArrayList<>();

    @TempDir
    private static Path folder;
    private static EmbeddedStack stack;
    private static Dispatcher dispatcher;

    @BeforeAll
    static void start() throws Exception {
        stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults());
        Files.writeString(folder.resolve("my.yaml"), """
                environment: test
                pools: { all: { use_cases: [otherwise], priorities: [standard] } }
                vendors: { sim: { family: openai, base_url: "http://127.0.0.1:9/" } }
                deployments:
                  sim.a/m: { vendor: sim, model_id: m }
                  sim.b/m: { vendor: sim, model_id: m }
                  sim.c/m: { vendor: sim, model_id: m }
                  sim.a/lonely: { vendor: sim, model_id: m }
                routes:
                  m: { test: { otherwise: { sequence: [sim.a, sim.b, sim.c] } } }
                  lonely: { test: { otherwise: { sequence: [sim.a] } } }
                topics: { partitions: 3 }
                """);
        assertThat(run("topics", "apply").code()).isZero();
        Map<String, Object> kafka = Map.of("bootstrap.servers", stack.bootstrapServers());
        Configuration configuration = ((ReadResult.Valid) ConfigurationReader.read(folder.resolve("my.yaml")))
                .configuration();
        for (int i = 0; i < 3; i++) {
            WORKERS.add(Worker.start(WorkerOptions.of(configuration, kafka, registry())));
        }
        dispatcher = Dispatcher
                .start(DispatcherOptions.of(configuration, kafka, registry(), folder.resolve("streams")));
        Awaitility.await().atMost(Duration.ofSeconds(60))
                .until(() -> dispatcher.ready() && WORKERS.stream().allMatch(Worker::ready));
    }

    @AfterAll
    static void stop() {
        WORKERS.parallelStream().forEach(Worker::close);
        if (dispatcher != null) {
            dispatcher.close();
        }
        stack.close();
    }

    private static Map<String, Object> registry() {
        return Map.of("schema.registry.url", stack.registryUrl());
    }

    private static CommandLineRunner.Ran run(String... arguments) {
        return CommandLineRunner.run(Stream.concat(Stream.of(arguments),
                Stream.of("--bootstrap-server", stack.bootstrapServers(), "--schema-registry-url",
                        stack.registryUrl(), "--config", folder.resolve("my.yaml").toString()))
                .toArray(String[]::new));
    }

    private static JsonNode seenBy(Worker worker, String deployment) {
        try {
            JsonNode page;
            try (InputStream in = URI.create("http://127.0.0.1:" + worker.adminPort() + "/deployments").toURL()
                    .openStream()) {
                page = MAPPER.readTree(in);
            }
            return StreamSupport.stream(page.path("deployments").spliterator(), false)
                    .filter(each -> each.path("deployment").asText().equals(deployment)).findFirst().orElseThrow();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until all three see it so; how long that took. */
    private static Duration inTheFleet(String deployment, Duration limit, Predicate<JsonNode> seen) {
        long start = System.nanoTime();
        Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(limit)
                .until(() -> WORKERS.stream().allMatch(worker -> seen.test(seenBy(worker, deployment))));
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void an_order_holds_in_every_worker_ends_by_itself_and_is_kept_for_the_record() {
        CommandLineRunner.Ran ejected = run("deployments", "eject", "sim.a/m", "--for", "4s", "--who", "kim", "--why",
                "it answers in tongues");
        long ordered = System.nanoTime();
        assertThat(ejected.code()).as(ejected.err()).isZero();
        assertThat(ejected.out()).startsWith("sim.a/m ejected until ").contains("by kim: it answers in tongues");
        Duration took = inTheFleet("sim.a/m", IN_THE_FLEET,
                seen -> seen.at("/order/action").asText().equals("EJECT") && seen.at("/order/who").asText()
                        .equals("kim"));
        CommandLineRunner.Ran listed = run("deployments", "list", "-o", "json");
        assertThat(listed.out()).as(listed.err()).contains("it answers in tongues",
                "\"deployment\":\"sim.a/m\"");
        assertThat(WORKERS.getFirst().metrics())
                .contains("signalbox_deployment_ordered{action=\"eject\",deployment=\"sim.a/m\"} 1.0");

        inTheFleet("sim.a/m", Duration.ofSeconds(6), seen -> !seen.has("order"));
        assertThat(Duration.ofNanos(System.nanoTime() - ordered)).isBetween(Duration.ofMillis(2_500),
                Duration.ofSeconds(6));

        assertThat(run("deployments", "drain", "sim.a/m", "--for", "1h", "--why", "maintenance").code()).isZero();
        inTheFleet("sim.a/m", IN_THE_FLEET, seen -> seen.at("/order/action").asText().equals("DRAIN"));
        assertThat(run("deployments", "restore", "sim.a/m", "--why", "done").code()).isZero();
        inTheFleet("sim.a/m", IN_THE_FLEET, seen -> !seen.has("order"));
        System.out.printf("an order was seen by three workers %d ms after the command had ended%n", took.toMillis());

        CommandLineRunner.Ran history = run("deployments", "history", "sim.a/m");
        assertThat(history.out().lines().skip(1)).hasSize(3);
        assertThat(history.out()).containsSubsequence("EJECT", "kim", "DRAIN", "maintenance", "RESTORE", "done");
        assertThat(run("deployments", "history", "-o", "json").out()).contains("\"deployment\":\"sim.a/m\"");
    }

    @Test
    void the_last_deployment_of_a_route_is_ejected_only_on_second_thought() {
        CommandLineRunner.Ran preview = run("deployments", "eject", "sim.a/lonely", "--for", "1m", "--why", "test");
        assertThat(preview.code()).isEqualTo(ExitCode.SOME_FAILED.number());
        assertThat(preview.err()).contains("nothing else serves lonely/test/otherwise", "add --execute");
        assertThat(run("deployments", "history", "sim.a/lonely").out().lines()).hasSize(1);

        assertThat(run("deployments", "eject", "sim.a/lonely", "--for", "1s", "--why", "test", "--execute").code())
                .isZero();
    }

    @Test
    void a_wrong_name_and_a_wrong_time_are_told_with_their_cure() {
        CommandLineRunner.Ran wrong = run("deployments", "drain", "sim.x/m", "--for", "1m", "--why", "test");
        assertThat(wrong.code()).isEqualTo(ExitCode.USAGE.number());
        assertThat(wrong.err()).contains("no deployment is called \"sim.x/m\", did you mean \"sim.a/m\"?");
        assertThat(run("deployments", "drain", "sim.a/m", "--for", "7d", "--why", "test").err())
                .contains("longer than an order can be (6d)");
    }

    @Test
    void what_two_workers_found_out_holds_in_the_third() {
        Map<String, Object> kafka = Map.of("bootstrap.servers", stack.bootstrapServers());
        try (KafkaProducer<String, AttemptEvent> attempts = new KafkaProducer<>(kafka, new StringSerializer(),
                new AvroSerializer<>(SchemaRegistryClient.of(registry()), registry()))) {
            for (int i = 0; i < 12; i++) {
                attempts.send(new ProducerRecord<>(Topics.ATTEMPTS, "sim.b/m", failed("sim.b/m", "worker-" + i % 2)));
            }
        }
        Duration took = inTheFleet("sim.b/m", Duration.ofSeconds(5),
                seen -> seen.path("state").asText().equals("OPEN") && seen.path("own").asText().equals("CLOSED")
                        && seen.at("/fleet/state").asText().equals("EJECTED") && seen.at("/fleet/counts").asBoolean());
        System.out.printf("an ejection was seen by three workers after %d ms%n", took.toMillis());
        assertThat(run("deployments", "list").out()).contains("EJECTED");
        assertThat(run("explain", "--priority", "standard",
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}").out())
                .contains("ejected in the whole fleet", "fleet     sim.b/m EJECTED, told ",
                        "2 of 2 calls failed, 2 in a row, seen by 2 of 2 workers; mostly OVERLOADED");
    }

    @Test
    void what_routes_have_left_and_what_is_wrong_is_told_by_the_commands_and_the_dispatcher() throws IOException {
        Map<String, Object> kafka = Map.of("bootstrap.servers", stack.bootstrapServers());
        try (KafkaProducer<String, AttemptEvent> attempts = new KafkaProducer<>(kafka, new StringSerializer(),
                new AvroSerializer<>(SchemaRegistryClient.of(registry()), registry()));
                KafkaProducer<String, byte[]> raw = new KafkaProducer<>(kafka, new StringSerializer(),
                        new ByteArraySerializer())) {
            raw.send(new ProducerRecord<>(Topics.ATTEMPTS, "sim.c/m", new byte[]{1, 2, 3}));
            for (int i = 0; i < 12; i++) {
                attempts.send(new ProducerRecord<>(Topics.ATTEMPTS, "sim.c/m", failed("sim.c/m", "worker-" + i % 2)));
            }
        }
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(run("redundancy").out()).containsPattern("m/test/otherwise +all .*sim.c/m");
            assertThat(run("alerts", "list").out())
                    .containsPattern("raised +critical +single-vendor +routes.m.test.otherwise");
        });
        assertThat(MAPPER.readTree(run("redundancy", "-o", "json").out()).path("live")).isNotEmpty();
        assertThat(MAPPER.readTree(run("alerts", "list", "-o", "json").out()).findValuesAsText("cure")).isNotEmpty()
                .doesNotContain("");
        for (String path : List.of("/redundancy", "/alerts")) {
            try (InputStream in = URI.create("http://127.0.0.1:" + dispatcher.adminPort() + path).toURL()
                    .openStream()) {
                assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).contains("m/test/otherwise"
                        .replace("/", path.equals("/alerts") ? "." : "/"));
            }
        }
        assertThat(dispatcher.metrics()).contains("signalbox_alerts{severity=\"critical\"} ",
                "signalbox_alert_deliveries_total{outcome=\"failed\",target=\"webhook\"} 0.0");
    }

    private static AttemptEvent failed(String deployment, String worker) {
        return AttemptEvent.newBuilder().setRequestId("request").setAttempt(new AttemptId(0, 1, 1, 7L))
                .setPhase(AttemptPhase.ENDED).setDeployment(deployment).setVendor("sim").setModel("m")
                .setRequestedModel("m").setPool("all").setPriority("standard").setUseCase("support").setTenant("acme")
                .setEnvironment("test").setWorker(worker).setStreamed(false).setOutcome("OVERLOADED")
                .setDurationMillis(0L).build();
    }
}
