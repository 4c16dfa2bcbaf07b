package dev.signalbox.system.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.AvroSerializer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * From a request's send to its call's arrival at the vendor with capacity idle, beside the bare loop, in turns and by the medians
 * of their passes, since the machine differs from moment to moment. A worker tells of a call, and has that acknowledged, before it
 * makes it; the bare loop does not.
 */
@Tag("benchmark")
@Tag("issue-6")
class ArrivalToVendorBenchmarkIT {
    private static final int PER_SECOND = 200;
    /** So many that a worker's CPU time for a request, 5.5 ms at first, has come down to 2 and falls no more. */
    private static final int WARM_UP = 32_000;
    private static final int WARM_UP_PER_SECOND = 400;
    private static final int PASSES = 5;
    private static final int REQUESTS = 3_000;
    private static final Duration CALL = Duration.ofMillis(60);
    private static final Lane LANE = new Lane(new PoolName("bench"), Priority.INTERACTIVE);
    private static final List<String> JVM = List.of("-Xmx512m", "-XX:+UseSerialGC");
    private static final String CONFIGURATION = """
            environment: bench
            vendors:
              timed: { family: openai, base_url: "%s" }
            deployments:
              timed/bench: { vendor: timed, model_id: bench }
            pools:
              bench: { use_cases: [otherwise], priorities: [interactive] }
            routes:
              bench: { bench: { otherwise: { sequence: [timed] } } }
            topics: { partitions: 12 }
            worker: { max_in_flight: %d }
            """;
    /** What the bare loop took where the bars of 4 and 20 ms were set. */
    private static final double BARE_P50_MILLIS = 1.2;
    private static final double BARE_P99_MILLIS = 7.6;
    /** So many that two cores bear them from four workers, their broker and their vendor. */
    private static final int CALLS_EACH = 50;
    private static final int WORKERS = 4;
    private static final Duration SETTLING = Duration.ofSeconds(15);
    private static final Duration WINDOW = Duration.ofSeconds(15);

    @TempDir
    Path folder;

    @Test
    void aCallReachesTheVendorWithinMillisecondsOfItsRequest() throws Exception {
        try (ChildProcess stack = ChildProcess.start(StackMain.class, JVM, folder.resolve("data").toString());
                TimingVendor vendor = new TimingVendor(CALL);
                KafkaProducer<byte[], byte[]> producer = producer(stack.words().get(0))) {
            Path file = configuration(stack.words().get(0), vendor, 500);
            AvroSerializer<LlmRequest> serializer = new AvroSerializer<>();
            serializer.configure(Map.of("schema.registry.url", stack.words().get(1)), false);
            List<double[]> bare = new ArrayList<>();
            List<double[]> signalbox = new ArrayList<>();
            try (ChildProcess loop = ChildProcess.start(BareLoop.class, JVM, stack.words().get(0), vendor.baseUrl(),
                    "bare.requests", "bare.replies", "500");
                    ChildProcess worker = worker(stack, file)) {
                Function<String, byte[]> request = id -> request(serializer, id);
                warmUp("bare", producer, vendor, "bare.requests", ArrivalToVendorBenchmarkIT::body);
                warmUp("signalbox", producer, vendor, LANE.requestTopic(), request);
                for (int i = 0; i < PASSES; i++) {
                    bare.add(pass("bare", i, loop, producer, vendor, "bare.requests",
                            ArrivalToVendorBenchmarkIT::body));
                    signalbox.add(pass("signalbox", i, worker, producer, vendor, LANE.requestTopic(), request));
                }
            }
            System.out.printf(
                    "send to vendor, the best of %d passes: p50 %.1f ms (bare loop %.1f), p99 %.1f (%.1f); medians p50 %.1f (%.1f), p99 %.1f (%.1f)%n",
                    PASSES, best(signalbox, 0.5), best(bare, 0.5), best(signalbox, 0.99), best(bare, 0.99),
                    median(signalbox, 0.5), median(bare, 0.5), median(signalbox, 0.99), median(bare, 0.99));
            assertThat(median(signalbox, 0.5)).as("p50, ms")
                    .isLessThan(4 * slower(median(bare, 0.5), BARE_P50_MILLIS));
            assertThat(median(signalbox, 0.99)).as("p99, ms")
                    .isLessThan(20 * slower(median(bare, 0.99), BARE_P99_MILLIS));
        }
    }

    @Test
    void fourWorkersMakeFourTimesTheCallsOfOne() throws Exception {
        try (ChildProcess stack = ChildProcess.start(StackMain.class, JVM, folder.resolve("data").toString());
                TimingVendor vendor = new TimingVendor(Duration.ofSeconds(1));
                KafkaProducer<byte[], byte[]> producer = producer(stack.words().get(0))) {
            Path file = configuration(stack.words().get(0), vendor, CALLS_EACH);
            AvroSerializer<LlmRequest> serializer = new AvroSerializer<>();
            serializer.configure(Map.of("schema.registry.url", stack.words().get(1)), false);
            List<ChildProcess> workers = new ArrayList<>();
            try {
                workers.add(worker(stack, file));
                double one = perSecond(1, producer, vendor, serializer);
                while (workers.size() < WORKERS) {
                    workers.add(worker(stack, file));
                }
                double all = perSecond(WORKERS, producer, vendor, serializer);
                double growth = all / (WORKERS * one);
                System.out.printf(
                        "calls of 1 s, %d at once in a worker: 1 worker %.1f/s, %d workers %.1f/s, %.3f of linear%n",
                        CALLS_EACH, one, WORKERS, all, growth);
                assertThat(growth).isGreaterThanOrEqualTo(0.95);
            } finally {
                for (ChildProcess worker : workers) {
                    worker.close();
                }
            }
        }
    }

    /** Of the passes' own the lowest. */
    private static double best(List<double[]> passes, double quantile) {
        return passes.stream().mapToDouble(pass -> at(pass, quantile)).min().orElseThrow();
    }

    /** Of the passes' own. */
    private static double median(List<double[]> passes, double quantile) {
        return passes.stream().mapToDouble(pass -> at(pass, quantile)).sorted().skip(passes.size() / 2).findFirst()
                .orElseThrow();
    }

    /** How much slower the machine is now than the one of which the bars are; at least 1. */
    private static double slower(double bareMillis, double thenMillis) {
        return Math.max(1, bareMillis / thenMillis);
    }

    private static ChildProcess worker(ChildProcess stack, Path file) throws Exception {
        return ChildProcess.start(WorkerMain.class, JVM, stack.words().get(0), stack.words().get(1), file.toString());
    }

    /** Calls that reach the vendor per second once so many workers with more to do than they can have settled. */
    private static double perSecond(int workers, KafkaProducer<byte[], byte[]> producer, TimingVendor vendor,
            AvroSerializer<LlmRequest> serializer) throws InterruptedException {
        String prefix = "g" + workers + "-";
        int count = (int) (workers * CALLS_EACH * (SETTLING.plus(WINDOW).toSeconds() + 5));
        for (int i = 0; i < count; i++) {
            String id = prefix + i;
            var _ = producer.send(new ProducerRecord<>(LANE.requestTopic(), id.getBytes(StandardCharsets.UTF_8),
                    request(serializer, id)));
        }
        Thread.sleep(SETTLING);
        long before = arrived(vendor, prefix);
        long begun = System.nanoTime();
        Thread.sleep(WINDOW);
        double perSecond = (arrived(vendor, prefix) - before) / ((System.nanoTime() - begun) / 1e9);
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> arrived(vendor, prefix) == count);
        return perSecond;
    }

    private static void warmUp(String subject, KafkaProducer<byte[], byte[]> producer, TimingVendor vendor,
            String topic, Function<String, byte[]> value) {
        send(producer, topic, subject + "-warm-", WARM_UP, WARM_UP_PER_SECOND, value);
        Awaitility.await().atMost(Duration.ofSeconds(240)).until(() -> arrived(vendor, subject + "-warm-") == WARM_UP);
    }

    /** Milliseconds from send to vendor, the shortest first. */
    private static double[] pass(String subject, int number, ChildProcess process,
            KafkaProducer<byte[], byte[]> producer, TimingVendor vendor, String topic,
            Function<String, byte[]> value) {
        long cpuMillis = process.cpuMillis();
        Map<String, Long> sent = send(producer, topic, subject + "-" + number + "-", REQUESTS, PER_SECOND, value);
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> vendor.arrivals().keySet().containsAll(
                sent.keySet()));
        double[] millis = sent.entrySet().stream()
                .mapToDouble(entry -> (vendor.arrivals().getOrDefault(entry.getKey(), 0L) - entry.getValue()) / 1e6)
                .toArray();
        Arrays.sort(millis);
        System.out.printf(
                "%-10s send to vendor, %d/s, %,d requests: p50 %.1f, p90 %.1f, p99 %.1f, most %.1f ms; CPU a request %d us%n",
                subject, PER_SECOND, REQUESTS, at(millis, 0.5), at(millis, 0.9), at(millis, 0.99),
                millis[millis.length - 1], (process.cpuMillis() - cpuMillis) * 1_000 / REQUESTS);
        return millis;
    }

    private static long arrived(TimingVendor vendor, String prefix) {
        return vendor.arrivals().keySet().stream().filter(id -> id.startsWith(prefix)).count();
    }

    private static Map<String, Long> send(KafkaProducer<byte[], byte[]> producer, String topic, String prefix,
            int count, int perSecond, Function<String, byte[]> value) {
        Map<String, Long> sent = new HashMap<>();
        long begun = System.nanoTime();
        for (int i = 0; i < count; i++) {
            String id = prefix + i;
            byte[] encoded = value.apply(id);
            long due = begun + i * 1_000_000_000L / perSecond;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            sent.put(id, System.nanoTime());
            var _ = producer.send(new ProducerRecord<>(topic, id.getBytes(StandardCharsets.UTF_8), encoded));
        }
        return sent;
    }

    private static double at(double[] sorted, double quantile) {
        return sorted[(int) (quantile * sorted.length)];
    }

    private static byte[] body(String id) {
        return ("{\"model\":\"bench\",\"user\":\"" + id + "\",\"messages\":[{\"role\":\"user\",\"content\":\""
                + "Where is my parcel, please? ".repeat(56) + "\"}]}").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] request(AvroSerializer<LlmRequest> serializer, String id) {
        return serializer.serialize(LANE.requestTopic(), LlmRequest.newBuilder().setId(id).setModel("bench")
                .setUseCase("bench").setBody(ByteBuffer.wrap(body(id)))
                .setTimeToLiveMillis(Duration.ofMinutes(10).toMillis()).build());
    }

    private static KafkaProducer<byte[], byte[]> producer(String servers) {
        return new KafkaProducer<>(Map.of("bootstrap.servers", servers, "acks", "all", "enable.idempotence", true,
                "linger.ms", 0, "compression.type", "lz4"), new ByteArraySerializer(), new ByteArraySerializer());
    }

    private Path configuration(String servers, TimingVendor vendor, int mostAtOnce) throws Exception {
        Path file = folder.resolve("bench.yaml");
        Files.writeString(file, CONFIGURATION.formatted(vendor.baseUrl(), mostAtOnce));
        ReadResult read = ConfigurationReader.read(file);
        if (!(read instanceof ReadResult.Valid valid)) {
            throw new AssertionError(read);
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
            new TopicAdmin(admin).createMissing(TopicCatalogue.of(valid.configuration()), Duration.ofSeconds(30));
            admin.createTopics(List.of(new NewTopic("bare.requests", Optional.of(4), Optional.empty()),
                    new NewTopic("bare.replies", Optional.of(4), Optional.empty()))).all().get();
        }
        return file;
    }
}
