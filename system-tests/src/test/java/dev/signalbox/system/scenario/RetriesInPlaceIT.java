package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * K08: requests whose vendors ask for long pauses go through the retry topic, twice, with a worker that is restarted between. They
 * come back in the order in which they first came, whichever pause ended first, and before what came later; none is called
 * before its pause is over, and one whose time is up meanwhile is told so and called no more. The worker serves one request at
 * a time, so that the vendor's calls show its order.
 */
@Tag("issue-7")
@Tag("long")
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RetriesInPlaceIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final Duration MINUTES = Duration.ofMinutes(5);
    private static final int RETRIED = 5;
    private static final int LATER = 8;
    private static final int FAILED_VISITS = 2;
    private static final Duration BRIEF = Duration.ofSeconds(15);
    private static final long HOLDS_SECONDS = 16;
    /** The topic's clock is this machine's, and so is the vendor's; both count in whole ms. */
    private static final long ROUNDING_MILLIS = 2;

    private static String configuration(Simulator simulator) {
        StringBuilder deployments = new StringBuilder();
        StringBuilder routes = new StringBuilder();
        models().forEach(model -> {
            deployments.append("  sim/%s: { vendor: sim, model_id: %s }%n".formatted(model, model));
            routes.append("  %s: { test: { otherwise: { sequence: [sim] } } }%n".formatted(model));
        });
        return """
                environment: test
                vendors:
                  sim: { family: openai, base_url: "%s" }
                deployments:
                %spools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                %stopics: { partitions: 2 }
                worker: { max_in_flight: 1 }
                """.formatted(simulator.baseUrl("sim"), deployments, routes);
    }

    /** One for each retried request: what a vendor's failures do to others of its deployment is not shown here. */
    private static Stream<String> models() {
        return Stream.concat(IntStream.range(0, RETRIED).mapToObj(i -> "m" + i), Stream.of("brief", "holds", "fine"));
    }

    /** The first to come is asked to wait longest. */
    private static List<FaultRule> faults() {
        List<FaultRule> faults = new ArrayList<>();
        for (int i = 0; i < RETRIED; i++) {
            faults.add(FaultRule.parse("sim", "m" + i,
                    "status:503,each=" + FAILED_VISITS + ",retry_after=" + (14 - i)));
        }
        faults.add(FaultRule.parse("sim", "brief", "status:503,retry_after=9"));
        faults.add(FaultRule.parse("sim", "holds", "headers:" + HOLDS_SECONDS + "s"));
        return faults;
    }

    @Test
    void retriesKeepFirstEnqueueTimeTimeToLiveAndPlace(@TempDir Path folder) throws Exception {
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.paced(5, 2)));
        try (Installation installation = Installation.start(folder, vendors, RetriesInPlaceIT::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            Simulator simulator = installation.simulator();
            simulator.setFaults(faults());
            List<CompletableFuture<Caller.Answer>> retried = new ArrayList<>();
            for (int i = 0; i < RETRIED; i++) {
                String id = "r" + i;
                retried.add(caller.ask(request(id, "m" + i, MINUTES),
                        List.of(new RecordHeader("x-own", id.getBytes(StandardCharsets.UTF_8)))));
                await().until(() -> !calls(simulator, id).isEmpty());
            }
            CompletableFuture<Caller.Answer> brief = caller.ask(request("brief", "brief", BRIEF));
            await().until(() -> !calls(simulator, "brief").isEmpty());
            await("moved").atMost(Duration.ofSeconds(10)).until(() -> retries(installation).size() == RETRIED + 1);
            installation.restartWorker();
            await("second visits").atMost(Duration.ofSeconds(40)).until(() -> IntStream.range(0, RETRIED)
                    .allMatch(i -> calls(simulator, "r" + i).size() == FAILED_VISITS));
            assertThat(brief.get(60, TimeUnit.SECONDS)).satisfies(answer -> {
                assertThat(answer.reply().getStatus()).isEqualTo(ReplyStatus.EXPIRED);
                assertThat(answer.elapsed()).isBetween(BRIEF.minusSeconds(1), BRIEF.plusSeconds(2));
            });
            CompletableFuture<Caller.Answer> holder = caller.ask(request("holds", "holds", MINUTES));
            await().until(() -> !calls(simulator, "holds").isEmpty());
            List<CompletableFuture<Caller.Answer>> later = new ArrayList<>();
            for (int i = 0; i < LATER; i++) {
                later.add(caller.ask(request("later-" + i, "fine", MINUTES)));
            }
            for (CompletableFuture<Caller.Answer> each : Stream.of(List.of(holder), retried, later)
                    .flatMap(List::stream).toList()) {
                assertThat(each.get(90, TimeUnit.SECONDS).reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
            }
            judgeRecords(installation);
            judgeCalls(installation, retried, brief.get().reply());
        }
    }

    private static void judgeRecords(Installation installation) {
        Map<String, ConsumerRecord<String, byte[]>> first = new HashMap<>();
        read(installation, LANE.requestTopic()).forEach(record -> first.put(record.key(), record));
        Map<String, List<ConsumerRecord<String, byte[]>>> hops = new HashMap<>();
        retries(installation).forEach(
                record -> hops.computeIfAbsent(record.key(), id -> new ArrayList<>()).add(record));
        for (int i = 0; i < RETRIED; i++) {
            String id = "r" + i;
            List<ConsumerRecord<String, byte[]>> own = hops.getOrDefault(id, List.of());
            assertThat(own).as(id).hasSize(FAILED_VISITS);
            for (int hop = 1; hop <= own.size(); hop++) {
                ConsumerRecord<String, byte[]> record = own.get(hop - 1);
                ConsumerRecord<String, byte[]> came = first.get(id);
                assertThat(text(record, Headers.HOP)).as(id).isEqualTo(Integer.toString(hop));
                assertThat(text(record, Headers.FIRST_ENQUEUED)).as(id).isEqualTo(Long.toString(came.timestamp()));
                assertThat(Long.parseLong(text(record, Headers.DELAY))).as(id)
                        .isBetween((14L - i) * 1_000, 60_000L);
                assertThat(history(record).getVisits()).as("visits of %s, the worker's restart included", id)
                        .isEqualTo(hop);
                assertThat(history(record).getAttempts()).as(id).hasSize(hop);
                assertThat(record.value()).as("payload and time to live").isEqualTo(came.value());
                assertThat(text(record, "x-own")).isEqualTo(id);
            }
        }
    }

    private static void judgeCalls(Installation installation, List<CompletableFuture<Caller.Answer>> retried,
            LlmReply brief) throws Exception {
        Simulator simulator = installation.simulator();
        List<String> order = simulator.calls().stream().filter(call -> call.status() == 200)
                .sorted(Comparator.comparingLong(CallRecord::number)).map(CallRecord::requestId)
                .filter(id -> !id.equals("holds")).toList();
        System.out.println("pauses of " + (14 - RETRIED + 1) + " to 14 s, the first to come longest; then called: "
                + order);
        Map<String, Long> came = new HashMap<>();
        read(installation, LANE.requestTopic()).forEach(record -> came.put(record.key(), record.timestamp()));
        assertThat(order).hasSize(RETRIED + LATER);
        assertThat(order.stream().map(id -> came.getOrDefault(id, 0L))).as("by first enqueue: %s", order).isSorted();
        assertThat(order.subList(0, RETRIED)).containsExactlyElementsOf(
                IntStream.range(0, RETRIED).mapToObj(i -> "r" + i).toList());
        for (int i = 0; i < RETRIED; i++) {
            assertThat(retried.get(i).get().reply().getAttempts()).as("attempts, over all hops")
                    .hasSize(FAILED_VISITS + 1);
        }
        for (ConsumerRecord<String, byte[]> record : retries(installation)) {
            long notBefore = record.timestamp() + Long.parseLong(text(record, Headers.DELAY));
            assertThat(calls(simulator, record.key())).as("%s is not called in its pause", record.key())
                    .noneMatch(call -> call.startedMillis() > record.timestamp() + ROUNDING_MILLIS
                            && call.startedMillis() < notBefore - ROUNDING_MILLIS);
        }
        long expired = read(installation, LANE.requestTopic()).stream().filter(record -> record.key().equals("brief"))
                .findFirst().orElseThrow().timestamp() + BRIEF.toMillis();
        assertThat(calls(simulator, "brief")).hasSameSizeAs(brief.getAttempts())
                .allMatch(call -> call.startedMillis() <= expired);
    }

    private static List<CallRecord> calls(Simulator simulator, String id) {
        return simulator.calls().stream().filter(call -> call.requestId().equals(id)).toList();
    }

    private static List<ConsumerRecord<String, byte[]>> retries(Installation installation) {
        return read(installation, LANE.retryTopic());
    }

    private static List<ConsumerRecord<String, byte[]>> read(Installation installation, String topic) {
        return TopicRecords.raw(installation.clientProperties(), topic);
    }

    private static String text(ConsumerRecord<String, byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        assertThat(header).as(name).isNotNull();
        return new String(header.value(), StandardCharsets.UTF_8);
    }

    private static RequestHistory history(ConsumerRecord<String, byte[]> record) {
        try {
            return RequestHistory.fromByteBuffer(ByteBuffer.wrap(record.headers().lastHeader(Headers.HISTORY).value()));
        } catch (java.io.IOException e) {
            throw new AssertionError(record.toString(), e);
        }
    }

    private static LlmRequest request(String id, String model, Duration timeToLive) {
        return Caller.request(id, model, Family.OPENAI.format, Family.OPENAI.body(model), false, timeToLive);
    }
}
