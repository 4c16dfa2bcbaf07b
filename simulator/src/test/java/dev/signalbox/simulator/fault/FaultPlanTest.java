package dev.signalbox.simulator.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FaultPlanTest {
    private static FaultPlan plan(long seed, String... texts) {
        return new FaultPlan(List.of(texts).stream().map(text -> FaultRule.parse("v", "m*", text)).toList(), seed);
    }

    private static String hits(FaultPlan plan, int calls) {
        StringBuilder hits = new StringBuilder();
        IntStream.range(0, calls).forEach(i -> hits.append(plan.onCall("v", "m1", "", i).isPresent() ? 'x' : '.'));
        return hits.toString();
    }

    @ParameterizedTest
    @CsvSource({"'reset,times=2', xx...", "'reset,nth=3', ..x..", "'reset,nth=2-4', .xxx.", "'reset,p=0', .....",
            "'reset,p=1', xxxxx", "'reset,from=2ms', ..xxx", "'reset,until=2ms', xx...",
            "'reset,from=1ms,until=3ms', .xx..", "'reset,from=3ms,until=3ms', .....",
            "'reset,from=2ms,times=2', ..xx."})
    void conditions_count_from_the_first_call_and_time_of_a_rule(String text, String hits) {
        assertThat(hits(plan(1, text), 5)).isEqualTo(hits);
    }

    @Test
    void the_first_rule_that_says_so_befalls_the_call_and_the_others_do_not_count_it() {
        FaultPlan plan = plan(1, "reset,times=1", "overloaded,times=1", "quota");
        assertThat(List.of(1, 2, 3)).extracting(i -> plan.onCall("v", "m", "", 0).orElseThrow()).containsExactly(
                new Fault.NoAnswer(Fault.Ending.RST), new Fault.VendorError(ErrorKind.OVERLOADED, 0, -1),
                new Fault.VendorError(ErrorKind.QUOTA, 0, -1));
        assertThat(plan.onCall("v", "other", "", 0)).isEmpty();
        assertThat(plan.onCall("w", "m", "", 0)).isEmpty();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void a_probability_holds_over_many_calls_and_the_same_seed_chooses_the_same(long seed) {
        String hits = hits(plan(seed, "reset,p=0.25"), 10_000);
        assertThat((double) hits.chars().filter(c -> c == 'x').count()).isCloseTo(2_500, within(150.0));
        assertThat(hits(plan(seed, "reset,p=0.25"), 10_000)).isEqualTo(hits);
        assertThat(hits(plan(seed + 1, "reset,p=0.25"), 10_000)).isNotEqualTo(hits);
    }

    @Test
    void each_request_has_a_count_of_its_own() {
        FaultPlan plan = plan(1, "reset,each=1");
        assertThat(List.of("a", "b", "a", "b", "c")).extracting(id -> plan.onCall("v", "m", id, 0).isPresent())
                .containsExactly(true, true, false, false, true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"reset,p=1.5", "reset,p=-0.1", "reset,p=NaN", "reset,from=2s,until=1s", "reset,nth=0",
            "reset,nth=4-3", "cut:-1", "cut", "cut:3:maybe", "reset,times=1,times=2", "reset,often=3", "status:99",
            "finish:NO WAY", "trickle:soon", ""})
    void a_wrong_fault_is_told_with_its_text(String text) {
        assertThatThrownBy(() -> FaultRule.parse("v", "m", text)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fault '" + text + "'");
    }
}
