package dev.signalbox.system.simulation;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.ReplyAssembler;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.system.guarantee.EveryRequestEndsOnce;
import dev.signalbox.system.guarantee.Guarantees;
import dev.signalbox.system.guarantee.NoMixedAttempts;
import dev.signalbox.system.guarantee.RunEvent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** A caller that reads replies and tokens by the reader's rule, its partitions in any order, and the watchers beside it. */
final class SimulatedReader {
    private static final SchemaRegistryClient REGISTRY = SchemaRegistryClient
            .of(Map.of("schema.registry.url", "http://registry"));
    private static final AvroDeserializer<LlmReply> REPLIES = new AvroDeserializer<>(LlmReply.class, REGISTRY);
    private static final AvroDeserializer<TokenChunk> CHUNKS = new AvroDeserializer<>(TokenChunk.class, REGISTRY);
    private static final String NAME = "reader";

    private final SimulatedWorld world;
    private final Simulation simulation;
    private final ReplyAssembler assembler = new ReplyAssembler(ReplyReaderOptions.Scope.EXPECTED,
            ReplyAssembler.Bounds.DEFAULT);
    private final Guarantees guarantees = new Guarantees(List.of(new EveryRequestEndsOnce(), new NoMixedAttempts()));
    private final Map<TopicPartition, Integer> read = new HashMap<>();
    private final Set<String> expected = new HashSet<>();
    private final Set<String> ended = new HashSet<>();
    private final Map<String, TokenChunk> said = new HashMap<>();
    private final Map<String, StringBuilder> shown = new HashMap<>();

    SimulatedReader(SimulatedWorld world) {
        this.world = world;
        this.simulation = world.simulation;
    }

    void expect(Expectation expectation, RunEvent.Acknowledged request) {
        expected.add(expectation.requestId());
        assembler.expect(expectation, simulation.millis());
        guarantees.saw(request);
    }

    /** A record was appended: it is read, after those before it in its partition, some time later. */
    void appended(TopicPartition partition) {
        simulation.after(simulation.between(0, 30), () -> {
            List<SimulatedLog.Entry> entries = world.broker.log(partition).entries;
            int next = read.merge(partition, 1, Integer::sum) - 1;
            byte[] value = entries.get(next).value();
            if (value == null) {
                throw new IllegalStateException("a reply without value");
            }
            if (partition.topic().equals(Topics.REPLIES)) {
                LlmReply reply = REPLIES.deserialize(partition.topic(), value);
                guarantees.saw(new RunEvent.Replied(reply));
                tell(assembler.onReply(reply, simulation.millis()));
            } else {
                TokenChunk chunk = CHUNKS.deserialize(partition.topic(), value);
                checkIdentity(chunk);
                guarantees.saw(new RunEvent.Chunk(chunk));
                tell(assembler.onChunk(chunk, simulation.millis()));
            }
        });
    }

    /** Equal attempts are one attempt: what they say at a place is the same. */
    private void checkIdentity(TokenChunk chunk) {
        String place = chunk.getRequestId() + " " + chunk.getAttempt() + " " + chunk.getSeq();
        TokenChunk before = said.putIfAbsent(place, chunk);
        if (before != null && !before.equals(chunk)) {
            simulation.violated("G4 two calls share the attempt " + place);
        }
    }

    void tick() {
        tell(assembler.tick(simulation.millis()));
    }

    private void tell(List<ReplyEvent> events) {
        for (ReplyEvent event : events) {
            guarantees.saw(new RunEvent.Shown(NAME, event));
            switch (event) {
                case ReplyEvent.Ended(LlmReply reply, boolean replaced) -> {
                    simulation.note("ended", reply.getRequestId() + " " + reply.getStatus(), replaced ? 1 : 0, 0);
                    ended.add(reply.getRequestId());
                    checkText(reply, replaced);
                }
                case ReplyEvent.TextAppended(TokenChunk chunk) -> {
                    if (!chunk.getDelta().startsWith(chunk.getRequestId() + ":")) {
                        simulation.violated("G4 text of another request is shown for " + chunk.getRequestId());
                    }
                    shown.computeIfAbsent(chunk.getRequestId(), any -> new StringBuilder()).append(chunk.getDelta());
                }
                case ReplyEvent.Restarted(String id, AttemptId _) -> shown.remove(id);
                case ReplyEvent.Abandoned _ -> {
                }
            }
        }
    }

    /** What stands unreplaced is the text of the reply's body. */
    private void checkText(LlmReply reply, boolean replaced) {
        StringBuilder text = shown.remove(reply.getRequestId());
        ByteBuffer body = reply.getBody();
        if (reply.getStatus() == ReplyStatus.COMPLETED && !replaced && text != null
                && (body == null || !SimulatedVendors
                        .body(text).equals(StandardCharsets.UTF_8.decode(body.duplicate()).toString()))) {
            simulation.violated("G4 " + reply.getRequestId() + " shows " + text + ", and its reply says otherwise");
        }
    }

    /** Whether it has come to its end, or the reader never asked for it. */
    boolean isThrough(String requestId) {
        return ended.contains(requestId) || !expected.contains(requestId);
    }

    List<String> violations() {
        return guarantees.violations();
    }
}
