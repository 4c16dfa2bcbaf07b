package dev.signalbox.system.scenario;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.system.guarantee.RunEvent;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.common.header.Header;

/** A caller with the contract's own client: sends, and keeps what each request's reader was shown. */
final class Caller implements AutoCloseable {
    private final Lane lane;
    private final RequestProducer producer;
    private final ReplyReader reader;
    private final Map<String, StringBuilder> shown = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<RunEvent> events = new ConcurrentLinkedQueue<>();

    /** @param properties of a Kafka client and of the registry */
    Caller(Map<String, Object> properties, Lane lane) {
        this.lane = lane;
        reader = ReplyReader.open(properties, ReplyReaderOptions.latest(), this::show);
        producer = RequestProducer.open(properties, RequestProducerOptions.DEFAULT, (request, error) -> {
            throw new AssertionError(request, error);
        });
    }

    /** @param elapsed from the call of {@link #ask} to the reply */
    record Answer(LlmReply reply, Duration elapsed) {
    }

    static LlmRequest request(String id, String model, BodyFormat format, byte[] body, boolean streamed,
            Duration timeToLive) {
        return LlmRequest.newBuilder().setId(id).setModel(model).setUseCase("support").setTenant("acme")
                .setBodyFormat(format).setBody(ByteBuffer.wrap(body)).setStreamTokens(streamed)
                .setTimeToLiveMillis(timeToLive.toMillis()).build();
    }

    CompletableFuture<Answer> ask(LlmRequest request) {
        return ask(request, List.of());
    }

    CompletableFuture<Answer> ask(LlmRequest request, List<Header> headers) {
        long start = System.nanoTime();
        var prepared = producer.prepare(lane, request, headers);
        CompletableFuture<LlmReply> reply = reader.expect(new Expectation(prepared.requestId(), prepared.requestHash(),
                Duration.ofMinutes(5),
                request.getStreamTokens() ? Expectation.Preview.TOKENS : Expectation.Preview.NONE));
        var _ = producer.send(prepared);
        return reply.thenApply(got -> new Answer(got, Duration.ofNanos(System.nanoTime() - start)));
    }

    private void show(ReplyEvent event) {
        events.add(new RunEvent.Shown("caller", event));
        StringBuilder text = shown.computeIfAbsent(event.requestId(), id -> new StringBuilder());
        synchronized (text) {
            switch (event) {
                case ReplyEvent.TextAppended appended -> text.append(appended.chunk().getDelta());
                case ReplyEvent.Restarted _ -> text.setLength(0);
                case ReplyEvent.Ended ended -> {
                    if (ended.textReplaced() && ended.reply().getBody() != null) {
                        byte[] body = new byte[ended.reply().getBody().remaining()];
                        ended.reply().getBody().duplicate().get(body);
                        text.setLength(0);
                        text.append(ended.reply().getBodyFormat() == BodyFormat.ANTHROPIC_MESSAGES
                                ? Family.ANTHROPIC.text(body)
                                : Family.OPENAI.text(body));
                    }
                }
                case ReplyEvent.Abandoned _ -> text.setLength(0);
            }
        }
    }

    /** All that its readers were told, in order. */
    List<RunEvent> events() {
        return List.copyOf(events);
    }

    /** What that request's reader was left with. */
    String shown(String requestId) {
        StringBuilder text = shown.getOrDefault(requestId, new StringBuilder());
        synchronized (text) {
            return text.toString();
        }
    }

    @Override
    public void close() {
        producer.close();
        reader.close();
    }
}
