package dev.signalbox.workers.telemetry;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.Vendor;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.router.VendorSignals;
import dev.signalbox.workers.telemetry.Telemetry.Recording;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.TokenSink;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The span and the metrics of one vendor call. One thread at a time. */
final class CallTrace implements AutoCloseable {
    private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
    private static final AttributeKey<String> PROVIDER = AttributeKey.stringKey("gen_ai.provider.name");
    private static final AttributeKey<String> REQUEST_MODEL = AttributeKey.stringKey("gen_ai.request.model");
    private static final AttributeKey<String> RESPONSE_MODEL = AttributeKey.stringKey("gen_ai.response.model");
    private static final AttributeKey<List<String>> FINISH_REASONS = AttributeKey
            .stringArrayKey("gen_ai.response.finish_reasons");
    private static final AttributeKey<String> SERVER = AttributeKey.stringKey("server.address");
    private static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");

    /** What of a body is recorded at most, bytes. */
    private static final int MAX_BODY = 64 * 1024;

    private final Recording recording;
    private final Span span;
    private final Context context;
    private final Attributes common;
    private final boolean toVendor;

    private CallTrace(Recording recording, Span span, Context parent, Attributes common, boolean toVendor) {
        this.recording = recording;
        this.span = span;
        this.context = parent.with(span);
        this.common = common;
        this.toVendor = toVendor;
    }

    static CallTrace begin(Recording recording, Context parent, Deployment deployment, int number, boolean streamed) {
        AttributesBuilder common = Attributes.builder().put(OPERATION, "chat")
                .put(PROVIDER, provider(deployment.vendor())).put(REQUEST_MODEL, deployment.modelId());
        URI where = deployment.baseUrl();
        if (where.getHost() != null) {
            common.put(SERVER, where.getHost());
        }
        Attributes attributes = common.build();
        Span span = recording.tracer().spanBuilder("chat " + deployment.modelId()).setSpanKind(SpanKind.CLIENT)
                .setParent(parent).setAllAttributes(attributes).setAttribute("signalbox.streamed", streamed)
                .setAttribute("signalbox.deployment", deployment.name().toString())
                .setAttribute("signalbox.attempt", (long) number).startSpan();
        return new CallTrace(recording, span, parent, attributes, deployment.vendor().propagatesTrace());
    }

    /** The word of the conventions, where they have one. */
    private static String provider(Vendor vendor) {
        return switch (vendor.family()) {
            case OPENAI -> vendor.name();
            case ANTHROPIC -> "anthropic";
            case AZURE_OPENAI -> "azure.ai.openai";
            case BEDROCK -> "aws.bedrock";
            case VERTEX -> "gcp.vertex_ai";
        };
    }

    /** What the vendor is asked, where content is recorded. */
    void asked(byte[] body) {
        content("signalbox.request.body", body);
    }

    private void content(String name, byte[] body) {
        switch (recording.content()) {
            case LEFT_OUT -> {
            }
            case RECORDED -> span.setAttribute(name,
                    new String(body, 0, Math.min(body.length, MAX_BODY), StandardCharsets.UTF_8));
        }
    }

    /** Headers of the call: the span's context where the vendor is to have it, else none. */
    Map<String, String> headers() {
        Map<String, String> headers = new TreeMap<>();
        if (toVendor) {
            recording.propagator().inject(context, headers, (carrier, key, value) -> {
                if (carrier != null) {
                    carrier.put(key, value);
                }
            });
        }
        return headers;
    }

    /** The sink, and the times between its tokens are measured. */
    TokenSink measuring(TokenSink sink) {
        return new TokenSink() {
            private long lastNanos;
            private boolean begun;

            @Override
            public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
                long now = System.nanoTime();
                if (begun) {
                    recording.meters().betweenChunks((now - lastNanos) / 1e9, common);
                }
                begun = true;
                lastNanos = now;
                sink.token(kind, index, delta, toolCall);
            }

            @Override
            public void sent() {
                sink.sent();
            }

            @Override
            public void responded(Optional<VendorSignals> signals) {
                sink.responded(signals);
            }

            @Override
            public boolean goesOn() {
                return sink.goesOn();
            }
        };
    }

    /** What it came to. */
    void ended(AttemptOutcome outcome) {
        AttributesBuilder measured = common.toBuilder();
        switch (outcome) {
            case AttemptOutcome.Answered answered -> {
                answered.vendorModel().ifPresent(model -> {
                    span.setAttribute(RESPONSE_MODEL, model);
                    measured.put(RESPONSE_MODEL, model);
                });
                answered.finishReason().ifPresent(reason -> span.setAttribute(FINISH_REASONS, List.of(reason)));
                content("signalbox.response.body", answered.body());
            }
            case AttemptOutcome.Failed failed -> {
                String error = failed.failure().failureClass().name();
                span.setAttribute(ERROR_TYPE, error).setStatus(StatusCode.ERROR);
                failed.failure().httpStatus()
                        .ifPresent(status -> span.setAttribute("http.response.status_code", (long) status));
                measured.put(ERROR_TYPE, error);
                failed.partialBody().ifPresent(body -> content("signalbox.response.body", body));
            }
        }
        outcome.usage().ifPresent(this::usage);
        Attributes attributes = measured.build();
        recording.meters().ended(outcome, attributes, common);
        span.end();
    }

    private void usage(TokenUsage usage) {
        tokens("gen_ai.usage.input_tokens", usage.getInputTokens());
        tokens("gen_ai.usage.output_tokens", usage.getOutputTokens());
        tokens("gen_ai.usage.cache_read.input_tokens", usage.getCachedInputTokens());
        tokens("gen_ai.usage.cache_creation.input_tokens", usage.getCacheWriteTokens());
        if (usage.getEstimated()) {
            span.setAttribute("signalbox.usage.estimated", true);
        }
    }

    private void tokens(String name, @Nullable Long count) {
        if (count != null) {
            span.setAttribute(name, count.longValue());
        }
    }

    /** Ends the span of a call that a defect ended; of one that has ended it changes nothing. */
    @Override
    public void close() {
        span.end();
    }
}
