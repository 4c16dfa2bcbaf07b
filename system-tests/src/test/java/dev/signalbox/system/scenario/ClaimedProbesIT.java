package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two workers whose requests come at the same moments probe a deployment that was ejected, on a real broker. */
@Tag("issue-5")
@Tag("issue-6")
@Tag("alone")
@Tag("long")
class ClaimedProbesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String SICK = "sick/m";
    private static final int ROUNDS = 3;
    private static final int AT_ONCE = 8;

    private record Call(long startedMillis, long endedMillis) {
    }

    @Test
    void ofAllWhoCallAtTheSameMomentOneProbes(@TempDir Path folder) throws Exception {
        try (Installation installation = Installation.start(folder.resolve("stack"),
                SimulatorOptions.of(VendorProfile.of("good", ModelProfile.paced(20, 5))), simulator -> """
                        environment: test
                        vendors:
                          sick: { family: openai, base_url: "%1$s" }
                          well: { family: openai, base_url: "%1$s" }
                        deployments:
                          sick/m: { vendor: sick, model_id: gpt-m }
                          well/m: { vendor: well, model_id: gpt-m }
                        pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                        routes: { m: { test: { otherwise: { sequence: [sick, well] } } } }
                        topics: { partitions: 8 }
                        """.formatted(simulator.baseUrl("good")));
                Worker second = Worker.start(WorkerOptions.of(installation.configuration(),
                        installation.clientProperties(), installation.registryProperties()));
                Dispatcher dispatcher = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                        installation.clientProperties(), installation.registryProperties(),
                        folder.resolve("control")))) {
            Awaitility.await().atMost(PATIENCE).until(() -> second.ready() && dispatcher.ready());
            for (int round = 0; round < ROUNDS; round++) {
                probed(installation, round);
            }
        }
    }

    private static void probed(Installation installation, int round) {
        eject(installation);
        DeploymentHealth probing = await(installation, DeploymentState.PROBING);
        int sent = 0;
        try (RequestProducer producer = RequestProducer.open(installation.callerProperties(),
                RequestProducerOptions.DEFAULT, (request, error) -> {
                    throw new AssertionError(request, error);
                })) {
            while (health(installation).orElseThrow().getState() == DeploymentState.PROBING) {
                List<CompletableFuture<?>> asked = new ArrayList<>();
                for (int i = 0; i < AT_ONCE; i++) {
                    asked.add(ask(producer, "r-" + round + "-" + sent++));
                }
                asked.forEach(CompletableFuture::join);
            }
        }
        DeploymentHealth healed = await(installation, DeploymentState.HEALTHY);
        assertThat(healed.getPreviousState()).isEqualTo(DeploymentState.PROBING);
        check(installation, probing.getSinceMillis(), healed.getSinceMillis(), sent);
    }

    private static void check(Installation installation, long from, long until, int sent) {
        Map<String, Long> claims = new HashMap<>();
        Map<String, Long> starts = new HashMap<>();
        List<Call> calls = new ArrayList<>();
        List<Long> named = new ArrayList<>();
        for (ConsumerRecord<String, AttemptEvent> record : TopicRecords.keyed(installation.callerProperties(),
                Topics.ATTEMPTS, AttemptEvent.class)) {
            AttemptEvent event = record.value();
            String id = event.getRequestId() + event.getAttempt();
            if (!event.getDeployment().equals(SICK) || record.timestamp() < from) {
                continue;
            }
            switch (event.getPhase()) {
                case CLAIMED -> claims.put(id, record.timestamp());
                case STARTED -> {
                    starts.put(id, record.timestamp());
                    if (claims.containsKey(id)) {
                        named.add(record.timestamp() - claims.get(id));
                    }
                }
                case ENDED -> calls.add(new Call(starts.get(id), record.timestamp()));
            }
        }
        List<Call> probes = calls.stream().filter(call -> call.startedMillis() < until).toList();
        System.out.printf("probes: %d requests, %d claims, %d probes; from a claim to its call %s ms%n", sent,
                claims.size(), probes.size(), named);
        assertThat(claims).isNotEmpty();
        assertThat(named).isNotEmpty();
        assertThat(probes).hasSize(3);
        for (int i = 1; i < probes.size(); i++) {
            assertThat(probes.get(i).startedMillis()).as("one at a time").isGreaterThanOrEqualTo(
                    probes.get(i - 1).endedMillis());
        }
    }

    private static void eject(Installation installation) {
        try (KafkaProducer<String, AttemptEvent> attempts = new KafkaProducer<>(installation.clientProperties(),
                new StringSerializer(), new AvroSerializer<>(
                        SchemaRegistryClient.of(installation.registryProperties()),
                        installation.registryProperties()))) {
            attempts.send(new ProducerRecord<>(Topics.ATTEMPTS, SICK,
                    AttemptEvent.newBuilder().setRequestId("of another worker").setAttempt(new AttemptId(0, 1, 1, 7L))
                            .setPhase(AttemptPhase.ENDED).setDeployment(SICK).setVendor("sick").setModel("m")
                            .setRequestedModel("m").setPool("main").setPriority("standard").setUseCase("support")
                            .setTenant("acme").setEnvironment("test").setWorker("another").setStreamed(false)
                            .setOutcome("ENDPOINT_DEAD").setDurationMillis(0L).build()));
        }
        await(installation, DeploymentState.EJECTED);
    }

    private static DeploymentHealth await(Installation installation, DeploymentState state) {
        return Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50))
                .until(() -> health(installation), told -> told.isPresent() && told.get().getState() == state)
                .orElseThrow();
    }

    private static Optional<DeploymentHealth> health(Installation installation) {
        return TopicRecords.keyed(installation.callerProperties(), Topics.HEALTH, DeploymentHealth.class).stream()
                .filter(record -> record.key().equals(SICK)).map(ConsumerRecord::value).reduce((one, next) -> next);
    }

    private static CompletableFuture<?> ask(RequestProducer producer, String id) {
        LlmRequest request = LlmRequest.newBuilder().setId(id).setModel("m").setUseCase("support").setTenant("acme")
                .setBody(ByteBuffer.wrap("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}"
                        .getBytes(StandardCharsets.UTF_8)))
                .setStreamTokens(false).setStreamPolicy(StreamPolicy.RESTART).build();
        return producer.send(producer.prepare(new Lane(new PoolName("main"), Priority.STANDARD), request, List.of()));
    }
}
