package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pools are resized and priorities are weighed in the configuration in force, whose text stays its operators' own. */
@Tag("issue-6")
@Tag("long")
class PrioritiesCommandIT {
    private static final String TEXT = """
            # reviewed on Monday
            environment: test
            pools:
              high: { use_cases: [talks], priorities: [interactive, standard], borrows_from: [low] }
              low: { use_cases: [otherwise], priorities: [batch] }   # cheap
            vendors: { sim: { family: openai, base_url: "http://127.0.0.1:9/" } }
            deployments:
              sim.a/m: { vendor: sim, model_id: m, limits: { concurrency: 10 }, pools: { high: 70%, low: 30% } }
              sim.b/m: { vendor: sim, model_id: m, limits: { requests_per_minute: 60 } }
            routes: { m: { test: { otherwise: { sequence: [sim.a, sim.b] } } } }
            topics: { partitions: 1 }
            """;

    @TempDir
    private static Path folder;
    private static EmbeddedStack stack;

    @BeforeAll
    static void start() throws Exception {
        stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults());
        Path file = folder.resolve("my.yaml");
        Files.writeString(file, TEXT);
        CommandLineRunner.Ran ran = run("config", "apply", file.toString(), "--execute", "--why", "the first");
        assertThat(ran.code()).as(ran.err()).isZero();
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    private static CommandLineRunner.Ran run(String... arguments) {
        return CommandLineRunner.run(Stream.concat(Stream.of(arguments),
                Stream.of("--bootstrap-server", stack.bootstrapServers(), "--schema-registry-url",
                        stack.registryUrl()))
                .toArray(String[]::new));
    }

    private static String inForce() {
        return run("config", "print").out();
    }

    @Test
    void aPoolIsResizedAndPrioritiesAreWeighedAndBothAreUndone() {
        CommandLineRunner.Ran preview = run("pools", "resize", "low", "--part", "sim.a/m=50%");
        assertThat(preview.code()).as(preview.err()).isZero();
        assertThat(preview.out()).contains("pool high: sim.a/m 70% (7 calls at once) -> 50% (5 calls at once)",
                "pool low: sim.a/m 30% (3 calls at once) -> 50% (5 calls at once)");
        assertThat(preview.err()).contains("--execute");
        assertThat(inForce()).isEqualTo(TEXT);

        CommandLineRunner.Ran resized = run("pools", "resize", "low", "--part", "sim.a/m=50%", "--exclusive", "sim.b/m",
                "--reserve", "10%", "--execute", "--why", "a campaign", "--who", "ann");
        assertThat(resized.code()).as(resized.err()).isZero();
        assertThat(resized.out()).contains("pool high: sim.b/m shared with all (60 requests/min) -> nothing",
                "pool low: sim.b/m shared with all (60 requests/min) -> 100% (60 requests/min)");
        String after = TEXT.replace("pools: { high: 70%, low: 30% }", "pools: { high: 50%, low: 50% }")
                .replace("requests_per_minute: 60 } }", "requests_per_minute: 60 }, pools: { low: 100% } }")
                .replace("priorities: [batch] }", "priorities: [batch], reserve: 10% }");
        assertThat(inForce()).as("comments and order stay").isEqualTo(after);
        assertThat(run("config", "history").out()).contains("ann", "a campaign");

        CommandLineRunner.Ran weighing = run("priorities", "set", "high", "interactive", "--weight", "6", "--floor",
                "20%");
        assertThat(weighing.code()).as(weighing.err()).isZero();
        assertThat(weighing.out()).contains(
                "pool high: interactive 66.7% of the calls when all have work (weight 8, floor 5%)"
                        + " -> 60% (weight 6, floor 20%)",
                "pool high: standard 33.3% of the calls when all have work (weight 4, floor 5%)"
                        + " -> 40% (weight 4, floor 5%)");
        assertThat(weighing.err()).contains("--execute");
        assertThat(inForce()).isEqualTo(after);

        CommandLineRunner.Ran weighed = run("priorities", "set", "high", "interactive", "--weight", "6", "--floor",
                "20%", "--execute", "--why", "talks first", "--who", "ann");
        assertThat(weighed.code()).as(weighed.err()).isZero();
        assertThat(inForce()).isEqualTo(after.replace("priorities: [interactive, standard]",
                "priorities: { interactive: { weight: 6, floor: 20% }, standard: {} }"));
        assertThat(run("priorities", "list", "high").out().lines().map(line -> line.strip().replaceAll(" +", " ")))
                .contains("high interactive 6 20% 60%", "high standard 4 5% 40%");

        assertThat(run("pools", "drain", "high", "--for", "1h", "--why", "quiet", "--who", "eve", "--execute").code())
                .isZero();
        assertThat(run("config", "rollback", "--execute", "--why", "no", "--who", "ann").code()).isZero();
        assertThat(inForce()).isEqualTo(after);
        assertThat(run("config", "rollback", "--to", "1", "--execute", "--why", "all of it").code()).isZero();
        assertThat(inForce()).isEqualTo(TEXT);
        assertThat(run("pools", "history").out().lines()
                .map(line -> line.strip().replaceAll(" +", " ").replaceAll("\\d{4}-\\S+", "TIME")))
                .as("who, what and why, in llm.control").containsSequence(
                        "TIME configuration CONFIGURE - 1 - " + System.getProperty("user.name") + " the first",
                        "TIME low CONFIGURE - 2 - ann a campaign", "TIME high CONFIGURE - 3 - ann talks first",
                        "TIME high DRAIN - - TIME eve quiet", "TIME configuration CONFIGURE - 4 - ann no");
        assertThat(run("pools", "list").out()).as("still drained").containsPattern("high .*DRAIN .*eve");
        assertThat(run("pools", "resize", "high", "--reserve", "10%", "--execute", "--why", "spare").code()).isZero();
        assertThat(run("pools", "list").out()).as("still drained").containsPattern("high .*DRAIN .*eve");
        assertThat(run("config", "rollback", "--execute", "--why", "as it was").code()).isZero();
    }

    @Test
    void whatIsWrongIsSaidWithItsCure() {
        assertThat(run("pools", "resize", "lwo", "--reserve", "5%").err()).contains("no pool is called \"lwo\"", "low");
        assertThat(run("pools", "resize", "low").err()).contains("--part, --exclusive or --reserve");
        assertThat(run("pools", "resize", "low", "--part", "sim.a/m=150%").err()).contains("from 0 to 100 with a %");
        assertThat(run("pools", "resize", "low", "--part", "sim.c/m=10%").err())
                .contains("no deployment is called \"sim.c/m\"");
        assertThat(run("pools", "resize", "low", "--part", "sim.b/m=10%").err()).contains("names no pools",
                "--exclusive");
        assertThat(run("priorities", "set", "low", "interactive", "--weight", "2").err())
                .contains("has no priority interactive; it has batch");
        assertThat(run("priorities", "set", "low", "batch").err()).contains("--weight or --floor");
        assertThat(run("priorities", "set", "low", "batch", "--weight", "0").code()).isEqualTo(2);
        assertThat(run("pools", "resize", "low", "--reserve", "5%", "--execute").err()).contains("needs --why");
    }
}
