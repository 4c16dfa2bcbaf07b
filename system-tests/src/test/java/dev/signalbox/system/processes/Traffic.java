package dev.signalbox.system.processes;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.PreparedRequest;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.schemas.client.SentRequest;
import dev.signalbox.system.guarantee.RunEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;

/** A caller with the contract's own client, who remembers all that he was shown. */
final class Traffic implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIME_TO_LIVE = Duration.ofMinutes(15);

    private final RequestProducer producer;
    private final ReplyReader reader;
    private final Map<String, CompletableFuture<LlmReply>> replies = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<CompletableFuture<SentRequest>> sends = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<RunEvent> shown = new ConcurrentLinkedQueue<>();

    /** @param properties of a Kafka client and of the registry */
    Traffic(Map<String, Object> properties, ReplyReaderOptions options) {
        reader = ReplyReader.open(properties, options, this::show);
        producer = RequestProducer.open(properties, RequestProducerOptions.DEFAULT.withShardPartitions(1_000),
                (request, error) -> {
                });
    }

    static LlmRequest request(String id, boolean streamed) {
        return request(id, streamed, Topics.REPLIES);
    }

    static LlmRequest request(String id, boolean streamed, String replyTopic) {
        return request(id, Fleet.MODEL, TIME_TO_LIVE, streamed, replyTopic);
    }

    static LlmRequest request(String id, String model, Duration timeToLive, boolean streamed, String replyTopic) {
        String body = "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"" + id
                + "\"}]}";
        return LlmRequest.newBuilder().setId(id).setModel(model).setUseCase("support")
                .setTenant("t" + Math.floorMod(id.hashCode(), 5))
                .setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))).setStreamTokens(streamed)
                .setReplyTopic(replyTopic).setTimeToLiveMillis(timeToLive.toMillis()).build();
    }

    private void show(ReplyEvent event) {
        shown.add(new RunEvent.Shown("caller", event));
    }

    /** Awaits its reply, then sends it. */
    PreparedRequest ask(LlmRequest request) {
        return ask(Fleet.LANE, request);
    }

    /** The same in another lane. */
    PreparedRequest ask(Lane lane, LlmRequest request) {
        PreparedRequest prepared = producer.prepare(lane, request, List.of());
        replies.put(prepared.requestId(), reader.expect(new Expectation(prepared.requestId(), prepared.requestHash(),
                Duration.ofMillis(Objects.requireNonNull(request.getTimeToLiveMillis())),
                request.getStreamTokens() ? Expectation.Preview.TOKENS : Expectation.Preview.NONE)));
        sends.add(producer.send(prepared));
        return prepared;
    }

    /** A stream of requests, every second one streamed, until it is closed or all are sent. */
    final class Flow implements AutoCloseable {
        private final Thread thread;
        private volatile boolean stopped;
        private volatile int sent;

        private Flow(String run, String model, double perSecond, int most, UnaryOperator<LlmRequest> as) {
            long gapNanos = (long) (1e9 / perSecond);
            thread = Thread.ofVirtual().name("flow-" + run).start(() -> {
                long next = System.nanoTime();
                for (int i = 0; i < most && !stopped; i++) {
                    var _ = ask(as.apply(request(run + "-" + i, model, TIME_TO_LIVE, i % 2 == 0, Topics.REPLIES)));
                    sent = i + 1;
                    next += gapNanos;
                    LockSupport.parkNanos(next - System.nanoTime());
                }
            });
        }

        int sent() {
            return sent;
        }

        @Override
        public void close() {
            stopped = true;
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    Flow flow(String run, double perSecond, int most) {
        return new Flow(run, Fleet.MODEL, perSecond, most, UnaryOperator.identity());
    }

    /** The same for a model of the test's own, which is in the requests' ids. */
    Flow flowOf(String model, double perSecond) {
        return flowOf(model, perSecond, UnaryOperator.identity());
    }

    /** The same with each request changed. */
    Flow flowOf(String model, double perSecond, UnaryOperator<LlmRequest> as) {
        return new Flow(model, model, perSecond, Integer.MAX_VALUE, as);
    }

    /** The reply to a request, when it comes. */
    CompletableFuture<LlmReply> reply(String id) {
        return Objects.requireNonNull(replies.get(id), "it was asked");
    }

    int asked() {
        return replies.size();
    }

    int answered() {
        return (int) replies.values().stream().filter(CompletableFuture::isDone).count();
    }

    /** How many of the requests whose ids begin so are answered. */
    long answered(String prefix) {
        return replies.entrySet().stream().filter(reply -> reply.getKey().startsWith(prefix))
                .filter(reply -> reply.getValue().isDone()).count();
    }

    /**
     * Waits for all replies; those that are no whole success, each with what it is instead.
     *
     * @param text of the whole answer
     */
    List<String> shortfalls(String text, Duration limit) throws InterruptedException, ExecutionException, IOException {
        long end = System.nanoTime() + limit.toNanos();
        List<String> found = new ArrayList<>();
        for (CompletableFuture<SentRequest> send : sends) {
            send.get();
        }
        for (Map.Entry<String, CompletableFuture<LlmReply>> awaited : replies.entrySet()) {
            try {
                LlmReply reply = awaited.getValue().get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
                if (reply.getStatus() != ReplyStatus.COMPLETED) {
                    found.add(awaited.getKey() + " ended " + reply.getStatus() + ": " + reply.getError());
                } else if (!text(reply).equals(text)) {
                    found.add(awaited.getKey() + " was answered \"" + text(reply) + "\"");
                }
            } catch (TimeoutException e) {
                found.add(awaited.getKey() + " has no reply");
            }
        }
        return found;
    }

    private static String text(LlmReply reply) throws IOException {
        ByteBuffer body = reply.getBody();
        if (body == null) {
            return "";
        }
        byte[] bytes = new byte[body.remaining()];
        body.duplicate().get(bytes);
        return JSON.readTree(bytes).at("/choices/0/message/content").asText();
    }

    /** What was shown since this was last asked. */
    List<RunEvent> takeShown() {
        List<RunEvent> taken = new ArrayList<>();
        for (RunEvent event = shown.poll(); event != null; event = shown.poll()) {
            taken.add(event);
        }
        return taken;
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(5));
        reader.close();
    }
}
