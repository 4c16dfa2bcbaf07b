package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class HoldbackTest {
    private static final long SECOND = 1_000_000_000L;
    private final Holdback holdback = new Holdback();

    @Test
    void nothing_is_held_back_for_who_never_calls() {
        assertThat(holdback.heldBack(100, 5 * SECOND)).isZero();
    }

    @Test
    void one_more_is_held_back_than_ran_at_once_less_what_runs_and_a_quarter_at_most() {
        holdback.started(0);
        holdback.started(0);
        assertThat(holdback.heldBack(100, SECOND)).isEqualTo(1);
        holdback.ended(SECOND);
        holdback.ended(SECOND);
        assertThat(holdback.heldBack(100, 2 * SECOND)).isEqualTo(3);
        assertThat(holdback.heldBack(8, 2 * SECOND)).isEqualTo(2);
        assertThat(holdback.heldBack(3, 2 * SECOND)).isZero();
    }

    @Test
    void who_has_more_than_a_quarter_at_once_finds_room_too() {
        for (int i = 0; i < 4; i++) {
            holdback.started(0);
        }
        assertThat(holdback.heldBack(10, SECOND)).isEqualTo(1);
        assertThat(holdback.heldBack(7, SECOND)).as("more than half is no light load").isZero();
        holdback.ended(SECOND);
        holdback.ended(SECOND);
        assertThat(holdback.heldBack(10, SECOND)).isEqualTo(1);
        holdback.ended(SECOND);
        holdback.ended(SECOND);
        assertThat(holdback.heldBack(10, SECOND)).as("a quarter").isEqualTo(2);
    }

    @Test
    void a_burst_takes_away_what_is_left_free_for_as_long_as_it_lasts() {
        for (int i = 0; i < 3; i++) {
            holdback.started(0);
        }
        for (int i = 0; i < 7; i++) {
            holdback.started(10 * SECOND);
        }
        assertThat(holdback.heldBack(10, 11 * SECOND)).as("more than half now").isZero();
        for (int i = 0; i < 7; i++) {
            holdback.ended(11 * SECOND);
        }
        assertThat(holdback.heldBack(10, 11 * SECOND)).isEqualTo(1);
    }

    @Test
    void who_has_more_than_half_as_a_rule_is_left_none_while_he_has_less() {
        for (int i = 0; i < 7; i++) {
            holdback.started(0);
        }
        for (int i = 0; i < 3; i++) {
            holdback.ended(50 * SECOND);
        }
        assertThat(holdback.heldBack(10, 51 * SECOND)).as("6.9 on average").isZero();
        assertThat(holdback.heldBack(10, 90 * SECOND)).as("6 of a half minute, and 4 since").isEqualTo(1);
    }

    @Test
    void it_ends_a_minute_after_the_last_call() {
        holdback.started(0);
        holdback.ended(SECOND);
        assertThat(holdback.heldBack(100, 59 * SECOND)).isEqualTo(2);
        assertThat(holdback.heldBack(100, 60 * SECOND)).isZero();
        holdback.started(200 * SECOND);
        assertThat(holdback.heldBack(100, 500 * SECOND)).as("a call that still runs").isEqualTo(1);
    }
}
