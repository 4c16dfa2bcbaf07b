package dev.signalbox.system.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import dev.signalbox.workers.reply.AttemptJournal;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * From the send of an attempt event to the changed health in a worker's own view, while 500 events a second of other calls pass:
 * broker, dispatcher and worker in one process. Each sample is another deployment whose endpoint says that it is dead.
 */
@Tag("benchmark")
@Tag("issue-5")
class HealthVisibleBenchmarkIT {
    private static final int EVENTS_A_SECOND = 500;
    private static final int WARM_UPS = 150;
    private static final int SAMPLES = 300;
    private static final int BUSY_DEPLOYMENTS = 20;
    private static final Duration GAP = Duration.ofMillis(50);

    @Test
    void changedHealthIsVisibleAtAWorkerWithinMilliseconds(@TempDir Path folder) throws Exception {
        StringBuilder deployments = new StringBuilder();
        for (int i = 0; i < WARM_UPS + SAMPLES + BUSY_DEPLOYMENTS; i++) {
            deployments.append("  sim.r%d/m: { vendor: sim, model_id: m }%n".formatted(i));
        }
        try (Installation installation = Installation.start(folder.resolve("stack"),
                SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.ZERO_LATENCY)), simulator -> """
                        environment: test
                        vendors: { sim: { family: openai, base_url: "%s" } }
                        deployments:
                        %spools: { main: { use_cases: [otherwise], priorities: [standard] } }
                        routes: { m: { test: { otherwise: { sequence: [sim.r0, sim.r1] } } } }
                        topics: { partitions: 1 }
                        """.formatted(simulator.baseUrl("sim"), deployments));
                Dispatcher dispatcher = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                        installation.clientProperties(), installation.registryProperties(),
                        folder.resolve("control")));
                KafkaProducer<String, AttemptEvent> attempts = new KafkaProducer<>(
                        asWorkersDo(installation.clientProperties()), new StringSerializer(),
                        new AvroSerializer<>(SchemaRegistryClient.of(installation.registryProperties()),
                                installation.registryProperties()));
                var pacer = Executors.newSingleThreadScheduledExecutor()) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(dispatcher::ready);
            AtomicInteger sent = new AtomicInteger();
            var pace = pacer.scheduleAtFixedRate(() -> {
                int number = sent.getAndIncrement();
                attempts.send(event("sim.r" + (WARM_UPS + SAMPLES + number / 2 % BUSY_DEPLOYMENTS) + "/m",
                        number % 2 == 0 ? AttemptPhase.STARTED : AttemptPhase.ENDED, "ANSWERED"));
            }, 0, 1_000_000 / EVENTS_A_SECOND, TimeUnit.MICROSECONDS);
            for (int i = 0; i < WARM_UPS; i++) {
                micros(installation, attempts, i);
            }
            long start = System.nanoTime();
            int before = sent.get();
            long[] micros = new long[SAMPLES];
            for (int i = 0; i < SAMPLES; i++) {
                micros[i] = micros(installation, attempts, WARM_UPS + i);
            }
            double rate = (sent.get() - before) / ((System.nanoTime() - start) / 1e9);
            pace.cancel(false);
            Arrays.sort(micros);
            double p50 = micros[SAMPLES / 2] / 1e3;
            double p99 = micros[SAMPLES * 99 / 100] / 1e3;
            System.out.printf(Locale.ROOT,
                    "attempt event to health at a worker: p50 %.1f ms, p99 %.1f ms, max %.1f ms (%d changes, %.0f other"
                            + " events/s, %d processors, load %.1f)%n",
                    p50, p99, micros[SAMPLES - 1] / 1e3, SAMPLES, rate, Runtime.getRuntime().availableProcessors(),
                    ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
            assertThat(rate).isGreaterThan(EVENTS_A_SECOND * 0.95);
            assertThat(p50).as("median, ms").isLessThan(10);
            assertThat(p99).as("p99, ms").isLessThan(60);
        }
    }

    private static Map<String, Object> asWorkersDo(Map<String, Object> client) {
        Map<String, Object> properties = new HashMap<>(client);
        properties.put("linger.ms", AttemptJournal.LINGER_MILLIS);
        properties.put("compression.type", "lz4");
        return properties;
    }

    private static long micros(Installation installation, KafkaProducer<String, AttemptEvent> attempts, int number) {
        LockSupport.parkNanos(GAP.toNanos());
        DeploymentName name = new DeploymentName("sim.r" + number, "m");
        long sent = System.nanoTime();
        attempts.send(event(name.toString(), AttemptPhase.ENDED, "ENDPOINT_DEAD"));
        while (installation.worker().deployment(name).fleet().found()
                .filter(DeploymentState.EJECTED::equals).isEmpty()) {
            LockSupport.parkNanos(100_000);
            if (System.nanoTime() - sent > Duration.ofSeconds(10).toNanos()) {
                throw new AssertionError(name + " was not ejected within 10 s");
            }
        }
        return (System.nanoTime() - sent) / 1_000;
    }

    private static ProducerRecord<String, AttemptEvent> event(String deployment, AttemptPhase phase, String outcome) {
        return new ProducerRecord<>(Topics.ATTEMPTS, deployment,
                AttemptEvent.newBuilder().setRequestId("request").setAttempt(new AttemptId(0, 1, 1, 7L))
                        .setPhase(phase).setDeployment(deployment).setVendor("sim").setModel("m")
                        .setRequestedModel("m").setPool("main").setPriority("standard").setUseCase("support")
                        .setTenant("acme").setEnvironment("test").setWorker("worker").setStreamed(false)
                        .setOutcome(phase == AttemptPhase.ENDED ? outcome : null)
                        .setDurationMillis(phase == AttemptPhase.ENDED ? 5L : null).build());
    }
}
