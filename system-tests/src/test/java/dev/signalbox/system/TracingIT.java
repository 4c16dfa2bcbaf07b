package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.workers.telemetry.Telemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One trace from our client's producer over the worker and its vendor calls to the reply, on a real broker. */
@Tag("issue-5")
@Tag("long")
class TracingIT {
    @Test
    void producerRequestAttemptsAndReplyAreOneTrace(@TempDir Path folder) throws Exception {
        InMemorySpanExporter spans = InMemorySpanExporter.create();
        try (OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
                .setTracerProvider(
                        SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(spans)).build())
                .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance())).build();
                Installation installation = Installation.start(folder,
                        SimulatorOptions.of(VendorProfile.of("good", ModelProfile.paced(20, 1))), simulator -> """
                                environment: test
                                vendors:
                                  good: { family: openai, base_url: "%s" }
                                deployments:
                                  good.one/fine: { vendor: good, model_id: "gpt@fault=status:503" }
                                  good.two/fine: { vendor: good, model_id: gpt-fine }
                                pools:
                                  main: { use_cases: [otherwise], priorities: [standard] }
                                routes:
                                  fine: { test: { otherwise: { sequence: [good.one, good.two] } } }
                                """.formatted(simulator.baseUrl("good")))) {
            installation.restartWorker(options -> options.withTelemetry(Telemetry.of(sdk)));
            Span sending = sdk.getTracer("test").spanBuilder("send").setSpanKind(SpanKind.PRODUCER).startSpan();
            List<Header> headers = new ArrayList<>();
            sdk.getPropagators().getTextMapPropagator().inject(Context.root().with(sending), headers,
                    (carrier, key, value) -> carrier
                            .add(new RecordHeader(key, value.getBytes(StandardCharsets.US_ASCII))));
            send(installation, headers);
            sending.end();
            ConsumerRecord<byte[], byte[]> reply = reply(installation);

            String trace = sending.getSpanContext().getTraceId();
            List<SpanData> recorded = spans.getFinishedSpanItems();
            SpanData request = recorded.stream().filter(span -> span.getKind() == SpanKind.CONSUMER).findFirst()
                    .orElseThrow();
            assertThat(recorded).extracting(SpanData::getTraceId).containsOnly(trace);
            assertThat(request.getParentSpanId()).isEqualTo(sending.getSpanContext().getSpanId());
            assertThat(recorded).filteredOn(span -> span.getKind() == SpanKind.CLIENT).hasSizeGreaterThanOrEqualTo(2)
                    .allSatisfy(call -> assertThat(call.getParentSpanId()).isEqualTo(request.getSpanId()));
            assertThat(new String(reply.headers().lastHeader(Headers.TRACEPARENT).value(), StandardCharsets.US_ASCII))
                    .isEqualTo("00-" + trace + "-" + request.getSpanId() + "-"
                            + request.getSpanContext().getTraceFlags().asHex());
        }
    }

    private static void send(Installation installation, List<Header> headers) {
        String body = "{\"model\":\"fine\",\"messages\":[{\"role\":\"user\",\"content\":\"Where is my parcel?\"}]}";
        try (RequestProducer producer = RequestProducer.open(installation.callerProperties(),
                RequestProducerOptions.DEFAULT, (request, error) -> {
                    throw new AssertionError(request, error);
                })) {
            producer.send(producer.prepare(new Lane(new PoolName("main"), Priority.STANDARD),
                    LlmRequest.newBuilder().setId("traced-1").setModel("fine").setUseCase("support").setTenant("acme")
                            .setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))).setStreamTokens(false)
                            .setStreamPolicy(StreamPolicy.RESTART).build(),
                    headers)).join();
        }
    }

    private static ConsumerRecord<byte[], byte[]> reply(Installation installation) {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(installation.clientProperties(),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(Topics.REPLIES).stream()
                    .map(info -> new TopicPartition(Topics.REPLIES, info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (System.nanoTime() < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    return record;
                }
            }
        }
        throw new AssertionError("no reply within 30 s");
    }
}
