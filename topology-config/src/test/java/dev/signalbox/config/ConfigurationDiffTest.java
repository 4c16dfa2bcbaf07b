package dev.signalbox.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class ConfigurationDiffTest {
    private static final String BEFORE = """
            environment: prod
            pools:
              fast: { use_cases: [chat] }
              main: { use_cases: [otherwise] }
            deployments:
              openai.direct/gpt: { vendor: openai, model_id: gpt-4.1, credential: "${env:KEY}", limits: { concurrency: 400 } }
            routes:
              gpt: { prod: { otherwise: { sequence: [openai.direct] } } }
            """;

    private static List<String> lines(String after) {
        return ConfigurationDiff.between(BEFORE, after).stream().map(Object::toString).toList();
    }

    @Test
    void what_is_written_in_another_way_is_no_difference() {
        assertThat(lines(BEFORE)).isEmpty();
        assertThat(
                lines("# a comment\n" + BEFORE.replace("[chat]", "[ \"chat\" ]") + "worker: { max_in_flight: 2000 }\n"))
                .isEmpty();
    }

    @Test
    void each_difference_is_a_line_in_the_operators_words() {
        assertThat(lines(BEFORE.replace("400", "300"))).containsExactly(
                "~ deployments.openai.direct/gpt.limits.concurrency: 400 -> 300".replace("openai.direct/gpt",
                        "\"openai.direct/gpt\""));
        assertThat(lines(BEFORE.replace("env:KEY", "env:OTHER"))).containsExactly(
                "~ deployments.\"openai.direct/gpt\".credential: ${env:KEY} -> ${env:OTHER}");
        assertThat(lines(BEFORE + "tenants: { acme: { department: care } }\n")).singleElement().asString()
                .startsWith("+ tenants.acme");
        assertThat(lines(BEFORE.replace("  fast: { use_cases: [chat] }\n", ""))).singleElement().asString()
                .isEqualTo("- pools.fast: {use_cases:[chat]}");
    }

    @Test
    void the_order_of_pools_is_their_rank() {
        assertThat(lines(BEFORE.replace("  fast: { use_cases: [chat] }\n  main: { use_cases: [otherwise] }",
                "  main: { use_cases: [otherwise] }\n  fast: { use_cases: [chat] }")))
                .containsExactly("~ pools.(rank): fast, main -> main, fast");
    }

    @Test
    void what_running_processes_do_not_take_over_says_so() {
        assertThat(ConfigurationDiff.between(BEFORE, BEFORE + "worker: { max_in_flight: 100 }\n")).singleElement()
                .satisfies(change -> {
                    assertThat(change.atRestart()).isTrue();
                    assertThat(change.before()).contains("2000");
                });
        assertThat(ConfigurationDiff.between(BEFORE, BEFORE.replace("fast: {", "fast: { priorities: [batch],")))
                .allMatch(ConfigurationDiff.Change::atRestart);
    }

    @Test
    void weights_and_floors_are_taken_over_whatever_form_the_priorities_have() {
        String listed = BEFORE.replace("fast: {", "fast: { priorities: [interactive, batch],");
        String weighed = BEFORE.replace("fast: {",
                "fast: { priorities: { interactive: { weight: 8, floor: 20% }, batch: { weight: 3 } },");
        assertThat(ConfigurationDiff.between(listed, weighed)).extracting(Object::toString).containsExactly(
                "~ pools.fast.priorities.interactive.floor: 5% -> 20%", "~ pools.fast.priorities.batch.weight: 2 -> 3");
        assertThat(ConfigurationDiff.between(BEFORE, weighed)).extracting(Object::toString)
                .contains("~ pools.fast.priorities.batch.weight: 2 -> 3",
                        "- pools.fast.priorities.standard: {weight:4,floor:5%}   (when processes start again)");
    }

    @Test
    void a_configuration_for_others_is_judged_without_their_secrets() {
        assertThat(ConfigurationReader.read("a.yaml", BEFORE, name -> Optional.empty()))
                .isInstanceOf(ReadResult.Invalid.class);
        assertThat(ConfigurationReader.readForOthers("a.yaml", BEFORE, name -> Optional.empty()))
                .isInstanceOf(ReadResult.Valid.class);
        assertThat(ConfigurationReader.readForOthers("a.yaml", BEFORE.replace("concurrency", "concurency"),
                name -> Optional.empty())).isInstanceOfSatisfying(ReadResult.Invalid.class,
                        bad -> assertThat(bad.problems()).hasSize(2));
    }
}
