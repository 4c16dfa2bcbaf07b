package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.cli.CommandRun;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code what-if} says of a load is what a worker makes of it: two priorities at a limit of four calls of a second. */
@Tag("issue-6")
@Tag("long")
class WhatIfAgainstRealIT {
    private static final int STANDARD = 60;
    private static final int INTERACTIVE = 20;
    /** Priorities take turns of some hundred tokens: with tiny requests a turn would be many of them. */
    private static final byte[] BODY = ("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""
            + "word ".repeat(400) + "\"}]}").getBytes(StandardCharsets.UTF_8);

    private static String configuration(String url) {
        return """
                environment: test
                vendors:
                  sim: { family: openai, base_url: "%s" }
                deployments:
                  sim/m: { vendor: sim, model_id: m, limits: { concurrency: 4 } }
                pools:
                  main: { use_cases: [otherwise], priorities: [interactive, standard] }
                routes:
                  m: { test: { otherwise: { sequence: [sim] } } }
                topics: { partitions: 2 }
                """.formatted(url);
    }

    @Test
    void waits_are_as_foretold(@TempDir Path folder) throws Exception {
        Map<Priority, List<Long>> real = new EnumMap<>(Priority.class);
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.paced(2, 500)));
        try (Installation installation = Installation.start(folder.resolve("kafka"), vendors,
                (Simulator simulator) -> configuration(simulator.baseUrl("sim").toString()));
                Caller standard = caller(installation, Priority.STANDARD);
                Caller interactive = caller(installation, Priority.INTERACTIVE)) {
            standard.ask(Caller.request("warm", "m", Family.OPENAI.format, BODY, false,
                    Duration.ofMinutes(5))).get(30, TimeUnit.SECONDS);
            List<CompletableFuture<Caller.Answer>> asked = ask(standard, "s-", STANDARD);
            List<CompletableFuture<Caller.Answer>> first = ask(interactive, "i-", INTERACTIVE);
            real.put(Priority.STANDARD, queued(asked));
            real.put(Priority.INTERACTIVE, queued(first));
        }
        JsonNode foretold = whatIf(folder);
        for (Priority priority : real.keySet()) {
            List<Long> waits = real.getOrDefault(priority, List.of());
            JsonNode lane = lane(foretold, "main." + priority.label());
            double median = waits.get(waits.size() / 2);
            double longest = waits.getLast();
            System.out.printf("what-if: %s waits p50 %.0f ms, foretold %d; longest %.0f ms, foretold p99 %d%n",
                    priority,
                    median, lane.path("wait_p50_ms").asLong(), longest, lane.path("wait_p99_ms").asLong());
            assertThat(lane.path("answered").asInt()).isEqualTo(waits.size());
            assertThat(median).as("%s p50", priority).isCloseTo(lane.path("wait_p50_ms").asDouble(),
                    within(1_500 + 0.1 * median));
            assertThat(longest).as("%s longest", priority).isCloseTo(lane.path("wait_p99_ms").asDouble(),
                    within(1_500 + 0.1 * longest));
        }
    }

    private static Caller caller(Installation installation, Priority priority) {
        return new Caller(installation.callerProperties(), new Lane(new PoolName("main"), priority));
    }

    private static List<CompletableFuture<Caller.Answer>> ask(Caller caller, String prefix, int count) {
        List<CompletableFuture<Caller.Answer>> asked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            asked.add(caller.ask(Caller.request(prefix + i, "m", Family.OPENAI.format, BODY, false,
                    Duration.ofMinutes(5))));
        }
        return asked;
    }

    private static List<Long> queued(List<CompletableFuture<Caller.Answer>> asked) throws Exception {
        List<Long> waits = new ArrayList<>();
        for (CompletableFuture<Caller.Answer> each : asked) {
            Caller.Answer answer = each.get(2, TimeUnit.MINUTES);
            assertThat(answer.reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
            waits.add(answer.reply().getTimings().getQueuedMillis());
        }
        waits.sort(null);
        return waits;
    }

    private static JsonNode whatIf(Path folder) throws Exception {
        Path configuration = Files.writeString(folder.resolve("my.yaml"), configuration("http://127.0.0.1:1/v1"));
        CommandRun run = CommandRun.of("what-if", "--config", configuration.toString(), "-o", "json", "--load",
                burst(folder, STANDARD) + ",model=m", "--load",
                burst(folder, INTERACTIVE) + ",model=m,priority=interactive", "--speed",
                "sim,first_token=500ms,tokens_per_second=4,spread=0");
        assertThat(run.code()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out());
    }

    private static Path burst(Path folder, int requests) throws Exception {
        return Files.writeString(folder.resolve(requests + ".csv"),
                "at_ms,input_tokens,output_tokens\n" + ("0," + BODY.length / 4 + ",2\n").repeat(requests));
    }

    private static JsonNode lane(JsonNode document, String name) {
        for (JsonNode lane : document.path("lanes")) {
            if (lane.path("lane").asText().equals(name)) {
                return lane;
            }
        }
        throw new AssertionError(document.toString());
    }
}
