package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.simulator.profile.ModelProfile;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two dispatchers, restarted one after the other and then one of them killed, while calls go on: each call counts once. */
@Tag("issue-5")
@Tag("long")
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DispatchersLostIT {
    private static final int PER_SECOND = 300;
    private static final int DEPLOYMENTS = 20;
    private static final long OUTPUT_TOKENS = 7;
    private static final BigDecimal COST = new BigDecimal("0.000000123");
    private static final Duration SETTLED = Duration.ofSeconds(60);

    private volatile boolean stopped;
    private volatile int sent;
    private final Set<String> dead = new TreeSet<>();

    @Test
    void nothingIsLostAndNothingCountsTwice(@TempDir Path folder) throws Exception {
        try (Fleet fleet = Fleet.start(folder, 1, 1, ModelProfile.ZERO_LATENCY);
                FleetDispatcher one = fleet.startDispatcher("dispatcher-1");
                FleetDispatcher two = fleet.startDispatcher("dispatcher-2")) {
            one.awaitReady();
            two.awaitReady();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread calls = Thread.ofVirtual().uncaughtExceptionHandler((thread, thrown) -> failure.set(thrown))
                    .start(() -> calls(fleet));
            awaitMore(1_500);
            one.process().terminate();
            one.process().awaitEnd(Duration.ofSeconds(30));
            try (FleetDispatcher three = fleet.startDispatcher("dispatcher-3")) {
                three.awaitReady();
                awaitMore(1_500);
                two.process().terminate();
                two.process().awaitEnd(Duration.ofSeconds(30));
                try (FleetDispatcher four = fleet.startDispatcher("dispatcher-4")) {
                    four.awaitReady();
                    awaitMore(1_500);
                    three.process().kill();
                    // Until the dead one's session has run out and its tasks are taken over.
                    awaitMore(PER_SECOND * 20);
                    stopped = true;
                    calls.join();
                    assertThat(failure.get()).isNull();
                    four.awaitReady();
                    judge(fleet);
                }
            }
        }
    }

    private void awaitMore(int calls) {
        int until = sent + calls;
        Awaitility.await().atMost(Duration.ofMinutes(3)).until(() -> sent >= until);
    }

    /** Each call starts and ends; each two seconds' worth a deployment dies. */
    private void calls(Fleet fleet) {
        try (var attempts = new KafkaProducer<String, AttemptEvent>(
                Map.of("bootstrap.servers", fleet.brokers().bootstrapServers()), new StringSerializer(),
                new AvroSerializer<>(SchemaRegistryClient.of(fleet.callerProperties()), fleet.callerProperties()))) {
            long start = System.nanoTime();
            for (int i = 0; !stopped; i++) {
                attempts.send(event(i, "vendor.r" + i % DEPLOYMENTS + "/m", AttemptPhase.STARTED, "ANSWERED"));
                attempts.send(event(i, "vendor.r" + i % DEPLOYMENTS + "/m", AttemptPhase.ENDED, "ANSWERED"));
                if (i % (2 * PER_SECOND) == 0) {
                    String name = "dead.r" + i + "/m";
                    attempts.send(event(i, name, AttemptPhase.ENDED, "ENDPOINT_DEAD"));
                    dead.add(name);
                }
                sent = i + 1;
                LockSupport.parkNanos(start + (i + 1L) * 1_000_000_000L / PER_SECOND - System.nanoTime());
            }
        }
    }

    private static ProducerRecord<String, AttemptEvent> event(int number, String deployment, AttemptPhase phase,
            String outcome) {
        AttemptEvent event = AttemptEvent.newBuilder().setRequestId("request-" + number)
                .setAttempt(new AttemptId(0, 1, 1, (long) deployment.hashCode())).setPhase(phase)
                .setDeployment(deployment)
                .setVendor("vendor").setModel("m").setRequestedModel("m").setPool("main").setPriority("standard")
                .setUseCase("support").setTenant("tenant-" + number % 3).setEnvironment("test").setWorker("worker")
                .setStreamed(false).build();
        if (phase == AttemptPhase.ENDED) {
            event.setOutcome(outcome);
            event.setDurationMillis(5L);
            event.setUsage(TokenUsage.newBuilder().setInputTokens(3L).setOutputTokens(OUTPUT_TOKENS).build());
            event.setCost(COST);
        }
        return new ProducerRecord<>(Topics.ATTEMPTS, deployment, event);
    }

    private void judge(Fleet fleet) throws Exception {
        int calls = sent + dead.size();
        try (var usage = new CommittedRecords<>(fleet.callerProperties(), Topics.USAGE, UsageRecord.class);
                var days = new CommittedRecords<>(fleet.callerProperties(), Topics.USAGE_DAILY, UsageRollup.class)) {
            Awaitility.await().atMost(SETTLED).pollInterval(Duration.ofSeconds(1))
                    .until(() -> usage.read().size() >= calls
                            && days.read().values().stream().mapToLong(UsageRollup::getAttempts).sum() >= calls);
            Thread.sleep(Duration.ofSeconds(6));
            usage.read();
            assertThat(usage.read()).hasSize(calls);
            assertThat(usage.counts().values()).as("records of each call").containsOnly(1);
            assertThat(days.read().values().stream().mapToLong(UsageRollup::getAttempts).sum()).isEqualTo(calls);
            assertThat(days.read().values().stream().mapToLong(UsageRollup::getOutputTokens).sum())
                    .isEqualTo(OUTPUT_TOKENS * calls);
            assertThat(days.read().values().stream().map(UsageRollup::getCost).reduce(BigDecimal.ZERO, BigDecimal::add))
                    .isEqualByComparingTo(COST.multiply(BigDecimal.valueOf(calls)));
            Map<String, Set<Long>> ejections = ejections(fleet);
            System.out.printf(
                    "%,d calls over two restarts and a kill of one of two dispatchers: each once; %d deployments"
                            + " died, each ejected once%n",
                    calls, dead.size());
            assertThat(ejections.keySet()).containsAll(dead);
            assertThat(ejections.values()).as("versions that say ejected, of each deployment")
                    .allSatisfy(versions -> assertThat(versions).hasSize(1));
        }
    }

    /** Versions of health records that eject a deployment, of all that were ever written. */
    private static Map<String, Set<Long>> ejections(Fleet fleet) {
        Map<String, Set<Long>> ejections = new HashMap<>();
        try (var healths = new KafkaConsumer<>(Map.<String, Object>of("bootstrap.servers",
                fleet.brokers().bootstrapServers()), new StringDeserializer(),
                new AvroDeserializer<>(DeploymentHealth.class, SchemaRegistryClient.of(fleet.callerProperties())))) {
            List<TopicPartition> partitions = healths.partitionsFor(Topics.HEALTH).stream()
                    .map(info -> new TopicPartition(Topics.HEALTH, info.partition())).toList();
            healths.assign(partitions);
            healths.seekToBeginning(partitions);
            for (var polled = healths.poll(Duration.ofSeconds(5)); !polled.isEmpty(); polled = healths
                    .poll(Duration.ofSeconds(2))) {
                polled.forEach(record -> {
                    if (record.value() != null && record.value().getState() == DeploymentState.EJECTED) {
                        ejections.computeIfAbsent(record.key(), key -> new TreeSet<>())
                                .add(record.value().getVersion());
                    }
                });
            }
        }
        return ejections;
    }
}
