package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.AttemptJournal;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.reply.RecordEncoder;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.ReplyPublisher;
import dev.signalbox.workers.reply.TestPublishers;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.telemetry.Telemetry;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.VendorClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The parts of a worker that a request meets between its permit and its reply, with all that it writes to Kafka at hand. */
final class TestWorker implements AutoCloseable {
    /** The fleet's time, which stands still. */
    static final long NOW = 1_000_000;
    static final String NAME = "w";
    private static final AttemptOutcome.CallTimes TIMES = new AttemptOutcome.CallTimes(Duration.ofMillis(5),
            Optional.of(Duration.ofMillis(2)));

    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final TestRegistry registry;
    final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    final ReplyPublisher publisher = TestPublishers.publisher(producer, timer, () -> NOW);
    /** Its monotonic clock. */
    final AtomicLong nanos = new AtomicLong(1_000_000_000_000L);
    /** Place of each call that was made, in their order. */
    final List<String> called = new CopyOnWriteArrayList<>();

    TestWorker() throws IOException {
        registry = new TestRegistry();
    }

    @Override
    public void close() {
        timer.shutdownNow();
        registry.close();
    }

    Permits permits(Configuration configuration) {
        return new Permits(new PermitDesk(configuration, new SplittableRandom(1)), nanos::get);
    }

    /** @param replies publishes the terminal reply */
    RequestFlow flow(Configuration configuration, Permits permits, VendorClient vendors, Hedge hedge, RetryPause pause,
            BiConsumer<InboundRequest, LlmReply> replies, Telemetry telemetry) {
        RenewableProducer renewable = new RenewableProducer("test", () -> producer);
        WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
        WorkerIdentity identity = new WorkerIdentity(NAME, 1);
        AttemptRecorder recorder = new AttemptRecorder(
                new AttemptJournal(new RecordEncoder(registry.properties()), renewable, renewable, new BrokerClock()),
                metrics, new Pricing(configuration.prices()), "test", identity, () -> NOW);
        VendorClient counted = (call, sink) -> {
            called.add(call.deployment().name().place());
            return vendors.call(call, sink);
        };
        Visit visit = new Visit(new Attempt.Stages(permits, counted, publisher, recorder, identity, () -> NOW,
                nanos::get), hedge, pause);
        return new RequestFlow(TestPlans.of(configuration, permits), TestBodies.NONE, permits, visit, pause,
                new ReplyWriter("1", () -> 0), metrics, replies, () -> NOW, nanos::get, telemetry,
                TestRequests::neverCancelled, TestRequests.NEVER_LATER);
    }

    static AttemptOutcome answered(String text) {
        return new AttemptOutcome.Answered(("{\"text\":\"" + text + "\"}").getBytes(StandardCharsets.UTF_8),
                Optional.of("stop"), Optional.of("vendor-m"), usage(), List.of(), TIMES);
    }

    static AttemptOutcome failed(FailureClass why) {
        return new AttemptOutcome.Failed(new AttemptFailure(why, OptionalInt.empty(), "it failed", Optional.empty()),
                Optional.empty(), usage(), TIMES);
    }

    private static Optional<TokenUsage> usage() {
        return Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(20L).build());
    }

    /** Values of what it has written to that topic so far. */
    Stream<byte[]> written(String topic) {
        return producer.history().stream().filter(record -> record.topic().equals(topic)).map(record -> record.value());
    }

    /** What was told of each call: where, what, and on whose capacity. */
    List<String> told() throws IOException {
        SpecificDatumReader<AttemptEvent> reader = new SpecificDatumReader<>(AttemptEvent.class);
        List<String> told = new ArrayList<>();
        for (byte[] record : written(Topics.ATTEMPTS).toList()) {
            ByteBuffer value = ByteBuffer.wrap(record);
            byte[] avro = new byte[value.position(1 + Integer.BYTES).remaining()];
            value.get(avro);
            AttemptEvent event = reader.read(null, DecoderFactory.get().binaryDecoder(avro, null));
            told.add(event.getDeployment() + " "
                    + Optional.ofNullable(event.getOutcome()).orElse(event.getPhase().name())
                    + Optional.ofNullable(event.getLender()).map(lender -> " of " + lender).orElse(""));
        }
        return told;
    }
}
