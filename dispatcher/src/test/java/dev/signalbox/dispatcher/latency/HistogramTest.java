package dev.signalbox.dispatcher.latency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;

class HistogramTest {
    @Test
    void anEmptyOneHasNoPercentile() {
        assertThat(Histogram.EMPTY.percentile(0.5)).isEmpty();
        assertThat(Histogram.EMPTY.count()).isZero();
    }

    @Test
    void timesBeyondTheBoundsCountAtTheBounds() {
        assertThat(Histogram.EMPTY.plus(0).percentile(1)).hasValue(1);
        assertThat(Histogram.EMPTY.plus(Long.MAX_VALUE).percentile(1).getAsLong())
                .isCloseTo(1L << 32, within((1L << 32) / 20));
        assertThatThrownBy(() -> Histogram.EMPTY.plus(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Histogram.EMPTY.percentile(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void percentilesAreThoseOfTheTimesToFivePercentHoweverTheyWereSplitAndMerged() {
        for (long seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long[] times = new long[1 + random.nextInt(2_000)];
            Histogram[] parts = {Histogram.EMPTY, Histogram.EMPTY, Histogram.EMPTY};
            Histogram whole = Histogram.EMPTY;
            for (int i = 0; i < times.length; i++) {
                times[i] = (long) Math.exp(random.nextDouble() * Math.log(3.6e9));
                int part = random.nextInt(3);
                parts[part] = parts[part].plus(times[i]);
                whole = whole.plus(times[i]);
            }
            Arrays.sort(times);
            Histogram merged = parts[2].plus(parts[0]).plus(parts[1]);
            assertThat(merged).as("seed %d", seed).isEqualTo(whole);
            assertThat(merged.count()).isEqualTo(times.length);
            for (double part : new double[]{0.01, 0.5, 0.9, 0.99, 1}) {
                long exact = times[(int) Math.ceil(part * times.length) - 1];
                assertThat((double) merged.percentile(part).getAsLong()).as("seed %d, %s", seed, part)
                        .isCloseTo(exact, within(Math.max(1, exact * 0.05)));
            }
            LatencySlice slice = new LatencySlice(whole, parts[0], parts[1],
                    SizedTimes.EMPTY.plus(random.nextLong(100_000), times[0]),
                    SizedTimes.EMPTY.plus(random.nextLong(100_000), times[0]).plus(0, times[0]));
            assertThat(LatencySlice.of(slice.toBytes())).as("seed %d", seed).isEqualTo(slice);
        }
    }

    @Test
    void aSliceIsStoredInFewBytes() {
        LatencySlice slice = LatencySlice.EMPTY;
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 50_000; i++) {
            long first = 200_000 + random.nextLong(1_000_000);
            long total = 1_000_000 + random.nextLong(20_000_000);
            slice = slice
                    .plus(new LatencySample(OptionalLong.of(first), OptionalLong.of(10_000 + random.nextLong(40_000)),
                            OptionalLong.of(total), OptionalLong.of(random.nextLong(30_000)),
                            OptionalLong.of(random.nextLong(2_000))));
        }
        assertThat(slice.toBytes()).hasSizeLessThan(900);
    }

    @Test
    void theFirstFormWhichKnewNoSizesIsRead() {
        Histogram times = Histogram.EMPTY.plus(1_500);
        byte[] bytes = new LatencySlice(times, Histogram.EMPTY, times.plus(9_000), SizedTimes.EMPTY, SizedTimes.EMPTY)
                .toBytes();
        byte[] sizes = new byte[2 * 2 * SizedTimes.EMPTY.sizes().size()];
        byte[] first = Arrays.copyOf(bytes, bytes.length - sizes.length);
        assertThat(Arrays.copyOfRange(bytes, first.length, bytes.length)).as("two bytes an empty histogram")
                .isEqualTo(sizes);
        first[0] = 1;

        assertThat(LatencySlice.of(first)).isEqualTo(LatencySlice.of(bytes));
    }

    @Test
    void aStoredFormOfALaterVersionIsRefusedByName() {
        assertThatThrownBy(() -> LatencySlice.of(new byte[]{3, 0})).isInstanceOf(SerializationException.class)
                .hasMessageContaining("version 3");
        assertThatThrownBy(() -> LatencySlice.of(new byte[]{1, 0, 5, 1})).isInstanceOf(SerializationException.class);
    }
}
