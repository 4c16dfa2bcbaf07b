package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two dispatchers as processes share the deployments and answer for each other; one is killed, and the other takes over,
 * with its standby and, for comparison, without. A list is whole or says that it is not, at every moment between.
 */
@Tag("issue-5")
@Tag("long")
@Timeout(300)
class TakeOverIT {
    private static final int DEPLOYMENTS = 8_000;

    /**
     * @param millis from the kill to the first whole list
     * @param held deployments of the one that was killed
     * @param restored records that its heir read from changelogs for that
     * @param refused lists that said that they are not whole
     */
    private record TakeOver(long millis, int held, long restored, int refused) {
    }

    @Test
    void aStandbyTakesOverWithoutReadingTheChangelogs(@TempDir Path folder) throws Exception {
        TakeOver without = takeOver(Files.createDirectories(folder.resolve("without")), 0);
        TakeOver with = takeOver(Files.createDirectories(folder.resolve("with")), 1);
        System.out.printf(
                "kill -9 of one of two dispatchers to whole answers: %d ms with a standby (%d records restored for %d "
                        + "deployments), %d ms without (%d for %d)%n",
                with.millis, with.restored, with.held, without.millis, without.restored, without.held);

        assertThat(without.restored).as("without a standby every deployment is read again")
                .isGreaterThanOrEqualTo(without.held);
        assertThat(with.restored).as("with one almost none is").isLessThan(with.held / 10);
        assertThat(with.refused + without.refused).as("lists while the owner was away").isPositive();
    }

    private static TakeOver takeOver(Path folder, int standbyReplicas) throws Exception {
        Path file = Files.writeString(folder.resolve("signalbox.yaml"), """
                environment: test
                vendors:
                  v: { family: openai, base_url: "http://127.0.0.1:9/v1" }
                deployments:
                  v/idle: { vendor: v, model_id: idle }
                pools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                  idle: { test: { otherwise: { sequence: [v] } } }
                topics: { partitions: 4 }
                """);
        if (!(ConfigurationReader.read(file) instanceof ReadResult.Valid valid)) {
            throw new IllegalStateException("the configuration is wrong");
        }
        Configuration configuration = valid.configuration();
        try (EmbeddedStack stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults())) {
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", stack.bootstrapServers()))) {
                new TopicAdmin(admin).createMissing(TopicCatalogue.of(configuration), Duration.ofSeconds(60));
            }
            try (StandbyDispatcher first = StandbyDispatcher.start("first", folder, file, stack.bootstrapServers(),
                    stack.registryUrl(), standbyReplicas);
                    StandbyDispatcher second = StandbyDispatcher.start("second", folder, file, stack.bootstrapServers(),
                            stack.registryUrl(), standbyReplicas)) {
                call(stack);
                for (StandbyDispatcher asked : new StandbyDispatcher[]{first, second}) {
                    asked.await("/deployments", TakeOverIT::isWhole);
                    asked.await("/instance/deployments", page -> held(page) > 0);
                }
                int held = held(first.get("/instance/deployments"));
                String one = first.get("/instance/deployments").json().path("rows").fieldNames().next();
                assertThat(second.get("/deployments/" + one).body()).contains("\"deployment\":\"" + one + "\"");
                if (standbyReplicas > 0) {
                    // A standing and a slice of each deployment, read ahead.
                    Awaitility.await("standby").atMost(Duration.ofSeconds(90))
                            .until(() -> second.metric("kafka_consumer_fetch_manager_records_consumed_total{",
                                    "restore-consumer") >= 2.0 * held);
                }
                return kill(first, second, held);
            }
        }
    }

    private static TakeOver kill(StandbyDispatcher first, StandbyDispatcher second, int held) throws Exception {
        double before = second.metric("signalbox_dispatcher_restored_records_total", "");
        first.process().kill();
        long killed = System.nanoTime();
        int refused = 0;
        StandbyDispatcher.Page page = second.get("/deployments");
        while (!isWhole(page)) {
            assertThat(page.status()).as("a list of %s", page.body().lines().findFirst()).isEqualTo(503);
            assertThat(page.json().path("away")).isNotEmpty();
            refused++;
            assertThat(System.nanoTime() - killed).as(second.process().tail())
                    .isLessThan(Duration.ofSeconds(90).toNanos());
            page = second.get("/deployments");
        }
        long millis = (System.nanoTime() - killed) / 1_000_000;
        return new TakeOver(millis, held,
                Math.round(second.metric("signalbox_dispatcher_restored_records_total", "") - before), refused);
    }

    private static int held(StandbyDispatcher.Page page) {
        return json(page).path("rows").size();
    }

    private static boolean isWhole(StandbyDispatcher.Page page) {
        return page.status() == 200 && json(page).path("deployments").size() == DEPLOYMENTS + 1;
    }

    private static JsonNode json(StandbyDispatcher.Page page) {
        try {
            return page.json();
        } catch (IOException e) {
            throw new AssertionError(page.body(), e);
        }
    }

    /** One answered call of each deployment. */
    private static void call(EmbeddedStack stack) {
        Map<String, Object> registry = Map.of("schema.registry.url", stack.registryUrl());
        try (KafkaProducer<String, AttemptEvent> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", stack.bootstrapServers()), new StringSerializer(),
                new AvroSerializer<>(SchemaRegistryClient.of(registry), registry))) {
            for (int i = 0; i < DEPLOYMENTS; i++) {
                String deployment = "d" + i + "/model";
                producer.send(new ProducerRecord<>(Topics.ATTEMPTS, deployment,
                        AttemptEvent.newBuilder().setRequestId("request-" + i)
                                .setAttempt(new AttemptId(0, 1, 1, (long) i))
                                .setPhase(AttemptPhase.ENDED).setDeployment(deployment).setVendor("v")
                                .setModel("model").setRequestedModel("model").setPool("main").setPriority("standard")
                                .setUseCase("support").setTenant("acme").setEnvironment("test").setWorker("worker")
                                .setStreamed(false).setOutcome("ANSWERED").setDurationMillis(10L).build()),
                        (metadata, error) -> {
                            if (error != null) {
                                throw new AssertionError(error);
                            }
                        });
            }
        }
    }
}
