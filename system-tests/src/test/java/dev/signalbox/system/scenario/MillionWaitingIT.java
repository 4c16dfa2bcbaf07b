package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.benchmark.ChildProcess;
import dev.signalbox.system.benchmark.WorkerMain;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Far more requests wait than a worker can hold when it starts with a heap of 256 MiB, nine of ten expired: it serves the first at
 * once, its memory stays as it is, and who expired is told so without a call. Their number is
 * {@code signalbox.waiting.requests}.
 */
@Tag("issue-7")
@Tag("long")
@Timeout(value = 20, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MillionWaitingIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.BATCH);
    private static final int WAITING = Integer.getInteger("signalbox.waiting.requests", 1_000_000);
    /** Each so many lives. */
    private static final int LIVES = 10;
    private static final Duration FIRST_DISPATCH = Duration.ofSeconds(5);
    private static final int MIB = 1 << 20;

    @Test
    void aWorkerStartsBeforeAMillionRequestsAsBeforeNone(@TempDir Path folder) throws Exception {
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.paced(5, 2)))
                .withLogCapacity(WAITING);
        try (Simulator simulator = Simulator.start(vendors);
                EmbeddedStack kafka = EmbeddedStack.start(folder.resolve("kafka"), EmbeddedOptions.defaults())) {
            Path file = Files.writeString(folder.resolve("signalbox.yaml"), """
                    environment: test
                    vendors:
                      sim: { family: openai, base_url: "%s" }
                    deployments:
                      sim/m: { vendor: sim, model_id: m, limits: { concurrency: 50 } }
                    pools:
                      main: { use_cases: [otherwise], priorities: [batch] }
                    routes:
                      m: { test: { otherwise: { sequence: [sim] } } }
                    topics: { partitions: 4 }
                    """.formatted(simulator.baseUrl("sim")));
            createTopics(kafka, file);
            long begun = System.nanoTime();
            Map<String, Object> properties = Map.of("bootstrap.servers", kafka.bootstrapServers(),
                    "schema.registry.url", kafka.registryUrl());
            BulkRequests.fill(properties, LANE, WAITING, MillionWaitingIT::request);
            long filledSeconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);

            long start = System.nanoTime();
            AtomicLong firstCall = new AtomicLong();
            Thread watch = Thread.ofVirtual().start(() -> {
                while (simulator.calls().isEmpty()) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
                }
                firstCall.set(System.nanoTime());
            });
            try (ChildProcess worker = ChildProcess.start(WorkerMain.class, List.of("-Xmx256m"),
                    kafka.bootstrapServers(), kafka.registryUrl(), file.toString());
                    BulkRequests endings = new BulkRequests(properties, "w", MillionWaitingIT::ending)) {
                long ready = System.nanoTime();
                watch.join(Duration.ofSeconds(60));
                List<Long> heap = new ArrayList<>();
                Awaitility.await().atMost(Duration.ofMinutes(15)).pollInterval(Duration.ofSeconds(1)).until(() -> {
                    heap.add(heapBytes(worker));
                    return endings.ended() == WAITING;
                });
                double seconds = (System.nanoTime() - ready) / 1e9;
                long[] floors = floors(heap);
                System.out.printf(
                        "%d waiting (written in %d s): ready after %.1f s, first call after %.1f s from the start"
                                + " of its JVM; all ended in %.0f s (%.0f/s), %d calls; heap after collections"
                                + " %d MiB in the first third, %d in the second, %d in the last%n",
                        WAITING, filledSeconds, (ready - start) / 1e9, (firstCall.get() - start) / 1e9, seconds,
                        WAITING / seconds, simulator.calls().size(), floors[0] / MIB, floors[1] / MIB,
                        floors[2] / MIB);

                assertThat(firstCall.get()).as("a first call").isPositive();
                assertThat(firstCall.get() - ready).as("from its readiness to the first call, ns")
                        .isLessThan(FIRST_DISPATCH.toNanos());
                assertThat(floors[2]).as("heap in the end").isLessThan(floors[1] + 32L * MIB);
                assertThat(endings.wrong()).as("expired that were not told so, others that were").isEmpty();
                assertThat(simulator.calls()).hasSize((WAITING + LIVES - 1) / LIVES)
                        .allMatch(call -> lives(Integer.parseInt(
                                Objects.requireNonNull(call.requestId()).substring(1))));
            }
        }
    }

    private static boolean lives(int number) {
        return number % LIVES == 0;
    }

    private static void createTopics(EmbeddedStack kafka, Path file) throws Exception {
        if (!(ConfigurationReader.read(file) instanceof ReadResult.Valid valid)) {
            throw new AssertionError(file);
        }
        Configuration configuration = valid.configuration();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            new TopicAdmin(admin).createMissing(TopicCatalogue.of(configuration), Duration.ofSeconds(60));
        }
    }

    private static LlmRequest request(int number) {
        byte[] body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Where is my parcel?\"}]}"
                .getBytes(StandardCharsets.UTF_8);
        return LlmRequest.newBuilder().setId("w" + number).setModel("m").setUseCase("support").setTenant("acme")
                .setBody(ByteBuffer.wrap(body)).setTimeToLiveMillis(lives(number) ? 86_400_000L : 1L).build();
    }

    private static String ending(int number) {
        return (lives(number) ? ReplyStatus.COMPLETED : ReplyStatus.EXPIRED).name();
    }

    private static long heapBytes(ChildProcess worker) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return (long) http.send(HttpRequest
                    .newBuilder(URI.create("http://127.0.0.1:" + worker.words().getFirst() + "/metrics")).build(),
                    HttpResponse.BodyHandlers.ofString()).body().lines()
                    .filter(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\""))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
        }
    }

    /** The least of each third of the time: what is left after a collection, or somewhat more. */
    private static long[] floors(List<Long> heap) {
        int third = Math.max(1, heap.size() / 3);
        return new long[]{Collections.min(heap.subList(0, third)),
                Collections.min(heap.subList(Math.min(third, heap.size() - 1), Math.min(heap.size(), 2 * third + 1))),
                Collections.min(heap.subList(heap.size() - third, heap.size()))};
    }
}
