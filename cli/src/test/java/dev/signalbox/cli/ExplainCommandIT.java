package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happened to a request, read from the topics of an embedded broker that served it. */
@Tag("issue-3")
class ExplainCommandIT {
    @TempDir
    private Path folder;

    @Test
    void an_id_tells_its_attempts_with_their_decisions_and_its_reply() throws IOException {
        String data = folder.resolve("data").toString();
        CommandLineRunner.Ran sent = CommandLineRunner.run("submit", "--data", data, "--model", "gpt-4.1", "--id",
                "told-1", "Where is my secretparcel?");
        assertThat(sent.code()).as(sent.err()).isZero();

        CommandLineRunner.Ran ran = CommandLineRunner.run("explain", "told-1", "--data", data, "-o", "json");
        assertThat(ran.code()).as(ran.err()).isZero();
        JsonNode told = new ObjectMapper().readTree(ran.out());
        JsonNode call = told.at("/attempts/0");
        assertThat(call.path("outcome").asText()).as(ran.out()).isEqualTo("ANSWERED");
        assertThat(call.path("phase").asText()).isEqualTo("ENDED");
        assertThat(call.at("/decision/strategy").asText()).isEqualTo("sequence");
        assertThat(call.at("/decision/candidates")).hasSize(2);
        assertThat(call.path("cost").decimalValue()).isPositive();
        assertThat(call.path("waitedMillis").isNumber()).as(ran.out()).isTrue();
        assertThat(told.at("/queue/state").asText()).isEqualTo("ended");
        assertThat(told.at("/queue/record").asText()).startsWith("llm.requests.").contains("@");
        assertThat(told.at("/queue/waited_ms").isNumber()).isTrue();
        assertThat(told.at("/replies/0/status").asText()).isEqualTo("COMPLETED");
        assertThat(told.at("/replies/0").has("body")).isFalse();
        assertThat(ran.out()).doesNotContain("secretparcel");
    }
}
