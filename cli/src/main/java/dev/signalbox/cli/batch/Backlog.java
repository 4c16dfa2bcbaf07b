package dev.signalbox.cli.batch;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.TopicScan;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * What earlier tries of a run left in Kafka: requests of open lines that are queued, and answers that stand. Bounded by
 * the requests that were on their way when the run stopped.
 */
final class Backlog {
    /**
     * A request of an open line that is in Kafka already.
     *
     * @param hash of the record's value: its reply carries it
     */
    record Queued(Outstanding.Pending request, String hash, Duration timeToLive) {
    }

    private final BatchSource source;
    private final OpenLines open;
    private final RequestOptions defaults;
    private final RequestIds ids;
    private final int maxLineBytes;
    /** All requests of the run that Kafka has, and those of them whose reply stands; some 30 bytes each. */
    private final IdTable sent = new IdTable();
    private final IdTable answered = new IdTable();

    Backlog(BatchSource source, OpenLines open, RequestOptions defaults, RequestIds ids, int maxLineBytes) {
        this.source = source;
        this.open = open;
        this.defaults = defaults;
        this.ids = ids;
        this.maxLineBytes = maxLineBytes;
    }

    private interface LineVisitor {
        void line(BatchLine line, String requestId);
    }

    private void eachOpenLine(LineVisitor visitor) throws IOException {
        try (LineReader lines = source.lines(maxLineBytes)) {
            while (lines.hasNext()) {
                LineReader.Line line = lines.next();
                if (open.isOpen(line.number())
                        && LineParser.parse(line.number(), line.bytes()) instanceof LineParser.Request request) {
                    visitor.line(request.line(),
                            ids.of(request.line().customId(), request.line().body(), open.retry(line.number())));
                }
            }
        }
    }

    /** The queued requests by id. */
    Map<String, Queued> queued(TopicScan scan, RunState state) throws IOException {
        IdTable openIds = new IdTable();
        eachOpenLine((line, id) -> openIds.putIfAbsent(id, line.number()));
        Map<String, String> hashes = new HashMap<>();
        scan.read(state.requestOffsets(), request -> {
            if (request.key() == null || request.value() == null || !isOf(state.id(), request)) {
                return;
            }
            sent.putIfAbsent(request.key(), 1);
            if (openIds.line(request.key()).isPresent()) {
                hashes.putIfAbsent(request.key(), RequestHash.of(request.value()));
            }
        });
        Map<String, Queued> queued = new HashMap<>();
        if (!hashes.isEmpty()) {
            eachOpenLine((line, id) -> {
                String hash = hashes.get(id);
                if (hash != null) {
                    queued.put(id, new Queued(
                            new Outstanding.Pending(line.number(), line.customId(), open.retry(line.number()),
                                    BigDecimal.ZERO),
                            hash, RequestBuilder.timeToLive(line.options().orElse(defaults))));
                }
            });
        }
        return queued;
    }

    /** Whether a request belongs to that run. */
    static boolean isOf(String runId, ConsumerRecord<?, ?> request) {
        Header header = request.headers().lastHeader(Headers.BATCH);
        return header != null && runId.equals(new String(header.value(), StandardCharsets.UTF_8));
    }

    /** Ids whose reply was found by {@link #answers}: they need not be served again. */
    IdTable answered() {
        return answered;
    }

    /** Finds the answers that stand: the first by offset that carries the hash of the request queued. */
    void answers(TopicScan scan, RunState state, Map<String, Queued> queued, Clients clients,
            BiConsumer<String, LlmReply> answer) {
        SchemaRegistryClient registry = SchemaRegistryClient.of(clients.registryProperties());
        try (AvroDeserializer<LlmReply> deserializer = new AvroDeserializer<>(LlmReply.class, registry)) {
            scan.read(state.replyOffsets(), record -> {
                if (record.key() == null || sent.line(record.key()).isEmpty()) {
                    return;
                }
                answered.putIfAbsent(record.key(), 1);
                Queued request = queued.get(record.key());
                if (request == null) {
                    return;
                }
                LlmReply reply = deserializer.deserialize(record.topic(), record.value());
                if (reply != null && reply.getRequestHash().equals(request.hash())) {
                    answer.accept(record.key(), reply);
                }
            });
        }
    }

    /** How many requests of a run wait unanswered. */
    static int waiting(TopicScan scan, RunState state) {
        IdTable sent = new IdTable();
        scan.read(state.requestOffsets(), request -> {
            if (request.key() != null && isOf(state.id(), request)) {
                sent.putIfAbsent(request.key(), 1);
            }
        });
        if (sent.size() == 0) {
            return 0;
        }
        IdTable answered = new IdTable();
        scan.read(state.replyOffsets(), reply -> {
            OptionalInt known = reply.key() == null ? OptionalInt.empty() : sent.line(reply.key());
            if (known.isPresent()) {
                answered.putIfAbsent(reply.key(), 1);
            }
        });
        return sent.size() - answered.size();
    }
}
