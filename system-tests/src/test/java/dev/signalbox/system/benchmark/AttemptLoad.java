package dev.signalbox.system.benchmark;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.RoutingCandidate;
import dev.signalbox.schemas.avro.RoutingDecision;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Attempts as workers tell of them, at a steady rate: the start of each, and about {@link #CALL} later its end. The records are made
 * ahead, one pair for each deployment, tenant and use case; only the digits of the request's id are written into a copy, so that
 * sending costs little. One thread of its own sends them.
 */
final class AttemptLoad implements AutoCloseable {
    /** How long a call takes. */
    static final Duration CALL = Duration.ofSeconds(1);
    private static final int TENANTS = 10;
    private static final List<String> USE_CASES = List.of("support", "search", "summaries");
    private static final int DIGITS = 12;
    private static final String ID = "0".repeat(DIGITS) + "-93ab-4e60-8b1d-7d1f4c52";
    private static final long TICK_NANOS = 2_000_000;

    private final KafkaProducer<byte[], byte[]> producer;
    private final List<Pair> pairs = new ArrayList<>();
    private final AtomicLong failed = new AtomicLong();
    private final Thread thread;
    private volatile int rate;
    private volatile boolean closed;
    private volatile long started;
    private volatile long ended;

    /** Both records of a call; the id's digits are at these places. */
    private record Pair(byte[] key, byte[] start, int startDigits, byte[] end, int endDigits) {
    }

    AttemptLoad(String bootstrapServers, String registryUrl, List<String> deployments) {
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrapServers, "acks", "all", "linger.ms", 5,
                "batch.size", 65_536, "compression.type", "lz4"), new ByteArraySerializer(), new ByteArraySerializer());
        Map<String, Object> registry = Map.of("schema.registry.url", registryUrl);
        AvroSerializer<AttemptEvent> serializer = new AvroSerializer<>(SchemaRegistryClient.of(registry), registry);
        for (String useCase : USE_CASES) {
            for (int tenant = 0; tenant < TENANTS; tenant++) {
                for (int i = 0; i < deployments.size(); i++) {
                    byte[] start = serializer.serialize(Topics.ATTEMPTS,
                            event(deployments, i, tenant, useCase, AttemptPhase.STARTED));
                    byte[] end = serializer.serialize(Topics.ATTEMPTS,
                            event(deployments, i, tenant, useCase, AttemptPhase.ENDED));
                    pairs.add(new Pair(deployments.get(i).getBytes(StandardCharsets.UTF_8), start, digits(start), end,
                            digits(end)));
                }
            }
        }
        thread = Thread.ofPlatform().name("attempts").start(this::run);
    }

    private static AttemptEvent event(List<String> deployments, int deployment, int tenant, String useCase,
            AttemptPhase phase) {
        boolean ended = phase == AttemptPhase.ENDED;
        return AttemptEvent.newBuilder().setRequestId(ID)
                .setAttempt(new AttemptId(0, 3, 1, 0x1234_5678_9abcL)).setPhase(phase)
                .setDeployment(deployments.get(deployment)).setVendor("sim").setRegion("r" + deployment).setModel("m")
                .setRequestedModel("m").setPool("main").setPriority("standard").setUseCase(useCase)
                .setTenant("tenant-" + tenant).setDepartment("department-" + tenant % 4).setEnvironment("test")
                .setWorker("worker-" + deployment % 3 + "-5f0c").setStreamed(true)
                .setDecision(ended ? null : decision(deployments, deployment))
                .setOutcome(ended ? "ANSWERED" : null).setHttpStatus(ended ? 200 : null)
                .setUsage(ended ? TokenUsage.newBuilder().setInputTokens(812L).setOutputTokens(240L).build() : null)
                .setCost(ended ? new BigDecimal("0.004430000") : null).setPriceVersion(ended ? "v7" : null)
                .setDurationMillis(ended ? CALL.toMillis() + 7L * tenant : null)
                .setTimeToFirstTokenMillis(ended ? 180L + 3L * tenant : null).build();
    }

    private static RoutingDecision decision(List<String> deployments, int picked) {
        List<RoutingCandidate> candidates = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            candidates.add(RoutingCandidate.newBuilder()
                    .setDeployment(deployments.get((picked + i) % deployments.size())).setScore(1.5 + i).build());
        }
        return RoutingDecision.newBuilder().setStrategy("latency_based").setReason("the better one of two")
                .setCandidates(candidates).build();
    }

    private static int digits(byte[] record) {
        return new String(record, StandardCharsets.ISO_8859_1).indexOf(ID);
    }

    /** From now on at that rate; 0 stops it. */
    void rate(int attemptsPerSecond) {
        rate = attemptsPerSecond;
    }

    private void run() {
        double owed = 0;
        long begun = 0;
        long over = 0;
        long last = System.nanoTime();
        while (!closed) {
            int now = rate;
            owed += (System.nanoTime() - last) / 1e9 * now;
            last = System.nanoTime();
            for (; owed >= 1; owed--) {
                Pair pair = pair(begun);
                send(pair.key, pair.start, pair.startDigits, begun++);
                if (over < begun - now * CALL.toSeconds()) {
                    Pair ending = pair(over);
                    send(ending.key, ending.end, ending.endDigits, over++);
                }
            }
            started = begun;
            ended = over;
            LockSupport.parkNanos(TICK_NANOS);
        }
    }

    private Pair pair(long number) {
        return pairs.get((int) (number % pairs.size()));
    }

    private void send(byte[] key, byte[] template, int digits, long number) {
        byte[] value = template.clone();
        long rest = number;
        // The last digit first, so that ids differ from their beginning on, as random ones do.
        for (int i = 0; i < DIGITS; i++) {
            value[digits + i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        var _ = producer.send(new ProducerRecord<>(Topics.ATTEMPTS, key, value),
                (metadata, error) -> failed.addAndGet(error == null ? 0 : 1));
    }

    /** Events that could not be sent. */
    long failed() {
        return failed.get();
    }

    /** Attempts begun so far. */
    long started() {
        return started;
    }

    /** Attempts ended so far. */
    long ended() {
        return ended;
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        producer.close(Duration.ofSeconds(10));
    }
}
