package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.Priority;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class SheddingTest {
    private static final long SECOND = ScarceCapacity.SECOND;
    private static final int DAY = 86_400_000;
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.INTERACTIVE, new PriorityShare(8, 0.05),
            Priority.BATCH, new PriorityShare(2, 0.05), Priority.BACKGROUND, new PriorityShare(1, 0.05));

    private static ScarceCapacity run(Set<Priority> sheds) {
        return new ScarceCapacity(new PoolScheduler(SHARES, 1_000, 1_000_000, new PoolRules(Tenant::ofDefault,
                () -> sheds)), 10);
    }

    /** So many a second of 1 s each, evenly, of five tenants in turn. */
    private static void load(ScarceCapacity run, Priority priority, int perSecond, long from, long to) {
        for (long at = from; at < to; at += SECOND / perSecond) {
            String tenant = "t" + at / (SECOND / perSecond) % 5;
            run.at(at, () -> run.arrive(priority, tenant, 100, 400, SECOND, DAY));
        }
    }

    /** Ten calls a second can be served: 2 interactive, 4 batch and 24 background arrive. */
    @Test
    void the_lowest_part_of_the_mix_is_shed_until_the_rest_can_be_served() {
        ScarceCapacity run = run(Set.of(Priority.BATCH, Priority.BACKGROUND));
        load(run, Priority.INTERACTIVE, 2, SECOND, 300 * SECOND);
        load(run, Priority.BATCH, 4, SECOND, 300 * SECOND);
        load(run, Priority.BACKGROUND, 24, SECOND, 300 * SECOND);
        run.runUntil(300 * SECOND);
        Map<Priority, Integer> shed = new HashMap<>();
        Map<String, Integer> tenants = new HashMap<>();
        run.shed.stream().filter(call -> call.arrivedNanos > 120 * SECOND).forEach(call -> {
            shed.merge(call.priority(), 1, Integer::sum);
            tenants.merge(call.tenant(), 1, Integer::sum);
        });
        assertThat(shed).containsOnlyKeys(Priority.BACKGROUND);
        assertThat(shed.get(Priority.BACKGROUND) / 180.0).as("a second").isCloseTo(20, within(2.0));
        tenants.values().forEach(count -> assertThat((double) count).isCloseTo(20 * 180 / 5.0, within(150.0)));
        assertThat(run.scheduler.status().waiting()).as("what waits is bounded").isLessThan(600);
    }

    @Test
    void nothing_is_shed_of_a_priority_that_is_not_named_however_short_capacity_is() {
        ScarceCapacity run = run(Set.of(Priority.BACKGROUND));
        load(run, Priority.BATCH, 30, SECOND, 120 * SECOND);
        run.runUntil(120 * SECOND);
        assertThat(run.shed).isEmpty();
    }

    @Test
    void nothing_is_shed_while_capacity_is_enough_and_a_short_burst_waits() {
        ScarceCapacity run = run(Set.of(Priority.BATCH, Priority.BACKGROUND));
        load(run, Priority.BACKGROUND, 8, SECOND, 200 * SECOND);
        load(run, Priority.BATCH, 60, 100 * SECOND, 101 * SECOND);
        run.runUntil(200 * SECOND);
        assertThat(run.shed).isEmpty();
    }

    /** A vendor that is down ends no call: there is no pace to tell how long it would take. */
    @Test
    void an_outage_sheds_nobody() {
        Shedding shedding = new Shedding(() -> Set.of(Priority.BACKGROUND));
        for (int second = 0; second < 100; second++) {
            assertThat(shedding.arrived(Priority.BACKGROUND, 0, Duration.ofHours(1), 100, 1_000_000, second * SECOND))
                    .isEmpty();
        }
    }

    @Test
    void a_receipt_says_how_long_it_would_take() {
        Shedding shedding = new Shedding(() -> Set.of(Priority.BACKGROUND));
        assertThat(shedding.arrived(Priority.BACKGROUND, 0, Duration.ZERO, 100, 0, 0)).isEmpty();
        for (int second = 1; second <= 60; second++) {
            shedding.served(100, second * SECOND);
        }
        assertThat(shedding.arrived(Priority.BACKGROUND, 0, Duration.ZERO, 100, 5_000, 60 * SECOND)).as("only now")
                .isEmpty();
        ShedReceipt receipt = shedding.arrived(Priority.BACKGROUND, 0.5, Duration.ofSeconds(50), 100, 5_000,
                60 * SECOND + Shedding.LASTING_SECONDS * SECOND).orElseThrow();
        assertThat(receipt.estimated().toSeconds()).isBetween(100L, 106L);
        assertThat(receipt.part()).isCloseTo(0.9, within(0.01));
        assertThat(shedding.arrived(Priority.BACKGROUND, 0.95, Duration.ofSeconds(50), 100, 5_000, 65 * SECOND))
                .as("above the quantile").isEmpty();
    }

    /** Its answer is that its time is up. */
    @Test
    void one_that_has_expired_is_not_shed() {
        ScarceCapacity run = run(Set.of(Priority.BACKGROUND));
        load(run, Priority.BACKGROUND, 30, SECOND, 100 * SECOND);
        run.at(99 * SECOND + 1, () -> {
            for (int i = 0; i < 100; i++) {
                assertThat(run.arrive(Priority.BACKGROUND, "late", 100, 400, SECOND, 0)).isTrue();
            }
        });
        run.runUntil(100 * SECOND);
        assertThat(run.shed).hasSizeGreaterThan(500).noneMatch(call -> call.tenant().equals("late"));
    }

    @Test
    void places_are_spread_evenly() {
        int[] tenths = new int[10];
        for (int i = 0; i < 10_000; i++) {
            tenths[(int) (10 * Shedding.placeOf("request-" + i))]++;
        }
        for (int count : tenths) {
            assertThat(count).isBetween(800, 1_200);
        }
    }
}
