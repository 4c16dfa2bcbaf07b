package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-3")
class RedundancyCommandTest {
    private static final String GOOD = """
            pools:
              main: { use_cases: [otherwise] }
            deployments:
              openai.direct/m: { vendor: openai, model_id: m }
              anthropic.direct/m: { vendor: anthropic, model_id: m }
            routes:
              m: { prod: { otherwise: { sequence: [openai.direct, anthropic.direct] } } }
            """;

    @TempDir
    private Path folder;
    private Path file = Path.of("");

    @BeforeEach
    void file() {
        file = folder.resolve("signalbox.yaml");
    }

    private CommandLineRunner.Ran run(String yaml, String... more) throws IOException {
        Files.writeString(file, yaml);
        String[] arguments = new String[more.length + 3];
        arguments[0] = "redundancy";
        arguments[1] = "--config";
        arguments[2] = file.toString();
        System.arraycopy(more, 0, arguments, 3, more.length);
        return CommandLineRunner.run(arguments);
    }

    private static String weak() {
        return GOOD.replace("[openai.direct, anthropic.direct]", "[openai.direct]");
    }

    @Test
    void a_finding_has_its_line_and_its_cure() throws IOException {
        CommandLineRunner.Ran ran = run(weak());
        assertThat(ran.code()).isZero();
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out()).contains("CRITICAL single-deployment  " + file + ":7:16  routes.m.prod.otherwise",
                "  only openai.direct/m serves m/prod/otherwise",
                "  cure: add anthropic.direct, which is declared, to sequence of routes.m.prod.otherwise",
                "1 critical, 0 warnings");
    }

    @Test
    void the_exit_code_is_3_from_the_asked_severity_on() throws IOException {
        String tenantOnly = GOOD + "tenants: { acme: { allow: { vendors: [openai] } } }\n";
        assertThat(run(GOOD, "--fail-on", "warning").code()).isZero();
        assertThat(run(GOOD).out()).endsWith("no weakness found\n");
        assertThat(run(tenantOnly, "--fail-on", "critical").code()).isZero();
        assertThat(run(tenantOnly, "--fail-on", "warning").code()).isEqualTo(3);
        assertThat(run(weak(), "--fail-on", "CRITICAL").code()).isEqualTo(3);
        assertThat(run("pools: 3\n").code()).isEqualTo(2);
    }

    @Test
    void json_and_yaml_say_the_same() throws IOException {
        JsonNode json = new ObjectMapper().readTree(run(weak(), "-o", "json").out());
        JsonNode yaml = new YAMLMapper().readTree(run(weak(), "-o", "yaml").out());
        assertThat(yaml).isEqualTo(json);
        assertThat(json.at("/findings/0/weakness").asText()).isEqualTo("single-deployment");
        assertThat(json.at("/routes/0/deployments/0").asText()).isEqualTo("openai.direct/m");
    }

    /** The configuration that users see first is one to copy. */
    @Test
    void what_is_built_in_has_no_weakness() {
        assertThat(CommandLineRunner.run("redundancy").out())
                .contains("POOL", "gpt-4.1-mini/simulated/otherwise").endsWith("no weakness found\n");
    }

    @Test
    void one_environment_can_be_judged_alone() throws IOException {
        String more = GOOD.replace("sequence: [openai.direct, anthropic.direct] } }",
                "sequence: [openai.direct, anthropic.direct] } }, test: { otherwise: { sequence: [openai.direct] } }");
        assertThat(run(more).out()).contains("m/prod/otherwise", "m/test/otherwise", "1 critical");
        assertThat(run(more, "--environment", "prod").out()).doesNotContain("m/test/otherwise")
                .endsWith("no weakness found\n");
        assertThat(run(more, "--environment", "test", "--fail-on", "critical").code()).isEqualTo(3);
        CommandLineRunner.Ran unknown = run(more, "--environment", "tset");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("\"tset\"", "prod, test");
    }
}
