package dev.signalbox.system.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What intake and ledger cost above a loop that only consumes and commits: each in a process of its own, with the same
 * records, the same reading of them and 5,000 calls of a second in flight, taking turns. The first rounds warm them up. CPU is
 * that of the whole process, collection included; compilation, which comes once and at no set time, is printed apart.
 *
 * <p>The bare loop reads what we read: who serves a request has to know what it asks, so decoding, checking and hashing
 * are the consumer's own work in both. A loop that reads nothing against an intake that reads all would weigh Avro, not
 * the intake. But reading, being the larger part, could hide what the intake adds; so the limit must hold a second time
 * with nothing done to the bytes by either, where only taking and committing is left. That is the harder of the two.
 */
@Tag("benchmark")
@Tag("issue-4")
class IntakeCostBenchmarkIT {
    private static final int IN_FLIGHT = 5_000;
    private static final int CALL_MILLIS = 1_000;
    private static final int RECORDS = 40_000;
    private static final int WARM_UPS = 3;
    private static final int ROUNDS = 7;
    private static final int PARTITIONS = 4;
    /** Its topic and its group. */
    private static final String BARE = "bare.requests";
    private static final List<String> JVM = List.of("-Xmx1g", "-XX:+UseSerialGC",
            "-XX:-UseDynamicNumberOfCompilerThreads");
    private static final String CONFIGURATION = """
            environment: bench
            vendors:
              none: { family: openai, base_url: "http://localhost:1" }
            deployments:
              none/bench: { vendor: none, model_id: bench }
            pools:
              bench: { use_cases: [otherwise], priorities: [standard] }
            routes:
              bench: { bench: { otherwise: { sequence: [none] } } }
            worker: { max_in_flight: %d, buffer_records: %d }
            """;

    @TempDir
    Path folder;

    /** One of the two, what it reads, and the CPU that each of its rounds took, us a record. */
    private record Subject(String name, ChildProcess process, String topic, String group, List<Double> micros) {
        double median() {
            return micros.stream().sorted(Comparator.naturalOrder()).toList().get(micros.size() / 2);
        }
    }

    @Test
    void intakeToCommitCostsAtMostFourTenthsMoreThanABareLoop() throws Exception {
        comparison(Reading.REQUESTS);
    }

    @Test
    void takingAndCommittingAloneDoToo() throws Exception {
        comparison(Reading.BYTES);
    }

    private void comparison(Reading reading) throws Exception {
        Path bareGap = folder.resolve("bare.gap");
        Path intakeGap = folder.resolve("intake.gap");
        String callMillis = Integer.toString(CALL_MILLIS);
        String configuration = Files.writeString(folder.resolve("bench.yaml"),
                CONFIGURATION.formatted(IN_FLIGHT, IN_FLIGHT)).toString();
        double ratio;
        try (ChildProcess stack = ChildProcess.start(StackMain.class, JVM, folder.resolve("data").toString())) {
            String servers = stack.words().get(0);
            String registry = stack.words().get(1);
            List<LoadDriver.Message> messages = LoadDriver.requests("r", RECORDS, false, Reading.LANE, registry);
            System.out.printf(
                    "machine: %d cores, %s, Java %s; %s read; rounds of %,d records of %,d bytes, %d partitions, %,d calls of %d ms in flight; %s%n",
                    Runtime.getRuntime().availableProcessors(),
                    ManagementFactory.getOperatingSystemMXBean().getArch(), Runtime.version(), reading, RECORDS,
                    messages.getFirst().value().length, PARTITIONS, IN_FLIGHT, CALL_MILLIS, String.join(" ", JVM));
            Map<String, Object> producing = new HashMap<>(
                    Map.of("bootstrap.servers", servers, "linger.ms", 5, "compression.type", "lz4"));
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers));
                    KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(producing, new ByteArraySerializer(),
                            new ByteArraySerializer())) {
                admin.createTopics(List.of(topic(BARE), topic(Reading.LANE.requestTopic()))).all().get();
                try (ChildProcess bare = ChildProcess.start(BareConsumer.class, JVM, servers, registry, configuration,
                        reading.name(), BARE, callMillis, bareGap.toString());
                        ChildProcess intake = ChildProcess.start(IntakeMain.class, JVM, servers, registry,
                                configuration, reading.name(), callMillis, intakeGap.toString())) {
                    ratio = ratio(admin, producer, messages,
                            new Subject("bare loop", bare, BARE, BARE, new ArrayList<>()),
                            new Subject("intake", intake, Reading.LANE.requestTopic(), Reading.LANE.consumerGroup(),
                                    new ArrayList<>()));
                }
            }
        }
        System.out.printf("longest poll gap: bare loop %s ms, intake %s ms%n", Files.readString(bareGap),
                Files.readString(intakeGap));
        assertThat(ratio).isLessThanOrEqualTo(1.4);
        assertThat(Long.parseLong(Files.readString(intakeGap))).isLessThan(1_000);
    }

    private static double ratio(Admin admin, KafkaProducer<byte[], byte[]> producer,
            List<LoadDriver.Message> messages, Subject bare, Subject intake) throws Exception {
        for (int round = 1 - WARM_UPS; round <= ROUNDS; round++) {
            for (Subject subject : List.of(bare, intake)) {
                double micros = round(admin, producer, subject, messages, round);
                if (round > 0) {
                    subject.micros().add(micros);
                }
            }
        }
        double ratio = intake.median() / bare.median();
        System.out.printf("median of %d: bare loop %.1f us a record, intake to commit %.1f us; ratio %.2f%n", ROUNDS,
                bare.median(), intake.median(), ratio);
        return ratio;
    }

    private static NewTopic topic(String name) {
        return new NewTopic(name, Optional.of(PARTITIONS), Optional.empty());
    }

    private static double round(Admin admin, KafkaProducer<byte[], byte[]> producer, Subject subject,
            List<LoadDriver.Message> messages, int number) throws Exception {
        long cpuBefore = subject.process().cpuMillis();
        long compilerBefore = subject.process().compilerMillis();
        long start = System.nanoTime();
        AtomicLong failed = new AtomicLong();
        for (LoadDriver.Message message : messages) {
            var _ = producer.send(new ProducerRecord<>(subject.topic(), message.key(), message.value()),
                    (metadata, error) -> failed.addAndGet(error == null ? 0 : 1));
        }
        producer.flush();
        assertThat(failed).hasValue(0);
        Awaitility.await().atMost(Duration.ofMinutes(2)).pollInterval(Duration.ofMillis(100))
                .until(() -> committed(admin, subject) == end(admin, subject));
        double seconds = (System.nanoTime() - start) / 1e9;
        // The bare loop commits what it polled: its last calls still run.
        Awaitility.await().pollDelay(Duration.ofMillis(CALL_MILLIS + 500L)).until(() -> true);
        long compiling = subject.process().compilerMillis() - compilerBefore;
        double micros = (subject.process().cpuMillis() - cpuBefore - compiling) * 1_000.0 / messages.size();
        System.out.printf("round %2d  %-9s %5.1f us of CPU a record and %4d ms to compile, %4.1f s%n", number,
                subject.name(), micros, compiling, seconds);
        return micros;
    }

    private static long committed(Admin admin, Subject subject) throws Exception {
        return admin.listConsumerGroupOffsets(subject.group()).partitionsToOffsetAndMetadata().get().values().stream()
                .mapToLong(offset -> offset == null ? 0 : offset.offset()).sum();
    }

    private static long end(Admin admin, Subject subject) throws Exception {
        var latest = new HashMap<TopicPartition, OffsetSpec>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            latest.put(new TopicPartition(subject.topic(), partition), OffsetSpec.latest());
        }
        return admin.listOffsets(latest).all().get().values().stream().collect(Collectors.summingLong(
                info -> info.offset()));
    }
}
