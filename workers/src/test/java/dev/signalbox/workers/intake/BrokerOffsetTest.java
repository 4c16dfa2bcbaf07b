package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class BrokerOffsetTest {
    private static final long MILLI = 1_000_000;

    @Test
    void the_truth_stays_within_the_stated_uncertainty_whatever_the_round_trips_and_drift() {
        for (long seed = 1; seed <= 50; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            BrokerOffset offset = new BrokerOffset();
            long truth = random.nextLong(-1_000_000_000L, 1_000_000_000L) * MILLI;
            double drift = (random.nextDouble() - 0.5) * 2 * 100e-6;
            long now = random.nextLong(1L << 40);
            long begin = now;
            for (int i = 0; i < 500; i++) {
                long sent = now;
                long stamped = sent + random.nextLong(1, 50 * MILLI);
                now = stamped + random.nextLong(1, 50 * MILLI);
                long brokerAtStamp = stamped + truth + (long) ((stamped - begin) * drift);
                offset.acknowledged(Math.floorDiv(brokerAtStamp, MILLI), sent, now);
                now += random.nextLong(1, 2_000 * MILLI);
                long trueMillis = Math.floorDiv(now + truth + (long) ((now - begin) * drift), MILLI);
                long uncertainty = offset.uncertaintyMillis(now).orElseThrow();
                assertThat(offset.nowMillis(now).orElseThrow()).as("seed %d", seed).isCloseTo(trueMillis,
                        within(uncertainty + 1));
                assertThat(uncertainty).isLessThanOrEqualTo(55);
            }
        }
    }

    @Test
    void a_broker_clock_that_was_set_is_followed() {
        BrokerOffset offset = new BrokerOffset();
        offset.acknowledged(10_000, 0, 2 * MILLI);
        offset.acknowledged(3_610_010, 10 * MILLI, 12 * MILLI);
        assertThat(offset.nowMillis(12 * MILLI).orElseThrow()).isCloseTo(3_610_011, within(2L));
    }

    @Test
    void records_that_were_read_count_until_the_first_acknowledgement() {
        AtomicLong nanos = new AtomicLong();
        AtomicLong wall = new AtomicLong(99);
        BrokerClock clock = new BrokerClock(nanos::get, wall::get);
        assertThat(clock.nowMillis()).isEqualTo(99);
        clock.read(5_000);
        clock.read(4_000);
        nanos.addAndGet(10 * MILLI);
        assertThat(clock.nowMillis()).isEqualTo(5_010);
        assertThat(clock.uncertaintyMillis()).isEmpty();
        long sent = clock.sending();
        clock.acknowledged(8_000, sent);
        clock.read(9_000);
        assertThat(clock.nowMillis()).isCloseTo(8_000, within(1L));
        wall.set(8_000 + 3_600_000);
        assertThat(clock.wallClockSkewMillis().orElseThrow()).isCloseTo(3_600_000, within(1L));
    }
}
