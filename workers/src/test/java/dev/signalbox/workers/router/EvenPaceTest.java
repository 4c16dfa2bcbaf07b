package dev.signalbox.workers.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Asks are made each 10 ms, more than there is room for. */
@Tag("issue-6")
class EvenPaceTest {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final long NONE = Long.MAX_VALUE;
    /** More than any limit here allows. */
    private static final int MOST_CALLS = 3_000;

    private final EvenPace pace = new EvenPace();
    private final List<Long> calls = new ArrayList<>();

    private void flood(CallNeed need, long requests, long outputTokens, long fromNanos, long untilNanos) {
        for (long now = fromNanos; now < untilNanos; now += 10 * MILLI) {
            while (pace.check(need, requests, NONE, outputTokens, now) instanceof LimitVerdict.Now
                    && calls.size() < MOST_CALLS) {
                pace.started(need, requests, NONE, outputTokens, now);
                calls.add(now);
            }
        }
    }

    private long mostInTenSeconds() {
        long most = 0;
        for (long from : calls) {
            most = Math.max(most, calls.stream().filter(at -> at >= from && at < from + 10 * SECOND).count());
        }
        return most;
    }

    @ParameterizedTest
    @CsvSource({"120", "600", "60", "40", "20", "6"})
    void noTenSecondsHoldMoreThanATenthBeyondTheLimitsPart(long perMinute) {
        pace.begin(0);
        flood(new CallNeed(1, 1), perMinute, NONE, 0, 60 * SECOND);
        assertThat(mostInTenSeconds()).as("of %d calls", calls.size())
                .isLessThanOrEqualTo(Math.max(1, (long) (1.1 * perMinute / 6)));
        assertThat(calls.size()).as("and it does not cost throughput").isGreaterThanOrEqualTo((int) (0.85 * perMinute));
    }

    @Test
    void tokensArePacedAsRequestsAre() {
        pace.begin(0);
        flood(new CallNeed(1, 100), NONE, 12_000, 0, 60 * SECOND);
        assertThat(mostInTenSeconds()).isLessThanOrEqualTo(22);
        assertThat(calls).hasSizeGreaterThanOrEqualTo(115);
    }

    @Test
    void aCallThatNeedsMoreThanTenSecondsHoldGoesAtItsTime() {
        pace.begin(0);
        flood(new CallNeed(1, 9_000), NONE, 10_000, 0, 120 * SECOND);
        assertThat(calls).hasSize(3);
    }

    @Test
    void itLastsWhileItsReasonDoesAndAMinuteMoreAndWhileItHoldsAnybodyBack() {
        CallNeed need = new CallNeed(1, 1);
        pace.begin(0);
        pace.begin(30 * SECOND);
        assertThat(pace.isActive(89 * SECOND)).isTrue();
        flood(need, 120, NONE, 80 * SECOND, 200 * SECOND);
        assertThat(pace.isActive(205 * SECOND)).as("calls were refused by it").isTrue();
        assertThat(pace.isActive(211 * SECOND)).isFalse();
        assertThat(pace.check(need, 1, NONE, NONE, 211 * SECOND)).isEqualTo(LimitVerdict.NOW);
        pace.begin(300 * SECOND);
        flood(need, 120, NONE, 300 * SECOND, 600 * SECOND);
        assertThat(pace.isActive(601 * SECOND)).as("for longer it is not").isFalse();
    }

    @Test
    void withoutAReasonCallsMayGoOutInABurst() {
        for (int i = 0; i < 1_000; i++) {
            assertThat(pace.check(new CallNeed(1, 1), 120, NONE, NONE, 0)).isEqualTo(LimitVerdict.NOW);
            pace.started(new CallNeed(1, 1), 120, NONE, NONE, 0);
        }
    }
}
