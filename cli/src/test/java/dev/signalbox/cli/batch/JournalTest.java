package dev.signalbox.cli.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.cli.CommandFailure;
import dev.signalbox.schemas.avro.BodyFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    @TempDir
    private Path folder = Path.of("");
    private Path out = Path.of("");
    private Path errors = Path.of("");
    private final IdTable ids = new IdTable();

    @BeforeEach
    void prepare() {
        out = folder.resolve("replies.jsonl");
        errors = Journal.errorFileOf(out);
        for (int line = 1; line <= 5; line++) {
            ids.putIfAbsent("id-" + line, line);
        }
    }

    private JournalContents read() throws IOException {
        return JournalContents.read(out, errors,
                new BatchCheck.Result(BodyFormat.OPENAI_CHAT_COMPLETIONS, ids, 5, new BatchPlan(), List.of(), 0));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void resultsAreInOpenAiForm() throws IOException {
        try (Journal journal = Journal.open(ResultForm.OPENAI, out, errors)) {
            journal.answered("id-1", "req-1", bytes("{\n \"choices\": []\r\n}"));
            journal.failed("quote\"d", "req-2", "TIMEOUT", "too late", 0);
        }
        JsonNode result = new ObjectMapper().readTree(Files.readString(out));
        assertThat(Files.readAllLines(out)).hasSize(1);
        assertThat(result.path("custom_id").asText()).isEqualTo("id-1");
        assertThat(result.path("response").path("status_code").asInt()).isEqualTo(200);
        assertThat(result.path("response").path("request_id").asText()).isEqualTo("req-1");
        assertThat(result.path("response").path("body").path("choices").isArray()).isTrue();
        assertThat(result.path("error").isNull()).isTrue();
        assertThat(errors).hasFileName("replies.errors.jsonl");
        assertThat(Files.readString(errors)).isEqualTo("{\"id\":\"batch_req_req-2\",\"custom_id\":\"quote\\\"d\","
                + "\"response\":null,\"error\":{\"code\":\"TIMEOUT\",\"message\":\"too late\"}}\n");
    }

    @Test
    void resultsAreInAnthropicsForm() throws IOException {
        try (Journal journal = Journal.open(ResultForm.ANTHROPIC, out, errors)) {
            journal.answered("id-1", "req-1", bytes("{\"type\":\"message\"}"));
            journal.failed("id-2", "req-2", "EXPIRED", "its time to live was over", 0);
            journal.failed("id-3", "req-3", "CANCELLED", "by its caller", 0);
            journal.failed("id-4", "req-4", "OVERLOADED", "all of them", 0);
        }
        assertThat(Files.readAllLines(out)).containsExactly(
                "{\"custom_id\":\"id-1\",\"result\":{\"type\":\"succeeded\",\"message\":{\"type\":\"message\"}}}");
        assertThat(Files.readAllLines(errors)).containsExactly(
                "{\"custom_id\":\"id-2\",\"result\":{\"type\":\"expired\"}}",
                "{\"custom_id\":\"id-3\",\"result\":{\"type\":\"canceled\"}}",
                "{\"custom_id\":\"id-4\",\"result\":{\"type\":\"errored\",\"error\":{\"type\":\"error\",\"error\":"
                        + "{\"type\":\"overloaded_error\",\"message\":\"OVERLOADED: all of them\"},\"request_id\":\"req-4\"}}}");
        assertThat(read().answered().stream().toArray()).containsExactly(1);
        assertThat(read().failed().stream().toArray()).as("those that got none, for --retry-failed")
                .containsExactly(2, 3, 4);
    }

    @Test
    void aTornLastLineIsCutAndItsIdIsOpenAgain() throws IOException {
        try (Journal journal = Journal.open(ResultForm.OPENAI, out, errors)) {
            journal.answered("id-1", "r1", bytes("{}"));
            journal.answered("id-2", "r2", bytes("{}"));
        }
        long whole = Files.size(out);
        String content = Files.readString(out);
        for (int cut = content.indexOf('\n') + 1; cut < whole; cut++) {
            Files.writeString(out, content.substring(0, cut));
            assertThat(read().answered().stream().toArray()).containsExactly(1);
            assertThat(Files.readString(out)).isEqualTo(content.substring(0, content.indexOf('\n') + 1));
        }
    }

    @Test
    void aFileThatIsNoJournalIsNeverTouched() throws IOException {
        Files.writeString(out, "dear diary\nit was a good day\n");
        assertThatThrownBy(this::read).isInstanceOf(CommandFailure.class).hasMessageContaining("replies.jsonl:1:");
        assertThat(Files.readString(out)).startsWith("dear diary");
    }

    @Test
    void failuresCountTheirRetriesAndGoWhenAnswered() throws IOException {
        try (Journal journal = Journal.open(ResultForm.OPENAI, out, errors)) {
            journal.failed("id-1", "r1", "X", "m", 0);
            journal.failed("id-2", "r2", "X", "m", 1);
        }
        JournalContents first = read();
        assertThat(first.failed().stream().toArray()).containsExactly(1, 2);
        assertThat(OpenLines.of(first, false).isOpen(1)).isFalse();
        OpenLines retrying = OpenLines.of(first, true);
        assertThat(retrying.isOpen(1)).isTrue();
        assertThat(retrying.retry(1)).isEqualTo(1);
        assertThat(retrying.retry(2)).isEqualTo(2);
        try (Journal journal = Journal.open(ResultForm.OPENAI, out, errors)) {
            journal.answered("id-1", "r3", bytes("{}"));
            journal.failed("id-2", "r4", "X", "again", 2);
        }
        JournalContents second = read();
        assertThat(second.answered().get(1)).isTrue();
        assertThat(second.failed().stream().toArray()).containsExactly(2);
        ErrorFile.tidy(errors, ids, second.failed());
        assertThat(Files.readAllLines(errors)).hasSize(1).first().asString().contains("again", "\"retries\":2");
        ErrorFile.tidy(errors, ids, new BitSet());
        assertThat(errors).doesNotExist();
    }

    @Test
    void twoRunsDoNotWriteOneFile() throws IOException {
        try (Journal journal = Journal.open(ResultForm.OPENAI, out, errors)) {
            journal.flush();
            assertThatThrownBy(() -> Journal.open(ResultForm.OPENAI, out, errors)).isInstanceOf(CommandFailure.class)
                    .hasMessageContaining("being written already");
        }
    }

    @Test
    void resultsOfOtherInputsAreCounted() throws IOException {
        try (Journal journal = Journal.open(ResultForm.OPENAI, out, errors)) {
            journal.answered("stranger", "r", bytes("{}"));
        }
        Files.writeString(out, "", StandardOpenOption.APPEND);
        assertThat(read().others()).isEqualTo(1);
    }
}
