package dev.signalbox.workers.vendor.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.Deployments;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.RecordedExchanges;
import dev.signalbox.workers.vendor.RecordedExchanges.Exchange;
import dev.signalbox.workers.vendor.StreamRun;
import dev.signalbox.workers.vendor.StreamRun.End;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What Anthropic really streamed, against what an independent reader made of it. Four recordings hold the answers of
 * several calls one after the other; each answer is read as a stream of its own, and the independent reader's row then
 * tells of all together. The first answer in one of them has no end: it is the one that is truncated.
 */
@Tag("issue-3")
class RecordedMessageStreamsTest {
    private static final int RANDOM_CUTTINGS = 50;

    /** One recording and the answers in it. */
    private record Recording(Exchange exchange, JsonNode expected, List<byte[]> answers) {
    }

    @Test
    void everyStreamIsReadAsTheIndependentReaderReadsIt() throws Exception {
        int answers = 0;
        int truncated = 0;
        Map<String, Integer> blockTypes = new HashMap<>();
        for (Recording recording : recordings()) {
            StringBuilder text = new StringBuilder();
            int reasoningChars = 0;
            List<String> tools = new ArrayList<>();
            List<String> expectedTools = new ArrayList<>();
            recording.expected().get("tools")
                    .forEach(tool -> expectedTools.add(tool.get("name").asText() + tool.get("args").asText()));
            String where = recording.exchange().toString();
            Decoded.Answer last = null;
            for (byte[] wire : recording.answers()) {
                StreamRun run = run(recording.exchange(), wire, wire.length, List.of(), End.CLEAN);
                text.append(run.text(ChunkKind.TEXT, 0));
                String thinking = run.text(ChunkKind.REASONING, 0);
                reasoningChars += thinking.codePointCount(0, thinking.length());
                answers++;
                if (!isWhole(wire)) {
                    assertThat(((Decoded.NoAnswer) run.decoded()).failure().failureClass())
                            .isEqualTo(FailureClass.TRUNCATED);
                    truncated++;
                    continue;
                }
                run.tools().forEach((index, name) -> tools.add(name + run.text(ChunkKind.TOOL_CALL, index)));
                assertThat(run.decoded()).as(where).isInstanceOf(Decoded.Answer.class);
                last = (Decoded.Answer) run.decoded();
                assertThat(last.warnings()).as(where).isEmpty();
                assertTheBodyIsWhatAnUnstreamedCallReturns(where, wire, last);
                RecordedExchanges.JSON.readTree(last.body()).get("content")
                        .forEach(block -> blockTypes.merge(block.get("type").asText(), 1, Integer::sum));
            }
            JsonNode body = RecordedExchanges.JSON.readTree(last.body());
            assertThat(sha256(text.toString())).as(where).isEqualTo(recording.expected().get("text_sha256").asText());
            assertThat(reasoningChars).as(where).isEqualTo(recording.expected().get("reasoning_chars").asInt());
            assertThat(tools).as(where).isEqualTo(expectedTools);
            assertThat(last.finishReason()).as(where).contains(recording.expected().get("stop").asText());
            assertThat(recording.expected().get("outcome").asText()).isEqualTo("COMPLETE");
            JsonNode usage = body.get("usage");
            assertThat(usage.get("output_tokens")).as(where)
                    .isEqualTo(recording.expected().get("usage").get("output"));
            assertThat(usage.get("input_tokens")).as(where).isEqualTo(recording.expected().get("usage").get("input"));
            TokenUsage counted = last.usage().orElseThrow();
            assertThat(counted.getInputTokens()).as(where)
                    .isEqualTo(usage.get("input_tokens").asLong() + usage.path("cache_read_input_tokens").asLong()
                            + usage.path("cache_creation_input_tokens").asLong());
            assertThat(counted.getOutputTokens()).as(where).isEqualTo(usage.get("output_tokens").asLong());
            assertThat(counted.getEstimated()).isFalse();
        }
        assertThat(recordings()).hasSize(44);
        assertThat(answers).isEqualTo(49);
        assertThat(truncated).isEqualTo(1);
        assertThat(blockTypes).containsKeys("text", "thinking", "redacted_thinking", "tool_use", "server_tool_use",
                "web_search_tool_result", "web_fetch_tool_result", "tool_search_tool_result", "advisor_tool_result",
                "fallback");
    }

    @Test
    void anyCuttingGivesTheSame() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (Recording recording : recordings()) {
            for (byte[] wire : recording.answers()) {
                String whole = run(recording.exchange(), wire, wire.length, List.of(), End.CLEAN).fingerprint();
                for (int i = 0; i < RANDOM_CUTTINGS; i++) {
                    List<Integer> cuts = StreamRun.randomCuts(random, wire.length);
                    assertThat(run(recording.exchange(), wire, wire.length, cuts, End.CLEAN).fingerprint())
                            .as("%s, seed %d, cutting %d", recording.exchange(), seed, i).isEqualTo(whole);
                }
            }
        }
    }

    @Test
    void aStreamThatEndsBeforeMessageStopIsNeverCompleteAndAfterItItIsWithAWarningIfLost() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int incomplete = 0;
        int complete = 0;
        for (Recording recording : recordings()) {
            for (byte[] wire : recording.answers()) {
                String text = new String(wire, StandardCharsets.ISO_8859_1);
                int stopRead = isWhole(wire) ? text.lastIndexOf('}') + 1 : Integer.MAX_VALUE - 2;
                Set<Integer> ends = new HashSet<>(Set.of(wire.length, text.lastIndexOf('}')));
                for (int at = text.indexOf("\n\n"); at >= 0; at = text.indexOf("\n\n", at + 2)) {
                    ends.add(at + 2);
                }
                for (int i = 0; i < RANDOM_CUTTINGS; i++) {
                    ends.add(random.nextInt(wire.length));
                }
                for (int end : ends) {
                    for (End how : End.values()) {
                        Decoded decoded = run(recording.exchange(), wire, end, StreamRun.randomCuts(random, end), how)
                                .decoded();
                        String where = recording.exchange() + ", seed " + seed + ", ended at " + end + " " + how;
                        boolean terminal = how == End.CLEAN ? end >= stopRead : end >= stopRead + 2;
                        if (terminal) {
                            assertThat(decoded).as(where).isInstanceOf(Decoded.Answer.class);
                            assertThat(((Decoded.Answer) decoded).warnings().isEmpty()).as(where)
                                    .isEqualTo(how == End.CLEAN);
                            complete++;
                        } else {
                            assertThat(decoded).as(where).isInstanceOf(Decoded.NoAnswer.class);
                            Decoded.NoAnswer none = (Decoded.NoAnswer) decoded;
                            assertThat(none.failure().failureClass()).as(where).isEqualTo(
                                    how == End.CLEAN ? FailureClass.TRUNCATED : FailureClass.CONNECTION_LOST);
                            assertThat(none.usage().stream().allMatch(TokenUsage::getEstimated)).as(where).isTrue();
                            if (none.partialBody().isPresent()) {
                                RecordedExchanges.JSON.readTree(none.partialBody().get());
                            }
                            incomplete++;
                        }
                    }
                }
            }
        }
        assertThat(incomplete).isGreaterThan(5_000);
        assertThat(complete).isGreaterThan(90);
    }

    /** Put together from the events by trees, hence apart from the code under test. */
    private static void assertTheBodyIsWhatAnUnstreamedCallReturns(String where, byte[] wire, Decoded.Answer answer)
            throws IOException {
        ObjectNode message = RecordedExchanges.JSON.createObjectNode();
        Map<Integer, StringBuilder> inputs = new HashMap<>();
        for (String line : new String(wire, StandardCharsets.UTF_8).split("\r?\n")) {
            if (!line.startsWith("data:")) {
                continue;
            }
            JsonNode event = RecordedExchanges.JSON.readTree(line.substring(5));
            switch (event.get("type").asText()) {
                case "message_start" -> message = event.get("message").deepCopy();
                case "content_block_start" -> message.withArray("content").add(event.get("content_block"));
                case "content_block_delta" -> {
                    int index = event.get("index").asInt();
                    ObjectNode block = (ObjectNode) message.get("content").get(index);
                    JsonNode delta = event.get("delta");
                    switch (delta.get("type").asText()) {
                        case "text_delta" -> append(block, delta, "text");
                        case "thinking_delta" -> append(block, delta, "thinking");
                        case "signature_delta" -> append(block, delta, "signature");
                        case "input_json_delta" -> inputs.computeIfAbsent(index, _ -> new StringBuilder())
                                .append(delta.get("partial_json").asText());
                        case "citations_delta" -> {
                            if (!block.path("citations").isArray()) {
                                block.putArray("citations");
                            }
                            block.withArray("citations").add(delta.get("citation"));
                        }
                        default -> throw new AssertionError(delta);
                    }
                }
                case "message_delta" -> {
                    message.setAll((ObjectNode) event.get("delta"));
                    message.withObject("/usage").setAll((ObjectNode) event.get("usage"));
                    if (event.has("context_management")) {
                        message.set("context_management", event.get("context_management"));
                    }
                }
                default -> {
                }
            }
        }
        for (Map.Entry<Integer, StringBuilder> input : inputs.entrySet()) {
            if (!input.getValue().isEmpty()) {
                ((ObjectNode) message.get("content").get(input.getKey())).set("input",
                        RecordedExchanges.JSON.readTree(input.getValue().toString()));
            }
        }
        assertThat(RecordedExchanges.JSON.readTree(answer.body())).as(where).isEqualTo(message);
    }

    private static void append(ObjectNode block, JsonNode delta, String name) {
        block.put(name, block.path(name).asText("") + delta.get(name).asText());
    }

    private static StreamRun run(Exchange exchange, byte[] wire, int length, List<Integer> cuts, End end) {
        return StreamRun.of(new MessagesCodec(), Deployments.ownCall(
                Deployments.anthropic(URI.create("http://localhost"), CallTimeouts.DEFAULT), exchange.request(), true),
                wire, length, cuts, end);
    }

    private static List<Recording> recordings() throws IOException {
        Map<String, JsonNode> expected = RecordedExchanges.rows("expected-streams.jsonl");
        List<Recording> recordings = new ArrayList<>();
        for (Exchange exchange : RecordedExchanges.of("stream",
                vendor -> vendor.equals("anthropic") || vendor.equals("vertex-anthropic"))) {
            JsonNode row = expected.get(exchange.id());
            if (row.get("shape").asText().equals("anthropic-messages")) {
                recordings.add(new Recording(exchange, row, answers(exchange.stream())));
            }
        }
        return recordings;
    }

    private static List<byte[]> answers(byte[] wire) {
        String text = new String(wire, StandardCharsets.ISO_8859_1);
        List<byte[]> answers = new ArrayList<>();
        int from = 0;
        for (int at = text.indexOf("event: message_start", 1); at >= 0; at = text.indexOf("event: message_start",
                at + 1)) {
            answers.add(Arrays.copyOfRange(wire, from, at));
            from = at;
        }
        answers.add(Arrays.copyOfRange(wire, from, wire.length));
        return answers;
    }

    private static boolean isWhole(byte[] wire) {
        return new String(wire, StandardCharsets.ISO_8859_1).contains("\"message_stop\"");
    }

    private static String sha256(String text) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }
}
