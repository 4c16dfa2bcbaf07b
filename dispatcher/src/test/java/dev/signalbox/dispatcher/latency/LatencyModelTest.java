package dev.signalbox.dispatcher.latency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.signalbox.dispatcher.Events;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.LatencyWindow;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LatencyModelTest {
    private static final long T0 = 1_700_000_000_000L;

    @Test
    void aStreamedAnswerGivesAllThreeTimes() {
        assertThat(LatencySample.of(Events.answered("d", "w", 200, 1_200, 51)))
                .contains(new LatencySample(OptionalLong.of(200_000), OptionalLong.of(20_000),
                        OptionalLong.of(1_200_000), OptionalLong.of(10), OptionalLong.of(51)));
    }

    @Test
    void whatCannotBeMeasuredIsLeftOut() {
        AttemptEvent unary = Events.answered("d", "w", 900, 1_000, 50);
        unary.setStreamed(false);
        AttemptEvent cut = Events.answered("d", "w", 200, 1_200, 51);
        cut.setOutcome("TRUNCATED");
        AttemptEvent impossible = Events.answered("d", "w", 2_000, 1_000, 50);

        assertThat(LatencySample.of(unary)).contains(
                new LatencySample(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.of(1_000_000),
                        OptionalLong.of(10), OptionalLong.of(50)));
        assertThat(LatencySample.of(cut)).contains(
                new LatencySample(OptionalLong.of(200_000), OptionalLong.empty(), OptionalLong.empty(),
                        OptionalLong.of(10), OptionalLong.of(51)));
        assertThat(LatencySample.of(impossible)).contains(
                new LatencySample(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.of(1_000_000),
                        OptionalLong.of(10), OptionalLong.of(50)));
        assertThat(LatencySample.of(Events.started("d", "w"))).isEmpty();
        assertThat(LatencySample.of(Events.ended("d", "w", "OVERLOADED", 5))).isEmpty();
        assertThat(LatencySample.of(Events.ended("d", "w", "ANSWERED", -5))).isEmpty();
        assertThat(LatencySample.of(Events.answered("d", "w", 10, 20, 1)).orElseThrow().timePerOutputToken()).isEmpty();
    }

    @Test
    void timesAreSeenApartBySize() {
        Map<Long, LatencySlice> slices = new TreeMap<>();
        sized(slices, 400, 20, 200, 1_000);
        sized(slices, 401, 20, 900, 1_100);
        sized(slices, 90_000, 5_000, 9_000, 60_000);
        AttemptEvent estimated = Events.answered("d", "w", 1, 2, 5);
        estimated.getUsage().setEstimated(true);
        slices.merge(T0, LatencySlice.EMPTY.plus(LatencySample.of(estimated).orElseThrow()), LatencySlice::plus);

        LatencyWindow window = LatencyModel.windows(slices, T0).getFirst();
        assertThat(window.getTotal().getCount()).isEqualTo(4);
        assertThat(window.getTimeToFirstTokenByInput())
                .extracting(size -> size.getFromTokens() + " to " + size.getUpToTokens())
                .containsExactly("101 to 400", "401 to 1600", "25601 to null");
        assertThat(window.getTimeToFirstTokenByInput()).extracting(size -> size.getTimes().getCount())
                .containsExactly(1L, 1L, 1L);
        assertThat(window.getTimeToFirstTokenByInput().get(1).getTimes().getP50Millis()).isCloseTo(900, within(45.0));
        assertThat(window.getTotalByOutput()).extracting(size -> size.getFromTokens()).containsExactly(0L, 1_601L);
        assertThat(window.getTotalByOutput().getFirst().getTimes().getCount()).isEqualTo(2);
        assertThat(window.getTotalByOutput().getLast().getTimes().getP99Millis()).isCloseTo(60_000, within(3_000.0));
    }

    private static void sized(Map<Long, LatencySlice> slices, long input, long output, long first, long duration) {
        AttemptEvent call = Events.answered("d", "w", first, duration, output);
        call.getUsage().setInputTokens(input);
        slices.merge(LatencyModel.sliceStart(T0), LatencySlice.EMPTY.plus(LatencySample.of(call).orElseThrow()),
                LatencySlice::plus);
    }

    @Test
    void windowsForgetWhatIsOlder() {
        Map<Long, LatencySlice> slices = new TreeMap<>();
        add(slices, T0, 1_000);
        add(slices, T0 + 240_000, 100);

        List<LatencyWindow> atOnce = LatencyModel.windows(slices, T0 + 240_000);
        List<LatencyWindow> later = LatencyModel.windows(slices, T0 + 310_000);

        assertThat(atOnce.get(0).getTotal().getCount()).isEqualTo(1);
        assertThat(atOnce.get(0).getTotal().getP50Millis()).isCloseTo(100, within(5.0));
        assertThat(atOnce.get(1).getTotal().getCount()).isEqualTo(2);
        assertThat(atOnce.get(1).getTotal().getP99Millis()).isCloseTo(1_000, within(50.0));
        assertThat(later.get(0).getTotal()).isNull();
        assertThat(later.get(1).getTotal().getCount()).isEqualTo(1);
    }

    @Test
    void aWindowCountsEveryCallOfItsSlicesAndNoOther() {
        for (long seed = 0; seed < 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Map<Long, LatencySlice> slices = new TreeMap<>();
            long now = T0 + random.nextLong(1_000_000);
            long[] counted = new long[2];
            for (int i = 0; i < 300; i++) {
                long at = now - random.nextLong(600_000);
                add(slices, at, 1 + random.nextLong(5_000));
                // A window is its last slice up to now and whole slices before it.
                counted[0] += at >= now - Math.floorMod(now, 10_000) - 50_000 ? 1 : 0;
                counted[1] += at >= now - Math.floorMod(now, 10_000) - 290_000 ? 1 : 0;
            }
            List<LatencyWindow> windows = LatencyModel.windows(slices, now);
            for (int window = 0; window < 2; window++) {
                var total = windows.get(window).getTotal();
                assertThat(total == null ? 0 : total.getCount()).as("seed %d", seed).isEqualTo(counted[window]);
            }
        }
    }

    private static void add(Map<Long, LatencySlice> slices, long at, long durationMillis) {
        LatencySample sample = LatencySample.of(Events.ended("d", "w", "ANSWERED", durationMillis)).orElseThrow();
        slices.merge(LatencyModel.sliceStart(at), LatencySlice.EMPTY.plus(sample), LatencySlice::plus);
    }
}
