package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What would serve a request, told without any Kafka. */
@Tag("issue-3")
class ExplainCommandTest {
    private static final String BODY = """
            {"model":"m","max_tokens":100,"messages":[{"role":"user","content":"Where is my parcel?"}]}""";
    private static final String LINE = """
            {"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":%s,"signalbox":{"use_case":"chat","priority":"interactive","tenant":"acme","time_to_live":"90s"}}"""
            .formatted(BODY);
    private static final String CONFIGURATION = """
            environment: prod
            pools:
              serving: { use_cases: [chat], priorities: [interactive] }
              rest: { use_cases: [otherwise], priorities: [standard, batch] }
            deployments:
              openai.blind/m: { vendor: openai, model_id: m, capabilities: { tools: false } }
              openai.dear/m: { vendor: openai, model_id: m, region: eu }
              openai.cheap/m: { vendor: openai, model_id: m, region: eu }
              openai.foreign/m: { vendor: openai, model_id: m, region: us }
              openai.rest/m: { vendor: openai, model_id: m, region: eu, pools: rest }
              openai.other/n: { vendor: openai, model_id: n, region: eu }
            routes:
              m:
                prod:
                  chat:
                    cheapest: [openai.dear, openai.foreign, openai.cheap, openai.rest]
                    fallback_models: [n]
                  otherwise: { sequence: [openai.blind], allow: { regions: [mars] } }
              n: { prod: { otherwise: { sequence: [openai.other] } } }
            prices:
              version: "1"
              deployments:
                openai.dear/m: { input_per_million: 10, output_per_million: 10 }
                openai.cheap/m: { input_per_million: 1, output_per_million: 1 }
                openai.foreign/m: { input_per_million: 0.1, output_per_million: 0.1 }
            tenants:
              acme: { allow: { regions: [eu] } }
            """;

    @TempDir
    private Path folder;

    private CommandLineRunner.Ran explain(String standardInput, String... arguments) throws IOException {
        Path file = Files.writeString(folder.resolve("signalbox.yaml"), CONFIGURATION);
        List<String> all = new java.util.ArrayList<>(List.of("explain", "--config", file.toString(), "--data",
                folder.resolve("none").toString()));
        all.addAll(List.of(arguments));
        return new CommandLineRunner().runWith(standardInput, all.toArray(String[]::new));
    }

    @Test
    void a_line_is_explained_with_order_cost_and_reason() throws IOException {
        CommandLineRunner.Ran ran = explain("", LINE, "-o", "json");
        assertThat(ran.code()).as(ran.err()).isZero();
        JsonNode told = new ObjectMapper().readTree(ran.out());
        assertThat(told.path("pool").asText()).isEqualTo("serving");
        assertThat(told.path("topic").asText()).isEqualTo("llm.requests.serving.interactive");
        assertThat(told.path("time_to_live_ms").asInt()).isEqualTo(90_000);
        assertThat(told.path("estimated_output_tokens").asInt()).isEqualTo(100);
        assertThat(told.at("/decision/route").asText()).isEqualTo("m/prod/chat");
        assertThat(told.at("/decision/strategy").asText()).isEqualTo("cheapest");
        List<JsonNode> candidates = StreamSupport
                .stream(told.at("/decision/candidates").spliterator(), false).toList();
        assertThat(candidates).extracting(c -> c.path("deployment").asText() + " " + c.path("fit").asBoolean())
                .containsExactly("openai.cheap/m true", "openai.dear/m true", "openai.foreign/m false",
                        "openai.rest/m false");
        assertThat(candidates.get(0).path("estimated_cost").decimalValue())
                .isLessThan(candidates.get(1).path("estimated_cost").decimalValue());
        assertThat(candidates.get(2).path("why").asText()).contains("residency rule");
        assertThat(candidates.get(3).path("why").asText()).isEqualTo("no capacity for pool serving");
        assertThat(told.at("/fallbacks/fallback_models/0/model").asText()).isEqualTo("n");
        assertThat(told.at("/fallbacks/fallback_models/0/decision/candidates/0/deployment").asText())
                .isEqualTo("openai.other/n");
        JsonNode yaml = new YAMLMapper().readTree(explain("", LINE, "-o", "yaml").out());
        assertThat(yaml.at("/decision/route")).isEqualTo(told.at("/decision/route"));
    }

    @Test
    void a_line_of_a_file_and_standard_input_are_explained_too() throws IOException {
        Path batch = Files.writeString(folder.resolve("batch.jsonl"), "{}\n" + LINE + "\n");
        CommandLineRunner.Ran ofFile = explain("", batch + ":2");
        assertThat(ofFile.code()).as(ofFile.err()).isZero();
        assertThat(ofFile.out()).contains("goes to   pool serving, priority interactive",
                "decision  route m/prod/chat, cheapest", "openai.cheap/m", "fallback_models  n: openai.other/n");
        CommandLineRunner.Ran ofBody = explain(BODY, "-", "--use-case", "chat", "--priority", "interactive");
        assertThat(ofBody.code()).as(ofBody.err()).isZero();
        assertThat(ofBody.out()).contains("openai.foreign/m");
        CommandLineRunner.Ran ofRecord = explain("", "{\"id\":\"r-1\",\"model\":\"m\",\"useCase\":\"chat\",\"body\":"
                + BODY + "}");
        assertThat(ofRecord.code()).as(ofRecord.err()).isZero();
        assertThat(ofRecord.out()).contains("request   r-1");
    }

    @Test
    void what_nothing_can_serve_is_told_with_each_reason() throws IOException {
        CommandLineRunner.Ran ran = explain(BODY, "-");
        assertThat(ran.code()).isEqualTo(3);
        assertThat(ran.out()).contains("NO_FIT_DEPLOYMENT", "openai.blind/m",
                "not allowed by the route's residency rule");
    }

    @Test
    void bad_input_is_a_line_with_its_place() throws IOException {
        assertThat(explain("", "{\"custom_id\":\"a\"}").errLines().getLast()).isEqualTo("request:1:1: no \"body\"");
        assertThat(explain("", "{\"custom_id\"").code()).isEqualTo(2);
        CommandLineRunner.Ran unknown = explain("", LINE.replace("\"model\":\"m\"", "\"model\":\"mm\""));
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.errLines().getLast()).startsWith("request:1: unknown model \"mm\"");
        Path batch = Files.writeString(folder.resolve("batch.jsonl"), LINE + "\n");
        assertThat(explain("", batch + ":9").errLines().getLast()).endsWith("has no line 9");
        assertThat(explain("", batch.toString()).errLines().getLast()).endsWith("batch.jsonl:1");
        CommandLineRunner.Ran id = explain("", "some-id");
        assertThat(id.code()).isEqualTo(2);
        assertThat(id.errLines().getLast()).contains("--bootstrap-server");
    }
}
