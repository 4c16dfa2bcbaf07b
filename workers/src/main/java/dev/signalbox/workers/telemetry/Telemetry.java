package dev.signalbox.workers.telemetry;

import dev.signalbox.workers.intake.InboundRequest;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One CONSUMER span for each request, from its first turn until its reply is handed over for publishing, and below it one
 * CLIENT span for each attempt; names and attributes are those of OpenTelemetry's conventions for GenAI and messaging.
 * Content is among them only where an operator turned it on; a vendor's error text never is.
 */
public final class Telemetry implements AutoCloseable {
    /** Costs one comparison for each request and each attempt. */
    public static final Telemetry OFF = new Telemetry(null);
    private static final String SCOPE = "dev.signalbox.workers";
    /** Each of them says that somebody wants to see something. */
    private static final String[] SWITCHES = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"};

    /** The variable of OpenTelemetry's GenAI instrumentations. */
    private static final String CONTENT_SWITCH = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    private final @Nullable Recording recording;

    /** Whether prompts and answers are recorded. */
    enum Content {
        LEFT_OUT,
        RECORDED
    }

    /** What is recorded with. */
    record Recording(OpenTelemetry sdk, Tracer tracer, TextMapPropagator propagator, CallMeters meters,
            Content content) {
        private Recording(OpenTelemetry sdk, Content content) {
            this(sdk, sdk.getTracer(SCOPE), sdk.getPropagators().getTextMapPropagator(),
                    new CallMeters(sdk.getMeter(SCOPE)), content);
        }
    }

    private Telemetry(@Nullable Recording recording) {
        this.recording = recording;
    }

    /** By that SDK, which {@link #close} closes; without content. */
    public static Telemetry of(OpenTelemetry sdk) {
        return of(sdk, name -> null);
    }

    /** The same, with content where {@value #CONTENT_SWITCH} is true. */
    public static Telemetry of(OpenTelemetry sdk, UnaryOperator<@Nullable String> variable) {
        return new Telemetry(new Recording(sdk,
                "true".equalsIgnoreCase(variable.apply(CONTENT_SWITCH)) ? Content.RECORDED : Content.LEFT_OUT));
    }

    /**
     * As the standard {@code OTEL_*} variables say; off unless one of them names an endpoint or an exporter, or where
     * {@code OTEL_SDK_DISABLED} is true. Unless they say otherwise: OTLP, no logs, {@code signalbox-worker} as the service,
     * sampling by parent.
     *
     * @param variable value of an environment variable, null if it is not set
     * @throws io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException if a variable makes no sense
     */
    public static Telemetry ofEnvironment(UnaryOperator<@Nullable String> variable) {
        boolean wanted = false;
        for (String name : SWITCHES) {
            String value = variable.apply(name);
            wanted |= value != null && !value.isBlank();
        }
        if (!wanted || "true".equalsIgnoreCase(variable.apply("OTEL_SDK_DISABLED"))) {
            return OFF;
        }
        return of(AutoConfiguredOpenTelemetrySdk.builder().disableShutdownHook()
                .addPropertiesSupplier(() -> Map.of("otel.logs.exporter", "none", "otel.service.name",
                        "signalbox-worker"))
                .build().getOpenTelemetrySdk(), variable);
    }

    /** A request whose first turn has come; null: nothing is recorded. */
    public @Nullable RequestTrace begin(InboundRequest request) {
        return recording == null ? null : RequestTrace.begin(recording, request);
    }

    /** Sends what is not sent yet, for at most 10 s. */
    @Override
    public void close() {
        if (recording != null && recording.sdk instanceof OpenTelemetrySdk sdk) {
            sdk.close();
        }
    }
}
