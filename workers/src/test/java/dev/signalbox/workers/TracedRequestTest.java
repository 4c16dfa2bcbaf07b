package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.reply.RecordEncoder;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.TestPublishers;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.testing.exporter.InMemoryMetricReader;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The spans and metrics of a request on its path through two vendors. */
@Tag("issue-5")
class TracedRequestTest {
    private static final long NOW = 1_000_000;
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String PRODUCER = "b7ad6b7169203331";
    private static final String PROMPT = "Where is my parcel?";
    private static final String CONFIGURATION = """
            environment: test
            pools: { main: { use_cases: [otherwise] } }
            vendors:
              gateway: { family: openai, base_url: "http://gateway.example/v1", propagates_trace: true }
            deployments:
              anthropic.x/m: { vendor: anthropic, base_url: "http://127.0.0.1:1/v1", model_id: claude-m, credential: "${env:KEY}" }
              gateway.y/m: { vendor: gateway, model_id: gpt-m }
            routes:
              m: { test: { otherwise: { sequence: [anthropic.x, gateway.y] } } }
            """;

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final InMemoryMetricReader metrics = InMemoryMetricReader.create();
    private final OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder().setSampler(Sampler.parentBased(Sampler.alwaysOn()))
                    .addSpanProcessor(SimpleSpanProcessor.create(spans)).build())
            .setMeterProvider(SdkMeterProvider.builder().registerMetricReader(metrics).build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance())).build();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<VendorClient.Call> called = new ArrayList<>();
    private final Deque<AttemptOutcome> outcomes = new ArrayDeque<>();
    private final List<InboundRequest> answered = new ArrayList<>();
    private final List<LlmReply> replies = new ArrayList<>();

    @AfterEach
    void stop() {
        timer.shutdownNow();
        sdk.close();
    }

    @Test
    void aRequestIsOneSpanOfTheProducersTraceAndEachAttemptAChildOfIt() {
        outcomes.add(failed());
        outcomes.add(answer());
        serve(Telemetry.of(sdk), "00-" + TRACE + "-" + PRODUCER + "-01");

        assertThat(spans.getFinishedSpanItems()).hasSize(3).extracting(SpanData::getTraceId).containsOnly(TRACE);
        SpanData first = spans.getFinishedSpanItems().get(0);
        SpanData second = spans.getFinishedSpanItems().get(1);
        SpanData request = spans.getFinishedSpanItems().get(2);
        assertThat(request.getKind()).isEqualTo(SpanKind.CONSUMER);
        assertThat(request.getName()).isEqualTo("process " + TestRequests.LANE.requestTopic());
        assertThat(request.getParentSpanId()).isEqualTo(PRODUCER);
        assertThat(request.getLinks()).hasSize(1).first().extracting(link -> link.getSpanContext().getSpanId())
                .isEqualTo(PRODUCER);
        assertThat(text(request, "signalbox.status")).isEqualTo("COMPLETED");

        assertThat(List.of(first, second)).allSatisfy(call -> {
            assertThat(call.getKind()).isEqualTo(SpanKind.CLIENT);
            assertThat(call.getParentSpanId()).isEqualTo(request.getSpanId());
            assertThat(text(call, "gen_ai.operation.name")).isEqualTo("chat");
        });
        assertThat(first.getName()).isEqualTo("chat claude-m");
        assertThat(text(first, "gen_ai.provider.name")).isEqualTo("anthropic");
        assertThat(text(first, "error.type")).isEqualTo("OVERLOADED");
        assertThat(first.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(text(second, "gen_ai.provider.name")).isEqualTo("gateway");
        assertThat(text(second, "server.address")).isEqualTo("gateway.example");
        assertThat(text(second, "gen_ai.response.model")).isEqualTo("gpt-m-2026");
        assertThat(second.getAttributes().get(AttributeKey.stringArrayKey("gen_ai.response.finish_reasons")))
                .containsExactly("stop");
        assertThat(second.getAttributes().get(AttributeKey.longKey("gen_ai.usage.input_tokens"))).isEqualTo(10);
        assertThat(second.getAttributes().get(AttributeKey.longKey("gen_ai.usage.output_tokens"))).isEqualTo(20);

        assertThat(header("traceparent")).containsExactly("00-" + TRACE + "-" + request.getSpanId() + "-01");
        assertThat(header("tracestate")).containsExactly("vendor=1");
        assertThat(header("ce_id")).containsExactly("7");
    }

    @Test
    void onlyAVendorThatIsToKnowIsToldOfTheTrace() {
        outcomes.add(failed());
        outcomes.add(answer());
        serve(Telemetry.of(sdk), "00-" + TRACE + "-" + PRODUCER + "-01");

        assertThat(called.get(0).trace()).isEmpty();
        assertThat(called.get(1).trace()).containsEntry("traceparent",
                "00-" + TRACE + "-" + spans.getFinishedSpanItems().get(1).getSpanId() + "-01");
    }

    @Test
    void theProducersDecisionNotToRecordHolds() {
        outcomes.add(answer());
        serve(Telemetry.of(sdk), "00-" + TRACE + "-" + PRODUCER + "-00");

        assertThat(spans.getFinishedSpanItems()).isEmpty();
        assertThat(header("traceparent")).hasSize(1).first().asString().startsWith("00-" + TRACE).endsWith("-00");
    }

    @Test
    void aRequestWithoutAContextBeginsATrace() {
        outcomes.add(answer());
        serve(Telemetry.of(sdk), "no traceparent");

        SpanData request = spans.getFinishedSpanItems().get(1);
        assertThat(request.getLinks()).isEmpty();
        assertThat(header("traceparent")).containsExactly(
                "00-" + request.getTraceId() + "-" + request.getSpanId() + "-"
                        + request.getSpanContext().getTraceFlags().asHex());
    }

    @Test
    void withoutTelemetryHeadersAreEchoedByteForByte() {
        outcomes.add(answer());
        serve(Telemetry.ofEnvironment(name -> null), "whatever it was");

        assertThat(Telemetry.ofEnvironment(name -> null)).isSameAs(Telemetry.OFF);
        assertThat(Telemetry.ofEnvironment(name -> "OTEL_EXPORTER_OTLP_ENDPOINT".equals(name)
                ? "http://127.0.0.1:1"
                : "OTEL_SDK_DISABLED".equals(name) ? "true" : null)).isSameAs(Telemetry.OFF);
        assertThat(header("traceparent")).containsExactly("whatever it was");
        assertThat(called.getFirst().trace()).isEmpty();
        assertThat(spans.getFinishedSpanItems()).isEmpty();
    }

    @Test
    void contentIsRecordedWhereAnOperatorTurnsItOnButNoVendorsErrorText() {
        outcomes.add(failed());
        outcomes.add(answer());
        serve(Telemetry.of(sdk, name -> name.equals("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")
                ? "true"
                : null), "00-" + TRACE + "-" + PRODUCER + "-01");

        assertThat(text(spans.getFinishedSpanItems().get(0), "signalbox.request.body")).contains(PROMPT);
        assertThat(text(spans.getFinishedSpanItems().get(1), "signalbox.response.body")).contains("It is on its way");
        assertThat(spans.getFinishedSpanItems().toString()).doesNotContain("a vendor's own words");
        assertThat(metrics.collectAllMetrics().toString()).doesNotContain(PROMPT, "It is on its way");
    }

    @Test
    void neitherContentNorAVendorsTextIsRecorded() {
        outcomes.add(failed());
        outcomes.add(answer());
        serve(Telemetry.of(sdk), "00-" + TRACE + "-" + PRODUCER + "-01");

        assertThat(called.getFirst().body()).asString(StandardCharsets.UTF_8).contains(PROMPT);
        assertThat(spans.getFinishedSpanItems().toString() + metrics.collectAllMetrics()).doesNotContain(PROMPT,
                "a vendor's own words", "It is on its way");
    }

    @Test
    void callsAreMeasuredAsTheConventionsSay() {
        outcomes.add(failed());
        outcomes.add(answer());
        serve(Telemetry.of(sdk), "00-" + TRACE + "-" + PRODUCER + "-00");

        Map<String, MetricData> found = new TreeMap<>();
        metrics.collectAllMetrics().forEach(metric -> found.put(metric.getName(), metric));
        assertThat(found).containsOnlyKeys("gen_ai.client.operation.duration",
                "gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.operation.time_per_output_chunk",
                "gen_ai.client.token.usage");
        MetricData duration = found.get("gen_ai.client.operation.duration");
        assertThat(duration.getUnit()).isEqualTo("s");
        assertThat(duration.getHistogramData().getPoints()).hasSize(2).allSatisfy(
                point -> assertThat(point.getBoundaries()).hasSize(17).startsWith(0.01, 0.02).endsWith(655.36));
        assertThat(found.get("gen_ai.client.token.usage").getHistogramData().getPoints()).extracting(
                point -> point.getAttributes().get(AttributeKey.stringKey("gen_ai.token.type")) + point.getSum())
                .containsExactlyInAnyOrder("input10.0", "output20.0");
        assertThat(found.get("gen_ai.client.operation.time_per_output_chunk").getHistogramData().getPoints()).hasSize(1)
                .first().extracting(point -> point.getCount()).isEqualTo(2L);
    }

    /** By the SDK's own exporter, as the variables set it up, to a collector that is a socket here. */
    @Test
    void spansAndMetricsGoOutByOtlp() throws Exception {
        Queue<String> paths = new ConcurrentLinkedQueue<>();
        HttpServer collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/", exchange -> {
            try (exchange) {
                int bytes = exchange.getRequestBody().readAllBytes().length;
                paths.add(exchange.getRequestURI().getPath() + (bytes > 100 ? "" : " empty"));
                exchange.sendResponseHeaders(200, -1);
            }
        });
        collector.start();
        try {
            OpenTelemetrySdk real = AutoConfiguredOpenTelemetrySdk.builder().disableShutdownHook()
                    .addPropertiesSupplier(() -> Map.of("otel.exporter.otlp.protocol", "http/protobuf",
                            "otel.exporter.otlp.endpoint", "http://127.0.0.1:" + collector.getAddress().getPort(),
                            "otel.logs.exporter", "none"))
                    .build().getOpenTelemetrySdk();
            Telemetry telemetry = Telemetry.of(real);
            outcomes.add(answer());
            serve(telemetry, "00-" + TRACE + "-" + PRODUCER + "-01");
            telemetry.close();
            assertThat(paths).contains("/v1/traces", "/v1/metrics");
        } finally {
            collector.stop(0);
        }
    }

    private static String text(SpanData span, String name) {
        return span.getAttributes().get(AttributeKey.stringKey(name));
    }

    /** Of the reply. */
    private List<String> header(String name) {
        return answered.getLast().address().context().stream().filter(header -> header.key().equals(name))
                .map(header -> new String(header.value(), StandardCharsets.UTF_8)).toList();
    }

    private void serve(Telemetry telemetry, String traceparent) {
        Configuration configuration = configuration();
        RecordEncoder encoder = new RecordEncoder(Map.of("schema.registry.url", "http://127.0.0.1:1"));
        MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
                new ByteArraySerializer());
        WorkerMetrics meters = new WorkerMetrics(new SimpleMeterRegistry());
        Permits permits = new Permits(new PermitDesk(configuration, new SplittableRandom(1)), System::nanoTime);
        RetryPause pause = RetryPause.jittered(() -> new SplittableRandom(1));
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        Visit visit = new Visit(
                new Attempt.Stages(permits, this::call, TestPublishers.publisher(producer, timer, () -> NOW),
                        new AttemptRecorder(new AttemptJournal(encoder, renewable, renewable, new BrokerClock()),
                                meters, new Pricing(configuration.prices()), "test", new WorkerIdentity("w", 1),
                                () -> NOW),
                        new WorkerIdentity("w", 1), () -> NOW, System::nanoTime),
                new Hedge(permits, timer, outcome -> {
                }), pause);
        TestRequests.serve(new RequestFlow(TestPlans.of(configuration, permits),
                TestBodies.NONE, permits, visit, pause, new ReplyWriter("1", System::nanoTime), meters,
                (request, reply) -> {
                    answered.add(request);
                    replies.add(reply);
                }, () -> NOW, System::nanoTime, telemetry, TestRequests::neverCancelled, TestRequests.NEVER_LATER),
                request(traceparent));
    }

    private static InboundRequest request(String traceparent) {
        InboundRequest plain = TestRequests.request("r1", false, StreamPolicy.RESTART, NOW + 60_000);
        plain.request().setBody(ByteBuffer.wrap(("{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
                + "\"content\":\"" + PROMPT + "\"}]}").getBytes(StandardCharsets.UTF_8)));
        List<Header> context = List.of(header("traceparent", traceparent), header("tracestate", "vendor=1"),
                header("ce_id", "7"));
        ReplyAddress address = plain.address();
        return plain.at(new ReplyAddress(address.replyTopic(), address.replyPartition(), address.tokensTopic(),
                address.form(), address.correlation(), context));
    }

    private static Header header(String name, String value) {
        return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
    }

    private AttemptOutcome call(VendorClient.Call call, TokenSink sink) {
        called.add(call);
        AttemptOutcome outcome = outcomes.remove();
        if (outcome instanceof AttemptOutcome.Answered) {
            for (String token : List.of("It is ", "on its ", "way")) {
                sink.token(ChunkKind.TEXT, 0, token, null);
            }
        }
        return outcome;
    }

    private static AttemptOutcome answer() {
        return new AttemptOutcome.Answered("{\"text\":\"It is on its way\"}".getBytes(StandardCharsets.UTF_8),
                Optional.of("stop"), Optional.of("gpt-m-2026"),
                Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(20L).build()), List.of(),
                new AttemptOutcome.CallTimes(Duration.ofMillis(500), Optional.of(Duration.ofMillis(200))));
    }

    private static AttemptOutcome failed() {
        return new AttemptOutcome.Failed(
                new AttemptFailure(FailureClass.OVERLOADED, OptionalInt.of(529), "a vendor's own words",
                        Optional.empty(), Optional.of(false)),
                Optional.empty(), Optional.empty(),
                new AttemptOutcome.CallTimes(Duration.ofMillis(30), Optional.empty()));
    }

    private static Configuration configuration() {
        return switch (ConfigurationReader.read("test.yaml", CONFIGURATION, name -> Optional.of("key-for-a-test"))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems().toString());
        };
    }
}
