package dev.signalbox.workers.telemetry;

import dev.signalbox.workers.vendor.AttemptOutcome;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongHistogram;
import io.opentelemetry.api.metrics.Meter;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** The conventions' GenAI client metrics, with their buckets. */
final class CallMeters {
    private static final AttributeKey<String> TOKEN_TYPE = AttributeKey.stringKey("gen_ai.token.type");
    /** 0.01 s doubled up to 655.36. */
    private static final List<Double> SECONDS = IntStream.rangeClosed(0, 16).mapToObj(i -> 0.01 * (1 << i)).toList();
    /** 1 quadrupled up to 64 Mi. */
    private static final List<Long> TOKENS = LongStream.rangeClosed(0, 13).mapToObj(i -> 1L << (2 * i)).toList();
    private static final List<Double> GAPS = List.of(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0,
            2.5);

    private final DoubleHistogram duration;
    private final DoubleHistogram firstChunk;
    private final DoubleHistogram perChunk;
    private final LongHistogram tokens;

    CallMeters(Meter meter) {
        duration = seconds(meter, "gen_ai.client.operation.duration", "Length of vendor calls", SECONDS);
        firstChunk = seconds(meter, "gen_ai.client.operation.time_to_first_chunk",
                "From the start of a vendor call to its first token", SECONDS);
        perChunk = seconds(meter, "gen_ai.client.operation.time_per_output_chunk",
                "From one token of a stream to the next", GAPS);
        tokens = meter.histogramBuilder("gen_ai.client.token.usage").ofLongs().setUnit("{token}")
                .setDescription("Tokens as the vendors counted them").setExplicitBucketBoundariesAdvice(TOKENS).build();
    }

    private static DoubleHistogram seconds(Meter meter, String name, String description, List<Double> buckets) {
        return meter.histogramBuilder(name).setUnit("s").setDescription(description)
                .setExplicitBucketBoundariesAdvice(buckets).build();
    }

    void betweenChunks(double seconds, Attributes call) {
        perChunk.record(seconds, call);
    }

    /**
     * @param ended with what is known at the end
     * @param call with what was known at its start
     */
    void ended(AttemptOutcome outcome, Attributes ended, Attributes call) {
        duration.record(outcome.times().duration().toNanos() / 1e9, ended);
        outcome.times().timeToFirstToken().ifPresent(first -> firstChunk.record(first.toNanos() / 1e9, call));
        outcome.usage().ifPresent(usage -> {
            count("input", usage.getInputTokens(), ended);
            count("output", usage.getOutputTokens(), ended);
        });
    }

    private void count(String type, @Nullable Long count, Attributes ended) {
        if (count != null) {
            tokens.record(count, ended.toBuilder().put(TOKEN_TYPE, type).build());
        }
    }
}
