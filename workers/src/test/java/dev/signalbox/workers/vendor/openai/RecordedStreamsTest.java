package dev.signalbox.workers.vendor.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.Deployments;
import dev.signalbox.workers.vendor.ErrorText;
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
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What public endpoints really streamed, against what an independent reader made of it. */
@Tag("issue-2")
@Tag("issue-3")
class RecordedStreamsTest {
    private static final int RANDOM_CUTTINGS = 50;

    /** Differences from expected-streams.jsonl, by exchange and field; each with the reason why ours is right. */
    private static final Map<String, String> ARGUED = Map.of(
            "b927c2e542.text", "Mistral sends content as typed parts here; the first text part (\"1\") is text too",
            "b927c2e542.reasoning_chars", "its parts of type thinking are the model's reasoning",
            "840bd8a0fe.outcome", "the second of two choices never gets a finish reason: complete by [DONE], but"
                    + " with a warning that says so");

    @Test
    void everyStreamIsReadAsTheIndependentReaderReadsIt() throws Exception {
        Map<String, JsonNode> expected = RecordedExchanges.rows("expected-streams.jsonl");
        List<String> differences = new ArrayList<>();
        Map<String, Integer> outcomes = new TreeMap<>();
        for (Exchange exchange : chatStreams(expected)) {
            byte[] wire = exchange.stream();
            StreamRun run = run(exchange, wire, wire.length, List.of(), End.CLEAN);
            JsonNode row = expected.get(exchange.id());
            outcomes.merge(outcome(run.decoded()), 1, Integer::sum);
            compare(exchange, row, run).forEach((field, difference) -> {
                String key = exchange.id() + "." + field;
                if (!ARGUED.containsKey(key)) {
                    differences.add(key + ": " + difference);
                }
            });
        }
        assertThat(differences).isEmpty();
        assertThat(outcomes).containsExactlyInAnyOrderEntriesOf(Map.of("complete", 58, "complete with a warning", 16,
                "INVALID_REQUEST", 1, "TOOL_CALL_INVALID", 1));
    }

    @Test
    void anyCuttingGivesTheSame() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (Exchange exchange : chatStreams(RecordedExchanges.rows("expected-streams.jsonl"))) {
            byte[] wire = exchange.stream();
            String whole = run(exchange, wire, wire.length, List.of(), End.CLEAN).fingerprint();
            for (int i = 0; i < RANDOM_CUTTINGS; i++) {
                List<Integer> cuts = StreamRun.randomCuts(random, wire.length);
                String cut = run(exchange, wire, wire.length, cuts, End.CLEAN).fingerprint();
                assertThat(cut).as("%s, seed %d, cutting %d", exchange, seed, i).isEqualTo(whole);
            }
        }
    }

    @Test
    void aStreamThatEndsBeforeItsTerminalSignalIsNeverCompleteAndAfterItIsWithAWarning() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int incomplete = 0;
        int complete = 0;
        for (Exchange exchange : chatStreams(RecordedExchanges.rows("expected-streams.jsonl"))) {
            byte[] wire = exchange.stream();
            Marks marks = Marks.of(wire);
            Set<Integer> ends = new HashSet<>(marks.borders());
            for (int i = 0; i < RANDOM_CUTTINGS; i++) {
                ends.add(random.nextInt(wire.length));
            }
            for (int end : ends) {
                for (End how : End.values()) {
                    Decoded decoded = run(exchange, wire, end, StreamRun.randomCuts(random, end), how).decoded();
                    String where = exchange + ", seed " + seed + ", ended at " + end + " " + how;
                    int signal = how == End.CLEAN ? marks.terminalRead() : marks.terminalDispatched();
                    if (end < signal) {
                        assertThat(decoded).as(where).isInstanceOf(Decoded.NoAnswer.class);
                        Decoded.NoAnswer none = (Decoded.NoAnswer) decoded;
                        if (end < marks.error()) {
                            assertThat(none.failure().failureClass()).as(where).isEqualTo(
                                    how == End.CLEAN ? FailureClass.TRUNCATED : FailureClass.CONNECTION_LOST);
                        }
                        assertThat(none.usage().stream().allMatch(TokenUsage::getEstimated)).as(where).isTrue();
                        incomplete++;
                    } else if (end < marks.error() && end < marks.doneRead()) {
                        assertThat(decoded).as(where).isInstanceOf(Decoded.Answer.class);
                        assertThat(((Decoded.Answer) decoded).warnings()).as(where).isNotEmpty();
                        complete++;
                    }
                }
            }
        }
        assertThat(incomplete).isGreaterThan(5_000);
        assertThat(complete).isGreaterThan(100);
    }

    /**
     * Where in a stream things stand, found by lines and a JSON tree, hence apart from the code under test.
     *
     * @param borders ends of events
     * @param terminalRead where the JSON ends with which every choice has its finish reason (else [DONE])
     * @param terminalDispatched where that event's blank line ends
     * @param doneRead where [DONE] ends
     * @param error where an event with an error begins
     */
    private record Marks(List<Integer> borders, int terminalRead, int terminalDispatched, int doneRead, int error) {
        static Marks of(byte[] wire) throws IOException {
            String text = new String(wire, StandardCharsets.ISO_8859_1);
            List<Integer> borders = new ArrayList<>();
            Set<Integer> open = new HashSet<>();
            boolean finished = false;
            int read = Integer.MAX_VALUE;
            int dispatched = Integer.MAX_VALUE;
            int done = Integer.MAX_VALUE;
            int error = Integer.MAX_VALUE;
            int at = 0;
            for (String event : text.split("(?<=\r?\n\r?\n)", -1)) {
                int data = event.indexOf("data:");
                String json = data < 0 ? "" : event.substring(data + 5).strip();
                int jsonEnd = data < 0 ? at : at + event.indexOf(json, data) + json.length();
                at += event.length();
                borders.add(at);
                if (json.equals("[DONE]")) {
                    done = jsonEnd;
                    if (read == Integer.MAX_VALUE && finished) {
                        read = jsonEnd;
                        dispatched = at;
                    }
                } else if (!json.isEmpty()) {
                    JsonNode chunk = RecordedExchanges.JSON.readTree(json.getBytes(StandardCharsets.ISO_8859_1));
                    if (chunk.hasNonNull("error")) {
                        error = Math.min(error, jsonEnd);
                    }
                    for (JsonNode choice : chunk.path("choices")) {
                        open.add(choice.path("index").asInt());
                        if (choice.hasNonNull("finish_reason")) {
                            finished = true;
                            open.remove(choice.path("index").asInt());
                        }
                    }
                    if (finished && open.isEmpty() && read == Integer.MAX_VALUE) {
                        read = jsonEnd;
                        dispatched = at;
                    }
                }
            }
            return new Marks(borders.stream().filter(border -> border < wire.length).toList(), read, dispatched, done,
                    error);
        }
    }

    private static StreamRun run(Exchange exchange, byte[] wire, int length, List<Integer> cuts, End end) {
        return StreamRun.of(new OpenAiChatCodec(), Deployments.call(
                Deployments.openAi(URI.create("http://localhost/v1"), CallTimeouts.DEFAULT, true), exchange.request(),
                true), wire, length, cuts, end);
    }

    private static List<Exchange> chatStreams(Map<String, JsonNode> expected) throws IOException {
        return RecordedExchanges.ofOpenAi("stream").stream()
                .filter(exchange -> expected.get(exchange.id()).get("shape").asText().equals("openai-chat")).toList();
    }

    private static String outcome(Decoded decoded) {
        return switch (decoded) {
            case Decoded.Answer answer -> answer.warnings().isEmpty() ? "complete" : "complete with a warning";
            case Decoded.NoAnswer none -> none.failure().failureClass().name();
        };
    }

    private static Map<String, String> compare(Exchange exchange, JsonNode row, StreamRun run) throws Exception {
        Map<String, String> differences = new TreeMap<>();
        String text = run.text(ChunkKind.TEXT, 0);
        differ(differences, "text", row.get("text_sha256").asText(), sha256(text));
        differ(differences, "reasoning_chars", row.get("reasoning_chars").asText(),
                Integer.toString(run.text(ChunkKind.REASONING, 0).codePointCount(0,
                        run.text(ChunkKind.REASONING, 0).length())));
        List<String> tools = new ArrayList<>();
        row.get("tools").forEach(tool -> tools.add(tool.get("name").asText() + tool.get("args").asText()));
        List<String> ourTools = new ArrayList<>();
        run.tools().forEach((index, name) -> ourTools.add(name + run.text(ChunkKind.TOOL_CALL, index)));
        differ(differences, "tools", tools.toString(), ourTools.toString());
        boolean error = !row.get("error").isNull();
        switch (run.decoded()) {
            case Decoded.Answer answer -> {
                differ(differences, "stop", row.get("stop").asText(null), answer.finishReason().orElse(null));
                differ(differences, "usage.input", number(row.get("usage").get("input")),
                        answer.usage().map(usage -> String.valueOf(usage.getInputTokens())).orElse("null"));
                differ(differences, "usage.output", number(row.get("usage").get("output")),
                        answer.usage().map(usage -> String.valueOf(usage.getOutputTokens())).orElse("null"));
                differ(differences, "outcome", row.get("outcome").asText(),
                        answer.warnings().isEmpty() || exchange.row().get("kind").asText().equals("jsonl-chunks")
                                ? "COMPLETE"
                                : "COMPLETE_NO_SENTINEL");
                JsonNode message = RecordedExchanges.JSON.readTree(answer.body()).get("choices").get(0);
                differ(differences, "body.content", text, message.get("message").get("content").asText(""));
                differ(differences, "body.stop", row.get("stop").asText(null),
                        message.get("finish_reason").asText(null));
                List<String> bodyTools = new ArrayList<>();
                message.get("message").path("tool_calls")
                        .forEach(tool -> bodyTools.add(tool.get("function").get("name").asText()
                                + tool.get("function").get("arguments").asText()));
                differ(differences, "body.tools", tools.toString(), bodyTools.toString());
            }
            case Decoded.NoAnswer none -> {
                differ(differences, "outcome", row.get("outcome").asText(), "ERROR");
                differ(differences, "error", ErrorText.of(row.get("error").path("message").asText()),
                        error ? none.failure().message() : null);
            }
        }
        return differences;
    }

    private static String number(JsonNode count) {
        return count.isNull() ? "null" : count.asText();
    }

    private static void differ(Map<String, String> differences, String field, @Nullable String expected,
            @Nullable String actual) {
        if (!java.util.Objects.equals(expected, actual)) {
            differences.put(field, "expected " + expected + " but was " + actual);
        }
    }

    private static String sha256(String text) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }
}
