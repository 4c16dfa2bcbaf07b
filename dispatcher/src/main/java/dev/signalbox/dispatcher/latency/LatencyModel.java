package dev.signalbox.dispatcher.latency;

import dev.signalbox.schemas.avro.LatencySummary;
import dev.signalbox.schemas.avro.LatencyWindow;
import dev.signalbox.schemas.avro.SizedLatency;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Times of a deployment over 1 and 5 minutes, from slices of 10 s: a window is the slice that now falls into and the
 * whole ones before it, hence up to one slice shorter than its name. Times are ms on the broker's clock.
 */
final class LatencyModel {
    static final Duration SLICE = Duration.ofSeconds(10);
    /** Shortest first. */
    static final List<Duration> WINDOWS = List.of(Duration.ofMinutes(1), Duration.ofMinutes(5));
    /** How long a slice is of use. */
    static final Duration RETENTION = WINDOWS.getLast().plus(SLICE);

    private LatencyModel() {
    }

    /** Start of the slice that a time falls into. */
    static long sliceStart(long millis) {
        return millis - Math.floorMod(millis, SLICE.toMillis());
    }

    /** Start of the first slice of a window that ends now. */
    static long windowStart(Duration window, long nowMillis) {
        return sliceStart(nowMillis) - window.minus(SLICE).toMillis();
    }

    /**
     * What the windows show now.
     *
     * @param slices by their start; those outside a window are left out of it
     */
    static List<LatencyWindow> windows(Map<Long, LatencySlice> slices, long nowMillis) {
        List<LatencyWindow> windows = new ArrayList<>(WINDOWS.size());
        for (Duration window : WINDOWS) {
            long from = windowStart(window, nowMillis);
            LatencySlice sum = slices.entrySet().stream()
                    .filter(slice -> slice.getKey() >= from && slice.getKey() <= nowMillis).map(Map.Entry::getValue)
                    .reduce(LatencySlice.EMPTY, LatencySlice::plus);
            windows.add(new LatencyWindow((int) window.toSeconds(), summary(sum.timeToFirstToken()),
                    summary(sum.timePerOutputToken()), summary(sum.total()), bySize(sum.timeToFirstTokenByInput()),
                    bySize(sum.totalByOutput())));
        }
        return windows;
    }

    private static List<SizedLatency> bySize(SizedTimes times) {
        List<SizedLatency> sizes = new ArrayList<>();
        for (int size = 0; size < times.sizes().size(); size++) {
            LatencySummary summary = summary(times.sizes().get(size));
            if (summary != null) {
                OptionalLong upTo = SizedTimes.upTo(size);
                sizes.add(new SizedLatency(SizedTimes.from(size), upTo.isPresent() ? upTo.getAsLong() : null, summary));
            }
        }
        return sizes;
    }

    private static @Nullable LatencySummary summary(Histogram histogram) {
        return histogram.count() == 0
                ? null
                : new LatencySummary(histogram.count(), millis(histogram, 0.5), millis(histogram, 0.9),
                        millis(histogram, 0.99));
    }

    private static double millis(Histogram histogram, double part) {
        return histogram.percentile(part).orElseThrow() / 1_000.0;
    }
}
