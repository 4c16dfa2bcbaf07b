package dev.signalbox.simulator.meter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.simulator.meter.Limiter.Admitted;
import dev.signalbox.simulator.meter.Limiter.Bound;
import dev.signalbox.simulator.meter.Limiter.Exceeded;
import dev.signalbox.simulator.profile.Limits;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimiterTest {
    @Test
    void calls_at_once() {
        Limiter limiter = new Limiter(Limits.NONE.withConcurrency(1));
        assertThat(limiter.admit(0, 10, 10)).isInstanceOf(Admitted.class);
        assertThat(limiter.admit(0, 10, 10)).isEqualTo(new Exceeded(Bound.CONCURRENCY, 1, 1, 1, 0));
        limiter.left();
        assertThat(limiter.admit(0, 10, 10)).isInstanceOf(Admitted.class);
    }

    @Test
    void the_time_to_wait_is_exact() {
        Limiter limiter = new Limiter(Limits.NONE.withRequestsPerMinute(2));
        limiter.admit(0, 10, 10);
        limiter.admit(1_000, 10, 10);
        assertThat(limiter.admit(1_500, 1, 1)).isEqualTo(new Exceeded(Bound.REQUESTS, 2, 2, 1, 58_500));
        assertThat(limiter.admit(59_999, 1, 1)).isInstanceOf(Exceeded.class);
        assertThat(limiter.admit(60_000, 1, 1)).isInstanceOf(Admitted.class);
    }

    @Test
    void a_request_above_the_limit_never_fits() {
        Limiter limiter = new Limiter(Limits.NONE.withTokensPerMinute(100));
        assertThat(limiter.admit(0, 90, 20)).isInstanceOfSatisfying(Exceeded.class,
                exceeded -> assertThat(exceeded.neverFits()).isTrue());
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {11, 12, 13})
    void nothing_is_let_in_beyond_any_limit(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Limits limits = new Limits(5, 40, 3_000, 2_000, 1_500);
        Limiter limiter = new Limiter(limits);
        CallMeter admitted = new CallMeter("v", "m", 0);
        long now = 0;
        for (int step = 0; step < 20_000; step++) {
            now += random.nextInt(400);
            if (admitted.callsNow() > 0 && random.nextBoolean()) {
                limiter.left();
                admitted.ended();
            }
            int in = random.nextInt(1, 120);
            int out = random.nextInt(1, 120);
            if (limiter.admit(now, in, out) instanceof Admitted) {
                admitted.arrived(now, in);
                admitted.sent(now, out);
            }
        }
        MeterReading reading = admitted.reading(now);
        assertThat(reading.callsMax()).isEqualTo(5);
        assertThat(reading.requestsPerMinuteMax()).isLessThanOrEqualTo(40);
        assertThat(reading.tokensPerMinuteMax()).isBetween(2_500L, 3_000L);
        assertThat(reading.inputTokensPerMinuteMax()).isLessThanOrEqualTo(2_000);
        assertThat(reading.outputTokensPerMinuteMax()).isLessThanOrEqualTo(1_500);
    }
}
