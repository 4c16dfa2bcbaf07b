package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.Pool;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-6")
class PriorityPartsTest {
    private static final Map<Priority, PriorityShare> FLOORS = Map.of(Priority.STANDARD, new PriorityShare(8, 0.05),
            Priority.BATCH, new PriorityShare(4, 0.25), Priority.BACKGROUND, new PriorityShare(2, 0.4));

    private static Pool pool(Map<Priority, PriorityShare> shares) {
        return new Pool(new PoolName("main"), Set.of(Pool.OTHERWISE), shares, List.of(), false, 0);
    }

    @Test
    void calls_go_by_weight_where_no_floor_is_above_it() {
        assertThat(PriorityParts.of(Map.of(Priority.INTERACTIVE, new PriorityShare(6, 0.6), Priority.STANDARD,
                new PriorityShare(4, 0.05)))).isEqualTo(Map.of(Priority.INTERACTIVE, 0.6, Priority.STANDARD, 0.4));
        assertThat(PriorityParts.of(Map.of(Priority.BATCH, new PriorityShare(3, 0)))).containsEntry(Priority.BATCH,
                1.0);
    }

    @Test
    void what_a_floor_takes_the_others_lack_by_weight_and_their_floors_hold_too() {
        Map<Priority, Double> parts = PriorityParts.of(FLOORS);
        assertThat(parts.get(Priority.BACKGROUND)).isEqualTo(0.4);
        assertThat(parts.get(Priority.BATCH)).as("by weight a third of what is left, which is less").isEqualTo(0.25);
        assertThat(parts.get(Priority.STANDARD)).isCloseTo(0.35, within(1e-9));
        assertThat(PriorityParts.of(Map.of(Priority.STANDARD, new PriorityShare(9, 0.5), Priority.BATCH,
                new PriorityShare(1, 0.5)))).isEqualTo(Map.of(Priority.STANDARD, 0.5, Priority.BATCH, 0.5));
    }

    @Test
    void each_priority_that_gets_more_or_less_is_shown_before_and_after() {
        Map<Priority, PriorityShare> usual = new EnumMap<>(Priority.class);
        List.of(Priority.values()).forEach(priority -> usual.put(priority, PriorityShare.ofDefault(priority)));
        Map<Priority, PriorityShare> other = new EnumMap<>(usual);
        other.put(Priority.BACKGROUND, new PriorityShare(1, 0.2));
        assertThat(PriorityParts.preview(pool(usual), pool(other))).containsExactly(
                "pool main: interactive 53.3% of the calls when all have work (weight 8, floor 5%)"
                        + " -> 45.7% (weight 8, floor 5%)",
                "pool main: standard 26.7% of the calls when all have work (weight 4, floor 5%)"
                        + " -> 22.9% (weight 4, floor 5%)",
                "pool main: batch 13.3% of the calls when all have work (weight 2, floor 5%)"
                        + " -> 11.4% (weight 2, floor 5%)",
                "pool main: background 6.7% of the calls when all have work (weight 1, floor 5%)"
                        + " -> 20% (weight 1, floor 20%)");
        assertThat(PriorityParts.preview(pool(usual), pool(usual))).isEmpty();
        other.put(Priority.BACKGROUND, new PriorityShare(1, 0.06));
        assertThat(PriorityParts.preview(pool(usual), pool(other))).as("a floor below its weight's part")
                .containsExactly(
                        "pool main: background 6.7% of the calls when all have work (weight 1, floor 5%)"
                                + " -> 6.7% (weight 1, floor 6%)");
    }

    /** A minute of 40 calls at once, of a second each, with work for all priorities to its end. */
    @Test
    void the_scheduler_gives_what_is_said(@TempDir Path folder) throws Exception {
        Path configuration = Files.writeString(folder.resolve("my.yaml"), """
                environment: test
                vendors: { v: { family: openai, base_url: "http://127.0.0.1:1/v1" } }
                deployments: { v/m: { vendor: v, model_id: m, limits: { concurrency: 40 } } }
                pools:
                  main:
                    use_cases: [otherwise]
                    priorities:
                      standard: { weight: 8, floor: 5% }
                      batch: { weight: 4, floor: 25% }
                      background: { weight: 2, floor: 40% }
                routes: { m: { test: { otherwise: { sequence: [v] } } } }
                """);
        StringBuilder load = new StringBuilder("at_ms,input_tokens,output_tokens,priority\n");
        new EnumMap<>(FLOORS).keySet()
                .forEach(priority -> load.append(("0,10,100," + priority.label() + "\n").repeat(1_500)));
        Path trace = Files.writeString(folder.resolve("load.csv"), load.append("60000,10,100,standard\n"));
        CommandLineRunner.Ran ran = CommandLineRunner.run("what-if", "--config", configuration.toString(), "--load",
                trace + ",model=m", "--speed", "v,first_token=500ms,tokens_per_second=200,spread=0", "--drain", "1ms",
                "-o", "json");
        assertThat(ran.code()).as(ran.err()).isZero();
        Map<String, Integer> answered = new HashMap<>();
        for (JsonNode lane : new ObjectMapper().readTree(ran.out()).path("lanes")) {
            answered.put(lane.path("lane").asText(), lane.path("answered").asInt());
        }
        double all = answered.values().stream().mapToInt(Integer::intValue).sum();
        assertThat(all).as("what is not answered waits").isBetween(2_000.0, 2_500.0);
        PriorityParts.of(FLOORS).forEach((priority, part) -> assertThat(
                answered.getOrDefault("main." + priority.label(), 0) / all).as(priority.label())
                .isCloseTo(part, within(0.03)));
    }
}
