package dev.signalbox.dispatcher.usage;

import static dev.signalbox.dispatcher.usage.UsageDriver.LONGEST_CALL;
import static dev.signalbox.dispatcher.usage.UsageDriver.T0;
import static dev.signalbox.dispatcher.usage.UsageDriver.answered;
import static dev.signalbox.dispatcher.usage.UsageDriver.call;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.Events;
import dev.signalbox.dispatcher.TopologyDrawing;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.streams.TestOutputTopic;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-5")
class UsageTopologyTest {
    private UsageDriver application;
    private TestOutputTopic<String, UsageRecord> usage;
    private TestOutputTopic<String, UsageRollup> hourly;
    private TestOutputTopic<String, UsageRollup> daily;
    private TestOutputTopic<String, BudgetRecord> budgets;

    @BeforeEach
    void start(@TempDir Path folder) {
        application = new UsageDriver(folder);
        usage = application.usage;
        hourly = application.hourly;
        daily = application.daily;
        budgets = application.budgets;
    }

    @AfterEach
    void stop() {
        application.close();
    }

    private void event(AttemptEvent event) {
        application.event(event);
    }

    private void pass(Duration time) {
        application.pass(time);
    }

    @Test
    void aCallIsPublishedOnceWhenItsEndIsRead() {
        AttemptEvent started = call("r-1", 1);
        started.setLender("everything-else");
        event(started);
        assertThat(usage.isEmpty()).isTrue();
        AttemptEvent ended = answered(started, 10, 51, "0.000000123");
        ended.setLender("everything-else");
        event(ended);
        event(ended);
        event(started);

        var records = usage.readRecordsToList();
        assertThat(records).hasSize(1);
        UsageRecord record = records.getFirst().value();
        assertThat(records.getFirst().key()).isEqualTo("r-1/0.1.1.7").isEqualTo(record.getEventId());
        assertThat(record.getStartedMillis()).isEqualTo(T0.toEpochMilli() + 10);
        assertThat(record.getEndedMillis()).isEqualTo(T0.toEpochMilli() + 20);
        assertThat(record.getOutcome()).isEqualTo("ANSWERED");
        assertThat(record.getUsage().getOutputTokens()).isEqualTo(51);
        assertThat(record.getCost()).isEqualByComparingTo("0.000000123");
        assertThat(record.getTenant()).isEqualTo("acme");
        assertThat(record.getLender()).as("whose capacity it ran on").isEqualTo("everything-else");
        pass(LONGEST_CALL.plusMinutes(1));
        assertThat(usage.isEmpty()).as("nothing is left open").isTrue();
    }

    /** Who waits for the turn to probe may make no call. */
    @Test
    void aClaimIsNoCall() {
        AttemptEvent claimed = call("r-1", 1);
        claimed.setPhase(AttemptPhase.CLAIMED);
        event(claimed);
        pass(LONGEST_CALL.plusMinutes(1));

        assertThat(usage.isEmpty()).isTrue();
    }

    @Test
    void whatABudgetsTenantSpendsIsSummedUpByDayAndMonthAndForgottenAfterIt() {
        event(answered(call("r-1", 1), 10, 51, "0.25"));
        event(answered(call("r-2", 1), 10, 51, "0.000000001"));
        AttemptEvent unknown = answered(call("r-3", 1), 10, 51, "1");
        unknown.setCost(null);
        event(unknown);
        AttemptEvent others = answered(call("r-4", 1), 10, 51, "7");
        others.setTenant("omega");
        event(others);
        pass(Duration.ofSeconds(1));

        Map<String, BudgetRecord> sums = budgets.readKeyValuesToMap();
        assertThat(sums).containsOnlyKeys("spent/tenant/acme/day/2026-11-21", "spent/tenant/acme/month/2026-11-01");
        assertThat(sums.values()).allSatisfy(sum -> {
            assertThat(sum.getSpent()).isEqualByComparingTo("0.250000001");
            assertThat(sum.getCalls()).isEqualTo(3);
            assertThat(sum.getUnpriced()).isEqualTo(1);
            assertThat(sum.getWorkers()).hasSize(1).first()
                    .satisfies(share -> assertThat(share.getSpent()).isEqualByComparingTo("0.250000001"));
        });

        application.now = application.now.plus(Duration.ofDays(4));
        event(answered(call("r-5", 1), 10, 51, "0.5"));
        pass(Duration.ofSeconds(1));
        sums = budgets.readKeyValuesToMap();
        assertThat(sums.get("spent/tenant/acme/day/2026-11-21")).as("deleted").isNull();
        assertThat(sums).containsKey("spent/tenant/acme/day/2026-11-21");
        assertThat(sums.get("spent/tenant/acme/month/2026-11-01").getSpent()).isEqualByComparingTo("0.750000001");
    }

    @Test
    void anEndWithoutItsStartIsPublishedWithTheStartReckoned() {
        AttemptEvent ended = answered(call("r-1", 1), 10, 51, "1");
        ended.setDurationMillis(4L);
        event(ended);

        UsageRecord record = usage.readValue();
        assertThat(record.getEndedMillis() - record.getStartedMillis()).isEqualTo(4);
    }

    @Test
    void aCallWithoutItsEndIsPublishedAsUnpairedAndCorrectedIfTheEndComesLate() {
        AttemptEvent started = call("r-1", 1);
        event(started);
        pass(LONGEST_CALL);
        assertThat(usage.isEmpty()).isTrue();
        pass(PairingProcessor.TICK);

        UsageRecord lost = usage.readValue();
        assertThat(lost.getOutcome()).isEqualTo("UNPAIRED");
        assertThat(lost.getEndedMillis()).isNull();
        assertThat(lost.getCost()).isNull();
        UsageRollup before = lastDaily();
        assertThat(List.of(before.getAttempts(), before.getUnpaired(), before.getUnpriced()))
                .containsExactly(1L, 1L, 1L);

        event(answered(started, 10, 51, "2.5"));

        UsageRecord late = usage.readValue();
        assertThat(late.getEventId()).isEqualTo(lost.getEventId());
        assertThat(late.getSupersedes()).isTrue();
        UsageRollup day = lastDaily();
        assertThat(List.of(day.getAttempts(), day.getUnpaired(), day.getUnpriced(), day.getAnswered()))
                .containsExactly(1L, 0L, 0L, 1L);
        assertThat(day.getCost()).isEqualByComparingTo("2.5");
    }

    @Test
    void sumsAreByTheHourInWhichACallStarted() {
        application.now = Instant.parse("2026-11-21T23:59:59.900Z");
        AttemptEvent before = call("r-1", 1);
        event(before);
        application.now = application.now.plusSeconds(60);
        event(answered(before, 10, 20, "1"));
        AttemptEvent after = call("r-2", 1);
        event(after);
        event(answered(after, 1, 2, "0.5"));
        pass(RollupProcessor.PUBLISH);

        assertThat(hourly.readKeyValuesToMap()).hasSize(2)
                .hasEntrySatisfying("2026-11-21T23Z/test/acme/support/-/model/vendor.eu%2Fmodel/main/-", hour -> {
                    assertThat(hour.getInputTokens()).isEqualTo(10);
                    assertThat(hour.getUntilMillis() - hour.getFromMillis()).isEqualTo(3_600_000);
                })
                .hasEntrySatisfying("2026-11-22T00Z/test/acme/support/-/model/vendor.eu%2Fmodel/main/-",
                        hour -> assertThat(hour.getCost()).isEqualByComparingTo("0.5"));
        assertThat(daily.readKeyValuesToMap()).containsOnlyKeys(
                "2026-11-21/test/acme/support/-/model/vendor.eu%2Fmodel/main/-",
                "2026-11-22/test/acme/support/-/model/vendor.eu%2Fmodel/main/-");
        pass(RollupProcessor.PUBLISH);
        assertThat(hourly.isEmpty()).as("what has not changed is not published again").isTrue();
    }

    @Test
    void whatWasBorrowedIsSummedUpByPoolAndLender() {
        answeredOn("r-1", null, 100, "1");
        answeredOn("r-2", "conversation-serving", 20, "0.25");
        answeredOn("r-3", "conversation-serving", 3, "0.5");
        answeredOn("r-4", "-", 7, "0.125");
        AttemptEvent lost = call("r-5", 1);
        lost.setLender("conversation-serving");
        event(lost);
        pass(LONGEST_CALL.plus(PairingProcessor.TICK));
        AttemptEvent late = answered(lost, 10, 4, "0.125");
        late.setLender("conversation-serving");
        event(late);
        pass(RollupProcessor.PUBLISH);

        String calls = "2026-11-21/test/acme/support/-/model/vendor.eu%2Fmodel/main/";
        Map<String, UsageRollup> days = daily.readKeyValuesToMap();
        assertThat(days).containsOnlyKeys(calls + "-", calls + "conversation-serving", calls + "%2D");
        assertThat(days.values()).extracting(UsageRollup::getPool).containsOnly("main");
        assertThat(days.get(calls + "-").getLender()).isNull();
        UsageRollup borrowed = days.get(calls + "conversation-serving");
        assertThat(borrowed.getLender()).isEqualTo("conversation-serving");
        assertThat(List.of(borrowed.getAttempts(), borrowed.getAnswered(), borrowed.getUnpaired(),
                borrowed.getOutputTokens())).containsExactly(3L, 3L, 0L, 27L);
        assertThat(borrowed.getCost()).isEqualByComparingTo("0.875");
    }

    private void answeredOn(String request, @Nullable String lender, long output, String cost) {
        AttemptEvent ended = answered(call(request, 1), 10, output, cost);
        ended.setLender(lender);
        event(ended);
    }

    /** Events lost, doubled, swapped and late: the sums are those of the calls all the same. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void sumsAreThoseOfTheCalls(long seed) {
        Random random = new Random(seed);
        List<AttemptEvent> pending = new ArrayList<>();
        Map<String, Long> tokens = new HashMap<>();
        BigDecimal cost = BigDecimal.ZERO;
        int unpaired = 0;
        for (int i = 0; i < 400; i++) {
            AttemptEvent started = call("r-" + i, 1 + random.nextInt(3));
            started.setTenant("tenant-" + random.nextInt(3));
            double fate = random.nextDouble();
            if (fate > 0.1) {
                long output = random.nextInt(1_000);
                BigDecimal price = BigDecimal.valueOf(random.nextInt(1_000_000), 9);
                AttemptEvent ended = answered(started, 7, output, price.toPlainString());
                tokens.merge(started.getTenant(), output, Long::sum);
                cost = cost.add(price);
                pending.add(ended);
                if (fate > 0.9) {
                    pending.add(random.nextInt(pending.size()), ended);
                }
            } else {
                unpaired++;
            }
            if (fate < 0.1 || fate > 0.2) {
                event(started);
            }
            if (random.nextInt(4) == 0) {
                java.util.Collections.shuffle(pending, random);
                pending.subList(pending.size() / 2, pending.size()).forEach(this::event);
                pending.subList(pending.size() / 2, pending.size()).clear();
            }
        }
        pending.forEach(this::event);
        pass(LONGEST_CALL.plus(PairingProcessor.TICK));
        pass(RollupProcessor.PUBLISH);

        Map<String, UsageRollup> days = daily.readKeyValuesToMap();
        Map<String, Long> summed = new HashMap<>();
        days.values().forEach(day -> summed.merge(day.getTenant(), day.getOutputTokens(), Long::sum));
        assertThat(summed).as("seed %d", seed).isEqualTo(tokens);
        assertThat(days.values().stream().map(UsageRollup::getCost).reduce(BigDecimal.ZERO, BigDecimal::add))
                .isEqualByComparingTo(cost);
        assertThat(days.values().stream().mapToLong(UsageRollup::getAttempts).sum()).isEqualTo(400);
        assertThat(days.values().stream().mapToLong(UsageRollup::getUnpaired).sum()).isEqualTo(unpaired);
        Map<String, UsageRecord> latest = usage.readKeyValuesToMap();
        assertThat(latest).hasSize(400);
    }

    @Test
    void everyOperatorAndStoreHasANameOfOursAndThePageShowsThem() throws IOException {
        String description = application.topology().describe().toString().strip();

        assertThat(description).doesNotContain("KSTREAM", "KTABLE", "0000");
        assertThat(Files.readString(Path.of(System.getProperty("signalbox.root"), "docs", "dispatcher.md")))
                .as("docs/dispatcher.md").contains("```\n" + description + "\n```\n")
                .contains("```mermaid\n" + TopologyDrawing.of(application.topology()) + "```\n");
    }

    private UsageRollup lastDaily() {
        pass(RollupProcessor.PUBLISH);
        return daily.readValuesToList().getLast();
    }
}
