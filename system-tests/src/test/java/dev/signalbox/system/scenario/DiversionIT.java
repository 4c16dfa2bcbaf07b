package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.TenantRecord;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tenant floods a lane through Kafka: he goes by its overflow topic, the others do not feel it, and he comes back. */
@Tag("issue-6")
@Tag("long")
class DiversionIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final int FLOOD = 2_500;

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors: { v: { family: openai, base_url: "%s" } }
                deployments: { v.a/m: { vendor: v, model_id: m, limits: { concurrency: 20 } } }
                pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                routes: { m: { test: { otherwise: { sequence: [v.a] } } } }
                topics: { partitions: 4 }
                worker: { max_in_flight: 50, buffer_records: 500 }
                """.formatted(simulator.baseUrl("v"));
    }

    private static Installation installation(Path folder) throws Exception {
        return Installation.start(folder,
                SimulatorOptions.of(VendorProfile.of("v", ModelProfile.paced(10, 15))), DiversionIT::configuration);
    }

    private static CompletableFuture<LlmReply> ask(Caller caller, String tenant, String id) {
        String body = "{\"model\":\"m\",\"max_tokens\":10,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
        LlmRequest request = Caller.request(tenant + "-" + id, "m", Family.OPENAI.format,
                body.getBytes(StandardCharsets.UTF_8), false, Duration.ofMinutes(15));
        request.setTenant(tenant);
        return caller.ask(request).thenApply(Caller.Answer::reply);
    }

    private static List<CompletableFuture<LlmReply>> flood(Caller caller) {
        return IntStream.range(0, FLOOD).mapToObj(i -> ask(caller, "noisy", Integer.toString(i))).toList();
    }

    private static List<LlmReply> modest(Caller caller, String run, int seconds) {
        List<CompletableFuture<LlmReply>> asked = new ArrayList<>();
        for (int i = 0; i < seconds * 4; i++) {
            asked.add(ask(caller, "modest", run + i));
            LockSupport.parkNanos(250_000_000);
        }
        return asked.stream().map(DiversionIT::answer).toList();
    }

    private static LlmReply answer(CompletableFuture<LlmReply> asked) {
        LlmReply reply = asked.orTimeout(2, TimeUnit.MINUTES).join();
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        return reply;
    }

    private static long diverted(Installation installation) throws Exception {
        try (Admin admin = Admin.create(installation.clientProperties())) {
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            for (int i = 0; i < 4; i++) {
                ends.put(new TopicPartition(LANE.overflowTopic(), i), OffsetSpec.latest());
            }
            return admin.listOffsets(ends).all().get(30, TimeUnit.SECONDS).values().stream()
                    .mapToLong(each -> each.offset()).sum();
        }
    }

    /** What the worker told of that tenant, in order: whether he was diverted. */
    private static List<Boolean> told(Installation installation, String tenant) {
        AvroDeserializer<TenantRecord> records = new AvroDeserializer<>(TenantRecord.class,
                SchemaRegistryClient.of(installation.registryProperties()));
        List<Boolean> told = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(installation.clientProperties(),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> all = consumer.partitionsFor(Topics.TENANT_USE).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition())).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            while (all.stream().anyMatch(each -> consumer.position(each) < ends.getOrDefault(each, 0L))) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> {
                    TenantRecord value = records.deserialize(record.topic(), record.value());
                    if (value.getTenant().equals(tenant)) {
                        value.getParts().forEach(part -> told.add(part.getDivertedSinceMillis() != null));
                    }
                });
            }
        }
        return told;
    }

    @Test
    void who_floods_a_lane_goes_by_overflow_and_comes_back(@TempDir Path folder) throws Exception {
        try (Installation installation = installation(folder);
                Caller noisy = new Caller(installation.callerProperties(), LANE);
                Caller modest = new Caller(installation.callerProperties(), LANE)) {
            modest(modest, "warm", 3);
            List<CompletableFuture<LlmReply>> flood = flood(noisy);
            long[] waits = modest(modest, "beside", 12).stream()
                    .mapToLong(reply -> reply.getTimings().getQueuedMillis()).sorted().toArray();
            flood.forEach(DiversionIT::answer);
            long served = System.nanoTime();
            Awaitility.await().atMost(Duration.ofSeconds(20)).pollDelay(Duration.ofMillis(500)).until(() -> {
                long before = diverted(installation);
                answer(ask(noisy, "noisy", "again" + System.nanoTime()));
                return diverted(installation) == before;
            });
            System.out.printf(Locale.ROOT,
                    "diversion: %d of %d diverted; beside it a modest tenant waited p50 %d ms, at most %d ms; back within %d ms%n",
                    diverted(installation), FLOOD, waits[waits.length / 2], waits[waits.length - 1],
                    (System.nanoTime() - served) / 1_000_000);
            assertThat(diverted(installation)).isGreaterThan(FLOOD / 2);
            assertThat(waits[waits.length * 9 / 10]).as("nine of ten of a modest tenant, ms").isLessThan(1_000);
            // Who stands in a partition where the flood came before him, is met once.
            assertThat(waits[waits.length - 1]).as("the longest wait of a modest tenant, ms").isLessThan(5_000);
            Awaitility.await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(told(installation, "noisy")).contains(true).endsWith(false));
            assertThat(told(installation, "modest")).doesNotContain(true);
        }
    }

    @Test
    void a_worker_that_begins_in_between_loses_nothing(@TempDir Path folder) throws Exception {
        try (Installation installation = installation(folder);
                Caller noisy = new Caller(installation.callerProperties(), LANE);
                Caller modest = new Caller(installation.callerProperties(), LANE)) {
            modest(modest, "warm", 3);
            List<CompletableFuture<LlmReply>> flood = flood(noisy);
            modest(modest, "before", 2);
            installation.restartWorker();
            modest(modest, "after", 2);
            flood.forEach(DiversionIT::answer);
            assertThat(diverted(installation)).isGreaterThan(FLOOD / 2);
        }
    }
}
