package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.assertj.core.data.Percentage;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * 50,000 requests over two vendors that fail, cut streams and lose connections, while a worker and one of two dispatchers are
 * killed: what the fleet says that it used is what the vendors charge.
 */
@Tag("issue-5")
@Tag("long")
@Timeout(value = 12, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UsageEqualsTheBillIT {
    private static final int REQUESTS = Integer.getInteger("signalbox.bill.requests", 50_000);
    private static final double PER_SECOND = Integer.getInteger("signalbox.bill.rate", 300);
    private static final int TOKENS = 20;
    private static final Duration PATIENCE = Duration.ofMinutes(6);
    /** Longest call, report and tick of the pairing, and some. */
    private static final Duration UNTIL_UNPAIRED = Duration.ofMinutes(6);
    /** Requests that warm everything up: a call that times out at a cold worker is charged whole, and nobody here can know it. */
    private static final int WARM_UP = 500;
    private static final int WARM_UP_PER_SECOND = 40;
    /** How long before the kill a call may have been told of that was then not made: its worker had yet to hear that it was told. */
    private static final int NOT_YET_MADE_MILLIS = 100;
    private static final BigDecimal INPUT = new BigDecimal("2.50");
    private static final BigDecimal OUTPUT = new BigDecimal("10.01");

    private final List<Long> kills = new ArrayList<>();

    @Test
    void usageIsWhatTheVendorsCharge(@TempDir Path folder) throws Exception {
        ModelProfile answers = ModelProfile.paced(TOKENS, 15);
        try (Fleet fleet = Fleet.start(folder, 1, 3,
                SimulatorOptions.of(VendorProfile.of("one", answers), VendorProfile.of("two", answers)),
                vendors -> """
                        environment: test
                        vendors:
                          one: { family: openai, base_url: "%s", timeouts: { total: 60s, first_byte: 60s, first_token: 60s } }
                          two: { family: openai, base_url: "%s", timeouts: { total: 60s, first_byte: 60s, first_token: 60s } }
                        deployments:
                          one/paced: { vendor: one, model_id: paced }
                          two/paced: { vendor: two, model_id: paced }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes:
                          paced: { test: { otherwise: { load_balanced: { one: 60, two: 40 }, call: streamed } } }
                        use_cases:
                          support: { objective: { answered_in_time: 99.9%% } }
                        prices:
                          version: v7
                          deployments:
                            one/paced: { input_per_million: %s, output_per_million: %s }
                            two/paced: { input_per_million: %s, output_per_million: %s }
                        topics: { partitions: %d }
                        """.formatted(vendors.baseUrl("one"), vendors.baseUrl("two"), INPUT, OUTPUT, INPUT, OUTPUT,
                        Fleet.PARTITIONS),
                System.getProperty("java.class.path"));
                FleetDispatcher first = fleet.startDispatcher("dispatcher-1");
                FleetDispatcher second = fleet.startDispatcher("dispatcher-2");
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            first.awaitReady();
            second.awaitReady();
            fleet.vendors().setFaults(List.of(FaultRule.parse("one", "*", "cut:8,p=0.02"),
                    FaultRule.parse("one", "*", "overloaded,p=0.02"), FaultRule.parse("two", "*", "cut:15,p=0.02"),
                    FaultRule.parse("two", "*", "server_error,p=0.02"), FaultRule.parse("*", "*", "reset,p=0.01")));
            try (Traffic.Flow flow = traffic.flow("warm", WARM_UP_PER_SECOND, WARM_UP)) {
                await(flow, WARM_UP);
            }
            try (Traffic.Flow flow = traffic.flow("bill", PER_SECOND, REQUESTS);
                    FleetDispatcher third = crashes(fleet, flow, first)) {
                await(flow, REQUESTS);
                List<String> shortfalls = traffic.shortfalls(FleetIT.ANSWER, PATIENCE);
                assertThat(shortfalls).isEmpty();
                third.awaitReady();
                judge(fleet);
            }
        }
    }

    /** A worker at a quarter of the run, a dispatcher at a half; each is replaced. */
    private FleetDispatcher crashes(Fleet fleet, Traffic.Flow flow, FleetDispatcher victim) throws Exception {
        await(flow, REQUESTS / 4);
        kills.add(System.currentTimeMillis());
        fleet.workers().getFirst().process().kill();
        fleet.replace(0);
        await(flow, REQUESTS / 2);
        victim.process().kill();
        return fleet.startDispatcher("dispatcher-3");
    }

    private static void await(Traffic.Flow flow, int sent) {
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> flow.sent() >= sent);
    }

    private void judge(Fleet fleet) throws Exception {
        try (var usage = new CommittedRecords<>(fleet.callerProperties(), Topics.USAGE, UsageRecord.class);
                var days = new CommittedRecords<>(fleet.callerProperties(), Topics.USAGE_DAILY, UsageRollup.class);
                var hours = new CommittedRecords<>(fleet.callerProperties(), Topics.AVAILABILITY,
                        AvailabilityRecord.class)) {
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> fleet.vendors().calls().stream()
                    .noneMatch(call -> call.outcome() == CallOutcome.RUNNING));
            // Every event has been read, each call that is not told is told as unpaired, and the sums are those of all of them.
            Awaitility.await().atMost(UNTIL_UNPAIRED).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
                assertThat(unread(fleet)).as("records that usage has not committed").isZero();
                BillCheck soFar = new BillCheck(usage.read().values(), fleet.vendors().calls());
                assertThat(soFar.unheard()).as(soFar.inWords()).isEmpty();
                assertThat(summed(days.read())).as(soFar.inWords()).isEqualTo(soFar.calls());
            });
            Map<String, UsageRecord> records = usage.read();
            BillCheck check = new BillCheck(records.values(), fleet.vendors().calls());
            System.out.println(check.inWords());

            assertThat(usage.counts().entrySet()).as("each call once").allSatisfy(entry -> {
                UsageRecord record = Objects.requireNonNull(records.get(entry.getKey()));
                assertThat(entry.getValue()).as(entry.getKey()).isEqualTo(record.getSupersedes() ? 2 : 1);
            });
            assertThat(check.unlike()).as("calls that usage and vendors tell differently").isEmpty();
            assertThat(check.told()).as("to the token").isEqualTo(check.charged());
            assertThat(check.estimatedInput() + check.estimatedOutput()).as("cut attempts")
                    .isCloseTo(check.cutInput() + check.cutOutput(), Percentage.withPercentage(5));
            assertThat(check.estimatedOutput()).as("output of cut attempts").isCloseTo(check.cutOutput(),
                    Percentage.withPercentage(5));
            assertThat(check.cost()).as("cost of what was told").isEqualByComparingTo(
                    INPUT.multiply(BigDecimal.valueOf(check.told().inputTokens()))
                            .add(OUTPUT.multiply(BigDecimal.valueOf(check.told().outputTokens()))).movePointLeft(6));
            assertThat(check.priceVersions()).containsExactly("v7");
            assertThat(check.unheard()).as("calls that usage has not heard of").isEmpty();
            // The one thing that nobody can know: whether a worker that had told of a call still made it before it died.
            assertThat(check.neverMade()).allSatisfy(record -> assertThat(record.getStartedMillis())
                    .isBetween(kills.getFirst() - NOT_YET_MADE_MILLIS, kills.getFirst() + 50));
            assertThat(check.unpaired()).as("calls lost with the worker").isPositive()
                    .isEqualTo(check.lost() + check.neverMade().size());
            UsageRollup sum = sum(days.read());
            assertThat(sum.getAttempts()).isEqualTo(check.calls());
            assertThat(sum.getUnpaired()).isEqualTo(check.unpaired());
            assertThat(sum.getInputTokens()).isEqualTo(check.told().inputTokens() + check.estimatedInput());
            assertThat(sum.getOutputTokens()).isEqualTo(check.told().outputTokens() + check.estimatedOutput());

            long accepted = hours.read().values().stream().mapToLong(AvailabilityRecord::getAccepted).sum();
            long inTime = hours.read().values().stream().mapToLong(AvailabilityRecord::getInTime).sum();
            System.out.printf("availability: %d of %d accepted requests in time%n", inTime, accepted);
            assertThat(inTime).isEqualTo(accepted).isBetween(WARM_UP + REQUESTS - 3L, (long) WARM_UP + REQUESTS);
        }
    }

    private static long unread(Fleet fleet) throws Exception {
        var committed = fleet.brokers().admin().listConsumerGroupOffsets("signalbox-usage")
                .partitionsToOffsetAndMetadata().get();
        Map<TopicPartition, OffsetSpec> read = new HashMap<>();
        committed.keySet().stream().filter(partition -> partition.topic().equals(Topics.ATTEMPTS))
                .forEach(partition -> read.put(partition, OffsetSpec.latest()));
        assertThat(read).as("partitions of attempts").isNotEmpty();
        return fleet.brokers().admin().listOffsets(read).all().get().entrySet().stream()
                .mapToLong(end -> end.getValue().offset()
                        - Objects.requireNonNull(committed.get(end.getKey())).offset())
                .sum();
    }

    private static long summed(Map<String, UsageRollup> days) {
        return sum(days).getAttempts();
    }

    private static UsageRollup sum(Map<String, UsageRollup> days) {
        UsageRollup sum = new UsageRollup();
        days.values().forEach(day -> {
            sum.setAttempts(sum.getAttempts() + day.getAttempts());
            sum.setUnpaired(sum.getUnpaired() + day.getUnpaired());
            sum.setInputTokens(sum.getInputTokens() + day.getInputTokens());
            sum.setOutputTokens(sum.getOutputTokens() + day.getOutputTokens());
        });
        return sum;
    }
}
