package dev.signalbox.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each sample {@code bad/*.yaml} has its exact messages beside it in {@code bad/*.txt}, a line each. With
 * {@code -Dsignalbox.update=true} the messages are written anew, for review.
 */
@Tag("issue-2")
class BadConfigurationTest {
    @TempDir
    Path folder;

    private static List<Problem> problems(ReadResult result) {
        assertThat(result).isInstanceOf(ReadResult.Invalid.class);
        return ((ReadResult.Invalid) result).problems();
    }

    @ParameterizedTest
    @ValueSource(strings = {"names", "form", "secrets", "pools", "duplicated", "broken", "tab", "empty", "list",
            "two-documents"})
    void every_problem_is_told_at_once_with_its_place(String sample) throws IOException {
        String told = String.join("\n",
                problems(Samples.read(Path.of("bad.yaml"), Samples.text("bad/" + sample + ".yaml")))
                        .stream().map(Problem::toString)
                        .map(line -> line.replace(Path.of("").toAbsolutePath() + "/", "")).toList())
                + "\n";
        Path expected = Path.of(System.getProperty("signalbox.root", ".."),
                "topology-config/src/test/resources/dev/signalbox/config/bad/" + sample + ".txt");
        if (Boolean.getBoolean("signalbox.update")) {
            Files.writeString(expected, told);
        }
        assertThat(told).isEqualTo(Files.readString(expected));
        assertThat(told).doesNotContain("canary");
    }

    @Test
    void a_file_that_is_not_there_is_a_problem() {
        assertThat(problems(ConfigurationReader.read(folder.resolve("none.yaml")))).extracting(Problem::toString)
                .containsExactly(folder.resolve("none.yaml") + ": no such file");
    }

    @Test
    void a_file_that_is_not_text_is_a_problem() throws IOException {
        Path file = Files.write(folder.resolve("binary.yaml"), new byte[]{'a', (byte) 0xC3, '('});
        assertThat(problems(ConfigurationReader.read(file))).extracting(Problem::toString)
                .containsExactly(file + ": not UTF-8 text");
    }

    @Test
    void aliases_that_would_grow_without_bound_are_refused() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x]\n");
        for (int i = 1; i < 60; i++) {
            bomb.append("a").append(i).append(": &a").append(i);
            bomb.append(" [").append("*a" + (i - 1) + ", ".repeat(1)).append("*a").append(i - 1).append("]\n");
        }
        assertThat(problems(Samples.read(folder.resolve("bomb.yaml"), bomb.toString())).getFirst().message())
                .startsWith("not valid YAML");
    }

    @Test
    void an_alias_that_contains_itself_is_refused() {
        assertThat(problems(Samples.read(folder.resolve("loop.yaml"), "pools: &a { x: *a }\n"))).isNotEmpty();
    }

    @Test
    void what_is_legal_but_probably_not_meant_is_a_warning() {
        String yaml = """
                environment: prod
                pools:
                  high: { use_cases: [chat] }
                  low: { use_cases: [otherwise] }
                deployments:
                  openai.direct/gpt: { vendor: openai, model_id: gpt, base_url: "http://proxy:80/v1", credential: "${env:CANARY}", pools: low }
                  openai.two/gpt: { vendor: openai, model_id: gpt }
                  openai.three/gpt: { vendor: openai, model_id: gpt }
                routes:
                  gpt:
                    test:
                      chat: { sequence: [openai.direct] }
                      cat: { sequence: [openai.direct, openai.two] }
                use_cases: { chta: { department: x } }
                """;
        ReadResult result = Samples.read(Path.of("x.yaml"), yaml);
        assertThat(result).isInstanceOf(ReadResult.Valid.class);
        assertThat(((ReadResult.Valid) result).warnings()).extracting(Problem::toString).containsExactly(
                "x.yaml:1:14: no route is for the environment \"prod\", only for test: nothing can be served here",
                "x.yaml:6:3: \"openai.direct/gpt\" sends its credential unencrypted to proxy",
                "x.yaml:8:3: no route uses \"openai.three/gpt\"",
                "x.yaml:11:5: \"gpt\" has no route \"otherwise\" in test: requests of other use cases will be rejected",
                "x.yaml:12:7: pool \"high\", which serves that use case, may use none of the deployments of this route",
                "x.yaml:12:7: single point of failure: \"gpt/test/chat\" has only openai.direct/gpt and no fallback model",
                "x.yaml:13:7: no pool names the use case \"cat\", did you mean \"chat\"?",
                "x.yaml:13:7: single point of failure: all deployments of \"gpt/test/cat\" are at openai, and it has no fallback model",
                "x.yaml:14:14: no pool names the use case \"chta\", did you mean \"chat\"?");
    }
}
