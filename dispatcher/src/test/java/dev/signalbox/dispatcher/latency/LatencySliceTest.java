package dev.signalbox.dispatcher.latency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.StoredForms;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A dispatcher of this version goes on from the slices that one of each earlier version left in the changelog. */
@Tag("issue-5")
class LatencySliceTest {
    @Test
    void theFirstVersionIsRead() {
        byte[] stored = StoredForms.of("latency-slices.v1.hex").getFirst();
        LatencySlice slice = LatencySlice.of(stored);

        assertThat(slice.timeToFirstToken().count()).isEqualTo(4);
        assertThat(slice.timePerOutputToken()).isEqualTo(Histogram.EMPTY.plus(9_000));
        assertThat(slice.total().count()).isEqualTo(300);
        assertThat(slice.total().percentile(0.5).orElseThrow()).isBetween(1_560_000L, 1_740_000L);
        assertThat(LatencySlice.of(slice.toBytes())).isEqualTo(slice);
    }

    @Test
    void theSecondVersionIsRead() {
        LatencySlice slice = LatencySlice.of(StoredForms.of("latency-slices.v2.hex").getFirst());

        assertThat(slice.timeToFirstToken().count()).isEqualTo(4);
        assertThat(slice.timePerOutputToken()).isEqualTo(Histogram.EMPTY.plus(9_000));
        assertThat(slice.timeToFirstTokenByInput().sizes()).extracting(Histogram::count)
                .containsExactly(0L, 2L, 0L, 0L, 0L, 2L);
        assertThat(slice.totalByOutput().sizes()).extracting(Histogram::count)
                .containsExactly(100L, 0L, 200L, 0L, 0L, 0L);
        assertThat(slice.total().count()).isEqualTo(300);
    }

    @Test
    void whatALaterDispatcherWroteIsRefusedByName() {
        byte[] later = StoredForms.of("latency-slices.v1.hex").getFirst();
        later[0] = 100;
        assertThatThrownBy(() -> LatencySlice.of(later)).isInstanceOf(SerializationException.class)
                .hasMessageContaining("version 100").hasMessageContaining("a later dispatcher wrote");
    }
}
