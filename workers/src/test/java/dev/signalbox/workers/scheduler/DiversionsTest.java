package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.WorkerSettings;
import dev.signalbox.workers.intake.LaneBounds;
import java.util.Map;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class DiversionsTest {
    private static final LaneBounds BOUNDS = LaneBounds.of(new WorkerSettings(100, 1_000, 64L << 20));
    private static final int HALF = BOUNDS.pauseRecords() / 2;
    private static final int TENTH = BOUNDS.pauseRecords() / 10;

    private final Diversions model = new Diversions(BOUNDS);

    private boolean arrives(String tenant, Crowd crowd, long nowMillis) {
        return model.arrived(tenant, () -> crowd, nowMillis);
    }

    private static Crowd crowd(int records, int ofTenant) {
        return new Crowd(records, records * 100L, ofTenant, ofTenant * 100L);
    }

    private static Map<Integer, LongPredicate> upTo(int partition, long next) {
        return Map.of(partition, offset -> offset < next);
    }

    private void becomesNoisy(String tenant, long nowMillis) {
        arrives("other", crowd(0, 0), nowMillis);
        assertThat(arrives(tenant, crowd(HALF, TENTH + 1), nowMillis)).isTrue();
    }

    @Test
    void who_has_over_a_tenth_of_a_lane_that_is_half_full_is_diverted() {
        arrives("modest", crowd(0, 0), 1);
        assertThat(arrives("noisy", crowd(HALF - 1, HALF - 1), 2)).as("there is room").isFalse();
        assertThat(arrives("noisy", crowd(HALF, TENTH), 3)).as("a tenth").isFalse();
        assertThat(arrives("noisy", crowd(HALF, TENTH + 1), 4)).isTrue();
        assertThat(arrives("noisy", crowd(0, 0), 5)).as("it stays so").isTrue();
        assertThat(arrives("modest", crowd(HALF, 3), 6)).isFalse();
        assertThat(model.diverted()).containsExactly(new Diversions.Diverted("noisy", 4));
    }

    @Test
    void few_large_records_may_be_too_much_too() {
        arrives("modest", crowd(0, 0), 1);
        long half = BOUNDS.pauseBytes() / 2;
        assertThat(arrives("noisy", new Crowd(5, half, 4, BOUNDS.pauseBytes() / 10), 2)).isFalse();
        assertThat(arrives("noisy", new Crowd(5, half, 4, BOUNDS.pauseBytes() / 10 + 1), 3)).isTrue();
    }

    @Test
    void in_a_small_lane_thirty_are_needed() {
        Diversions small = new Diversions(LaneBounds.of(new WorkerSettings(10, 100, 64L << 20)));
        small.arrived("modest", () -> crowd(0, 0), 1);
        assertThat(small.arrived("noisy", () -> crowd(50, 29), 2)).isFalse();
        assertThat(small.arrived("noisy", () -> crowd(50, 30), 3)).isTrue();
    }

    @Test
    void who_is_alone_is_not_noisy() {
        assertThat(arrives("noisy", crowd(HALF, HALF), 1)).isFalse();
        assertThat(arrives("other", crowd(HALF, 0), 2)).isFalse();
        assertThat(arrives("noisy", crowd(HALF, HALF), 3)).isTrue();
        Diversions alone = new Diversions(BOUNDS);
        alone.arrived("other", () -> crowd(0, 0), 1);
        assertThat(alone.arrived("noisy", () -> crowd(HALF, HALF), Diversions.OTHERS_MILLIS + 2)).isFalse();
    }

    @Test
    void he_is_back_when_all_of_his_is_committed_and_nothing_under_way() {
        becomesNoisy("noisy", 1);
        arrives("noisy", crowd(0, 0), 2);
        model.written("noisy", 3, 17);
        assertThat(model.awaited()).containsExactly(3);
        assertThat(model.done(upTo(3, 18), 4)).as("one is under way").isEmpty();
        model.written("noisy", 1, 5);
        assertThat(model.done(upTo(1, 5), 5)).as("the last one is not done").isEmpty();
        assertThat(model.done(upTo(1, 6), 6)).containsExactly(new Diversions.Diverted("noisy", 1));
        assertThat(arrives("noisy", crowd(0, 0), 7)).isFalse();
    }

    @Test
    void who_comes_back_from_the_overflow_topic_is_noisy_until_that_is_done() {
        model.cameBack("noisy", 0, 4, 1);
        assertThat(arrives("noisy", crowd(0, 0), 2)).isTrue();
        model.written("noisy", 0, 9);
        assertThat(model.done(upTo(0, 5), 3)).isEmpty();
        assertThat(model.done(upTo(0, 10), 4)).hasSize(1);
    }

    @Test
    void who_is_quiet_for_five_minutes_is_calm_though_nothing_is_heard_of_his_overflow() {
        becomesNoisy("noisy", 1);
        model.written("noisy", 0, 4);
        assertThat(model.done(Map.of(), Diversions.QUIET_MILLIS)).isEmpty();
        assertThat(model.done(Map.of(), Diversions.QUIET_MILLIS + 1)).hasSize(1);
    }

    @Test
    void where_nothing_can_be_written_nobody_is_diverted_for_a_while() {
        becomesNoisy("noisy", 1);
        model.failed("noisy", 2);
        assertThat(arrives("noisy", crowd(HALF, HALF), 3)).isFalse();
        arrives("other", crowd(0, 0), 4);
        assertThat(arrives("noisy", crowd(HALF, HALF), Diversions.PAUSE_MILLIS + 2)).isTrue();
    }

    @Test
    void so_many_and_no_more_are_remembered() {
        for (int i = 0; i < Diversions.MOST_TENANTS; i++) {
            becomesNoisy("t" + i, i);
        }
        assertThat(arrives("one more", crowd(HALF, HALF), 5_000)).isFalse();
        model.cameBack("yet another", 0, 1, 5_000);
        assertThat(model.size()).isEqualTo(Diversions.MOST_TENANTS);
    }
}
