package dev.signalbox.workers.telemetry;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.telemetry.Telemetry.Recording;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/**
 * The span of one request. It belongs to the producer's trace, whose {@code traceparent} the record carries, and links to
 * the producer's span; without one it begins a trace. One thread at a time.
 */
public final class RequestTrace {
    private static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");

    private final Recording recording;
    private final Span span;
    private final Context context;

    private RequestTrace(Recording recording, Span span, Context parent) {
        this.recording = recording;
        this.span = span;
        this.context = parent.with(span);
    }

    static RequestTrace begin(Recording recording, InboundRequest request) {
        Context parent = recording.propagator().extract(Context.root(), request.address().context(),
                HeaderGetter.INSTANCE);
        String topic = request.lane().requestTopic();
        SpanBuilder builder = recording.tracer().spanBuilder("process " + topic).setSpanKind(SpanKind.CONSUMER)
                .setParent(parent).setAttribute("messaging.system", "kafka")
                .setAttribute("messaging.operation.type", "process")
                .setAttribute("messaging.operation.name", "process")
                .setAttribute("messaging.destination.name", topic)
                .setAttribute("messaging.kafka.message.key", request.id())
                .setAttribute("gen_ai.request.model", request.request().getModel())
                .setAttribute("signalbox.pool", request.lane().pool().value())
                .setAttribute("signalbox.priority", request.lane().priority().label())
                .setAttribute("signalbox.use_case", request.request().getUseCase());
        SpanContext producer = Span.fromContext(parent).getSpanContext();
        if (producer.isValid()) {
            builder.addLink(producer);
        }
        return new RequestTrace(recording, builder.startSpan(), parent);
    }

    /** Makes one of its calls, as {@link VendorClient#call}, and records it. */
    public AttemptOutcome call(VendorClient vendors, VendorClient.Call call, int number, TokenSink sink) {
        try (CallTrace recorded = CallTrace.begin(recording, context, call.deployment(), number, call.streamed())) {
            recorded.asked(call.body());
            AttemptOutcome outcome = vendors.call(call.traced(recorded.headers()), recorded.measuring(sink));
            recorded.ended(outcome);
            return outcome;
        }
    }

    /** Another worker will answer it. */
    public void abandoned() {
        ended("ABANDONED", null, 0);
    }

    /** It will be tried again later, from a record of its own. */
    public void postponed() {
        ended("POSTPONED", null, 0);
    }

    /** It is answered: the same request, whose reply carries this span's context in the place of the producer's. */
    public InboundRequest answered(InboundRequest request, LlmReply reply) {
        ended(reply.getStatus().name(), reply.getError() == null ? null : reply.getError().getCode(),
                reply.getAttempts().size());
        return request.at(carrying(request.address()));
    }

    private void ended(String status, @Nullable String error, int attempts) {
        span.setAttribute("signalbox.status", status).setAttribute("signalbox.attempts", attempts);
        if (error != null) {
            span.setAttribute(ERROR_TYPE, error).setStatus(StatusCode.ERROR);
        }
        span.end();
    }

    private ReplyAddress carrying(ReplyAddress address) {
        Map<String, String> own = new TreeMap<>();
        recording.propagator().inject(context, own, (carrier, key, value) -> {
            if (carrier != null) {
                carrier.put(key, value);
            }
        });
        List<Header> headers = new ArrayList<>();
        for (Header header : address.context()) {
            if (!header.key().equals(Headers.TRACEPARENT) && !header.key().equals(Headers.TRACESTATE)) {
                headers.add(header);
            }
        }
        own.forEach((key, value) -> headers.add(new RecordHeader(key, value.getBytes(StandardCharsets.US_ASCII))));
        return new ReplyAddress(address.replyTopic(), address.replyPartition(), address.tokensTopic(), address.form(),
                address.correlation(), headers);
    }

    private enum HeaderGetter implements TextMapGetter<List<Header>> {
        INSTANCE;

        @Override
        public @Nullable String get(@Nullable List<Header> headers, String key) {
            if (headers != null) {
                for (Header header : headers) {
                    if (header.key().equals(key) && header.value() != null) {
                        return new String(header.value(), StandardCharsets.US_ASCII);
                    }
                }
            }
            return null;
        }
    }
}
