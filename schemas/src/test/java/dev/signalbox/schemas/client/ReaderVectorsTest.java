package dev.signalbox.schemas.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.serde.JsonRecords;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The vectors that readers in other languages run too. */
@Tag("issue-2")
class ReaderVectorsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final JsonRecords records = new JsonRecords();

    @TestFactory
    Stream<DynamicTest> everyVectorHolds() throws IOException {
        try (InputStream file = ReaderVectorsTest.class.getResourceAsStream("/reader-vectors.json")) {
            JsonNode vectors = JSON.readTree(file).get("vectors");
            assertThat(vectors.size()).isGreaterThan(20);
            return StreamSupport.stream(vectors.spliterator(), false)
                    .map(vector -> DynamicTest.dynamicTest(vector.get("name").asText(), () -> run(vector)));
        }
    }

    private void run(JsonNode vector) throws IOException {
        ReplyAssembler assembler = new ReplyAssembler(ReplyReaderOptions.Scope.EXPECTED, ReplyAssembler.Bounds.DEFAULT);
        JsonNode expect = vector.get("expect");
        assembler.expect(new Expectation(expect.get("requestId").asText(), expect.get("requestHash").asText(),
                Duration.ofMillis(expect.get("timeToLiveMillis").asLong()),
                expect.get("tokens").asBoolean() ? Expectation.Preview.TOKENS : Expectation.Preview.NONE), 0);
        int step = 0;
        for (JsonNode given : vector.get("steps")) {
            long now = given.get("atMillis").asLong();
            List<ReplyEvent> events = new ArrayList<>(assembler.tick(now));
            if (given.has("chunk")) {
                events.addAll(assembler.onChunk(records.parseChunk(bytes(given.get("chunk"))), now));
            }
            if (given.has("reply")) {
                events.addAll(assembler.onReply(records.parseReply(bytes(given.get("reply"))), now));
            }
            List<JsonNode> told = new ArrayList<>();
            for (ReplyEvent event : events) {
                told.add(asJson(event));
            }
            List<JsonNode> wanted = new ArrayList<>();
            given.get("events").forEach(wanted::add);
            assertThat(told).as("step %d: %s", step++, given).isEqualTo(wanted);
            assertThat(assembler.heldBytes()).isNotNegative();
        }
        if (assembler.liveCount() == 0) {
            assertThat(assembler.heldBytes()).as("nothing is held for what has ended").isZero();
        }
    }

    private static byte[] bytes(JsonNode node) {
        return node.toString().getBytes(StandardCharsets.UTF_8);
    }

    private JsonNode asJson(ReplyEvent event) throws IOException {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (event instanceof ReplyEvent.TextAppended appended) {
            json.put("append", appended.chunk().getDelta());
        } else if (event instanceof ReplyEvent.Restarted restarted) {
            var attempt = restarted.attempt();
            json.putObject("restart").put("hop", attempt.getHop()).put("epoch", attempt.getEpoch())
                    .put("number", attempt.getNumber()).put("source", Long.toString(attempt.getSource()));
        } else if (event instanceof ReplyEvent.Ended ended) {
            LlmReply reply = ended.reply();
            json.put("ended", reply.getStatus().name()).put("textReplaced", ended.textReplaced());
            if (reply.getBody() != null) {
                json.put("text", JSON.readTree(StandardCharsets.UTF_8.decode(reply.getBody().duplicate()).toString())
                        .get("text").asText());
            }
        } else {
            json.put("abandoned", true);
        }
        return json;
    }
}
