package dev.signalbox.simulator.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DistributionTest {
    @ParameterizedTest
    @CsvSource({"20, 20", "fixed:20, 20", "uniform:10:30, 20", "lognormal:350:0.5, 350", "exponential:100, 69.3",
            "quantiles:0=10:0.5=25:0.99=80:1=200, 25"})
    void the_median_is_as_written(String text, double median) {
        Distribution distribution = Distribution.parse(text);
        SplittableRandom random = new SplittableRandom(7);
        double[] samples = DoubleStream.generate(() -> distribution.sample(random)).limit(20_001).sorted().toArray();
        assertThat(samples[10_000]).isCloseTo(median, within(median * 0.05));
        assertThat(samples[0]).isNotNegative();
    }

    @Test
    void the_same_seed_gives_the_same_samples() {
        Distribution distribution = Distribution.parse("lognormal:10:1");
        assertThat(distribution.sample(new SplittableRandom(3)))
                .isEqualTo(distribution.sample(new SplittableRandom(3)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-1", "uniform:3", "uniform:9:3", "quantiles:0=1", "quantiles:0=5:1=4",
            "lognormal:1:2:3", "fixed:NaN"})
    void what_is_no_distribution_is_refused(String text) {
        assertThatThrownBy(() -> Distribution.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
