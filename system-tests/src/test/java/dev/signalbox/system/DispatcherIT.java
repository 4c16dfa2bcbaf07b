package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What workers report becomes the health of each deployment, on a real broker. */
@Tag("issue-2")
@Tag("alone")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DispatcherIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Installation installation;
    private Dispatcher dispatcher;
    private Path folder;
    private KafkaConsumer<String, DeploymentHealth> healths;
    private KafkaProducer<String, AttemptEvent> attempts;
    private final Map<String, DeploymentHealth> latest = new HashMap<>();

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        folder = temporary;
        installation = Installation.start(folder.resolve("stack"),
                SimulatorOptions.of(VendorProfile.of("good", ModelProfile.paced(20, 1))), simulator -> """
                        environment: test
                        vendors:
                          good: { family: openai, base_url: "%s" }
                        deployments:
                          good/fine: { vendor: good, model_id: gpt-fine, limits: { concurrency: 100, requests_per_minute: 60000 } }
                          good/down: { vendor: good, model_id: "gpt@fault=status:503" }
                          good/idle: { vendor: good, model_id: gpt-idle }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes:
                          fine: { test: { otherwise: { sequence: [good] } } }
                          down: { test: { otherwise: { sequence: [good] } } }
                        use_cases: { support: { objective: { answered_in_time: 99.9%% } } }
                        topics: { partitions: 4 }
                        """.formatted(simulator.baseUrl("good")));
        SchemaRegistryClient registry = SchemaRegistryClient.of(installation.registryProperties());
        attempts = new KafkaProducer<>(installation.clientProperties(), new StringSerializer(),
                new AvroSerializer<>(registry, installation.registryProperties()));
        healths = new KafkaConsumer<>(installation.clientProperties(), new StringDeserializer(),
                new AvroDeserializer<>(DeploymentHealth.class, registry));
        List<TopicPartition> partitions = healths.partitionsFor(Topics.HEALTH).stream()
                .map(info -> new TopicPartition(Topics.HEALTH, info.partition())).toList();
        healths.assign(partitions);
        healths.seekToBeginning(partitions);
        dispatcher = startDispatcher();
    }

    private Dispatcher startDispatcher() {
        Dispatcher started = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                installation.clientProperties(), installation.registryProperties(), folder.resolve("control")));
        Awaitility.await().atMost(PATIENCE).until(started::ready);
        return started;
    }

    @AfterAll
    void stop() {
        if (installation != null) {
            attempts.close();
            healths.close();
            dispatcher.close();
            installation.close();
        }
    }

    @Test
    void workersCallsBecomeVisibleHealth() throws Exception {
        try (RequestProducer producer = RequestProducer.open(installation.callerProperties(),
                RequestProducerOptions.DEFAULT, (request, error) -> {
                    throw new AssertionError(request, error);
                })) {
            for (int i = 0; i < 5; i++) {
                ask(producer, "fine-" + i, "fine");
                ask(producer, "down-" + i, "down");
            }
        }

        DeploymentHealth fine = await(health -> health.getDeployment().equals("good/fine"));
        DeploymentHealth down = await(health -> health.getDeployment().equals("good/down")
                && health.getState() == DeploymentState.EJECTED);

        assertThat(fine.getState()).isEqualTo(DeploymentState.HEALTHY);
        assertThat(down.getReason()).contains("OVERLOADED");
        assertThat(get("/livez")).isEqualTo("live\n");
        assertThat(get("/readyz")).isEqualTo("ready\n");
        assertThat(get("/deployments")).contains("\"deployment\":\"good/fine\"", "\"deployment\":\"good/down\"",
                "no call seen yet");
        assertThat(get("/deployments/good/down")).contains("\"OVERLOADED\":", "\"blame\":\"ENDPOINT\"");
        assertThat(get("/deployments/good/unheard-of")).contains("no such deployment");
        assertThat(get("/metrics")).contains("kafka_stream_", "jvm_memory_used_bytes")
                .contains(DocumentedMetrics.ofDispatchers());
        assertThat(get("/usage/hourly")).contains("\"complete\":true");
        assertThat(get("/budgets")).contains("\"budgets\":[");
    }

    @Test
    void aChangeIsVisibleWithinMillisecondsAndARestartForgetsNothing() {
        changesAtOnce("warm-up", 100);
        long[] micros = changesAtOnce("measured", 100);
        Arrays.sort(micros);
        System.out.printf(
                "attempt event to health record: p50 %.1f ms, p98 %.1f ms, max %.1f ms (%d changes, one at a time)%n",
                micros[49] / 1_000.0, micros[97] / 1_000.0, micros[99] / 1_000.0, micros.length);
        assertThat(micros[49]).as("median, µs").isLessThan(50_000);

        send("kept", "ENDPOINT_DEAD");
        await(health -> health.getDeployment().equals("kept") && health.getState() == DeploymentState.EJECTED);
        long closing = System.nanoTime();
        dispatcher.close();
        dispatcher = startDispatcher();
        System.out.printf("restart of the dispatcher: %d ms%n", (System.nanoTime() - closing) / 1_000_000);

        assertThat(dispatcher.healths().health("kept").getState()).isEqualTo(DeploymentState.EJECTED);
        assertThat(dispatcher.healths().health("kept").getVersion()).isEqualTo(2);
    }

    @Test
    void everyCallBecomesUsageOnce() throws Exception {
        int calls = 40;
        try (RequestProducer producer = RequestProducer.open(installation.callerProperties(),
                RequestProducerOptions.DEFAULT, (request, error) -> {
                    throw new AssertionError(request, error);
                })) {
            for (int i = 0; i < calls; i++) {
                ask(producer, "usage-" + i, "fine");
            }
        }

        List<UsageRecord> usage = new ArrayList<>();
        Map<String, UsageRollup> days = new HashMap<>();
        try (var records = committed(Topics.USAGE, UsageRecord.class);
                var rollups = committed(Topics.USAGE_DAILY, UsageRollup.class);
                var endings = committed(Topics.AVAILABILITY, AvailabilityRecord.class)) {
            Map<String, AvailabilityRecord> hours = new HashMap<>();
            Awaitility.await().atMost(PATIENCE).until(() -> {
                records.poll(Duration.ofMillis(100)).forEach(record -> usage.add(record.value()));
                rollups.poll(Duration.ofMillis(100)).forEach(record -> days.put(record.key(), record.value()));
                endings.poll(Duration.ofMillis(100)).forEach(record -> hours.put(record.key(), record.value()));
                return usage.stream().filter(record -> record.getRequestId().startsWith("usage-")).count() >= calls
                        && days.values().stream().filter(day -> day.getDeployment().equals("good/fine"))
                                .mapToLong(UsageRollup::getAnswered).sum() >= calls
                        && hours.values().stream().filter(hour -> hour.getUseCase().equals("support"))
                                .mapToLong(AvailabilityRecord::getInTime).sum() >= calls;
            });
        }

        List<UsageRecord> ours = usage.stream().filter(record -> record.getRequestId().startsWith("usage-")).toList();
        assertThat(ours).hasSize(calls).allSatisfy(record -> {
            assertThat(record.getOutcome()).isEqualTo("ANSWERED");
            assertThat(record.getUsage().getOutputTokens()).isPositive();
            assertThat(record.getTenant()).isEqualTo("acme");
        });
        assertThat(ours).extracting(UsageRecord::getEventId).doesNotHaveDuplicates();
    }

    private <T extends SpecificRecord> KafkaConsumer<String, T> committed(String topic, Class<T> type) {
        Map<String, Object> properties = new HashMap<>(installation.clientProperties());
        properties.put("isolation.level", "read_committed");
        KafkaConsumer<String, T> consumer = new KafkaConsumer<>(properties, new StringDeserializer(),
                new AvroDeserializer<>(type, SchemaRegistryClient.of(installation.registryProperties())));
        List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition())).toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        return consumer;
    }

    /** What each alert and each panel asks for is shown by this worker and this dispatcher. */
    @Test
    void alertsAndPanelsNameMetricsThatTheProductShows() throws Exception {
        try (RequestProducer producer = RequestProducer.open(installation.callerProperties(),
                RequestProducerOptions.DEFAULT, (request, error) -> {
                    throw new AssertionError(request, error);
                })) {
            ask(producer, "shown-1", "fine");
        }
        String worker = Awaitility.await().atMost(PATIENCE).until(installation.worker()::metrics,
                shown -> shown.contains("gen_ai_client_operation_duration_seconds_count")
                        && shown.contains("signalbox_requests_seconds_count"));
        Set<String> shown = (worker + get("/metrics")).lines().filter(line -> !line.startsWith("#"))
                .map(line -> line.split("[{ ]")[0]).collect(Collectors.toCollection(TreeSet::new));
        shown.addAll(Monitoring.OF_PROMETHEUS);
        for (JsonNode rule : Monitoring.rules()) {
            if (rule.has("record")) {
                shown.add(rule.path("record").asText());
            }
        }

        for (JsonNode rule : Monitoring.rules()) {
            assertThat(shown).as(rule.toString()).containsAll(Monitoring.names(rule.path("expr").asText()));
        }
        Monitoring.dashboard().forEach((panel, expression) -> assertThat(shown).as(panel)
                .containsAll(Monitoring.names(expression)));
        assertThat(shown).containsAll(Monitoring.variables());
        Monitoring.scaling().forEach((trigger, query) -> assertThat(shown).as(trigger)
                .containsAll(Monitoring.names(query)));
    }

    /** Microseconds from the send of each event to the reading of the change that it makes. */
    private long[] changesAtOnce(String prefix, int count) {
        long[] micros = new long[count];
        for (int i = 0; i < count; i++) {
            String name = prefix + "/" + i;
            long sent = System.nanoTime();
            send(name, "ENDPOINT_DEAD");
            await(health -> health.getDeployment().equals(name) && health.getState() == DeploymentState.EJECTED);
            micros[i] = (System.nanoTime() - sent) / 1_000;
        }
        return micros;
    }

    private void send(String deployment, String outcome) {
        attempts.send(new ProducerRecord<>(Topics.ATTEMPTS, deployment,
                AttemptEvent.newBuilder().setRequestId("request").setAttempt(new AttemptId(0, 1, 1, 7L))
                        .setPhase(AttemptPhase.ENDED).setDeployment(deployment).setVendor("vendor").setModel("model")
                        .setRequestedModel("model").setPool("main").setPriority("standard").setUseCase("support")
                        .setTenant("acme").setEnvironment("test").setWorker("worker").setStreamed(false)
                        .setOutcome(outcome).setDurationMillis(0L).build()),
                (metadata, error) -> {
                    if (error != null) {
                        throw new AssertionError(error);
                    }
                });
    }

    /** Reads the topic until the latest record of some deployment is such. */
    private DeploymentHealth await(Predicate<DeploymentHealth> wanted) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            for (var record : healths.poll(Duration.ofMillis(100))) {
                latest.put(record.key(), record.value());
            }
            for (DeploymentHealth health : latest.values()) {
                if (wanted.test(health)) {
                    return health;
                }
            }
        }
        throw new AssertionError("no such health within " + PATIENCE + ": " + latest);
    }

    private static void ask(RequestProducer producer, String id, String model) {
        String body = "{\"model\":\"" + model
                + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Where is my parcel?\"}]}";
        LlmRequest request = LlmRequest.newBuilder().setId(id).setModel(model).setUseCase("support").setTenant("acme")
                .setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))).setStreamTokens(false)
                .setStreamPolicy(StreamPolicy.RESTART).build();
        producer.send(producer.prepare(new Lane(new PoolName("main"), Priority.STANDARD), request, List.of())).join();
    }

    private String get(String path) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + dispatcher.adminPort() + path)).build(),
                    HttpResponse.BodyHandlers.ofString()).body();
        }
    }
}
