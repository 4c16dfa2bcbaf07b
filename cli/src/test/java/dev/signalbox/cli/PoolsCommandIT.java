package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two workers, two pools: what an operator sees and orders of them. */
@Tag("issue-6")
class PoolsCommandIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final PoolName HIGH = new PoolName("high");
    private static final PoolName LOW = new PoolName("low");

    @TempDir
    private static Path folder;
    private static EmbeddedStack stack;
    private static Worker first;
    private static Worker second;

    @BeforeAll
    static void start() throws Exception {
        stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults());
        Files.writeString(folder.resolve("my.yaml"), """
                environment: test
                pools:
                  high: { use_cases: [talks], priorities: [interactive, standard], borrows_from: [low] }
                  low: { use_cases: [otherwise], priorities: [batch] }
                vendors: { sim: { family: openai, base_url: "http://127.0.0.1:9/" } }
                deployments:
                  sim.a/m: { vendor: sim, model_id: m, limits: { concurrency: 10 }, pools: { high: 70%, low: 30% } }
                  sim.b/m: { vendor: sim, model_id: m, limits: { requests_per_minute: 60 } }
                routes: { m: { test: { otherwise: { sequence: [sim.a, sim.b] } } } }
                topics: { partitions: 2 }
                """);
        assertThat(run("topics", "apply").code()).isZero();
        Map<String, Object> kafka = Map.of("bootstrap.servers", stack.bootstrapServers());
        Configuration configuration = ((ReadResult.Valid) ConfigurationReader.read(folder.resolve("my.yaml")))
                .configuration();
        first = Worker
                .start(WorkerOptions.of(configuration, kafka, Map.of("schema.registry.url", stack.registryUrl())));
        second = Worker
                .start(WorkerOptions.of(configuration, kafka, Map.of("schema.registry.url", stack.registryUrl())));
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> first.ready() && second.ready());
    }

    @AfterAll
    static void stop() {
        List.of(first, second).parallelStream().forEach(Worker::close);
        stack.close();
    }

    private static CommandLineRunner.Ran run(String... arguments) {
        return CommandLineRunner.run(Stream.concat(Stream.of(arguments),
                Stream.of("--bootstrap-server", stack.bootstrapServers(), "--schema-registry-url",
                        stack.registryUrl(), "--config", folder.resolve("my.yaml").toString()))
                .toArray(String[]::new));
    }

    private static List<JsonNode> rows(String... arguments) {
        CommandLineRunner.Ran ran = run(
                Stream.concat(Stream.of(arguments), Stream.of("-o", "json")).toArray(String[]::new));
        assertThat(ran.code()).as(ran.err()).isZero();
        try {
            return StreamSupport.stream(MAPPER.readTree(ran.out()).spliterator(), false).toList();
        } catch (IOException e) {
            throw new AssertionError(ran.out(), e);
        }
    }

    private static Set<PoolName> served(Worker worker) {
        return worker.schedulers().keySet();
    }

    @Test
    void whatAnOperatorSees() {
        List<JsonNode> pools = rows("pools", "list");
        assertThat(pools).extracting(row -> row.path("pool").asText()).containsExactly("high", "low");
        assertThat(pools.getFirst().path("workers").asInt()).isEqualTo(2);
        // Requests, overflow and retry of two priorities.
        assertThat(pools.getFirst().path("partitions").asInt()).isEqualTo(12);
        assertThat(pools.getFirst().path("borrows_from").asText()).isEqualTo("low");

        assertThat(rows("pools", "capacity", "low")).extracting(
                row -> row.path("deployment").asText() + " " + row.path("part").asText() + " "
                        + row.path("concurrency").asText() + " " + row.path("requests_per_minute").asText())
                .containsExactly("sim.a/m 30.0% 3 -", "sim.b/m shared - 60");
    }

    @Test
    void aWorkerIsMovedAndBroughtBackAndAPoolIsDrained() {
        List<String> workers = rows("pools", "describe", "low").stream().map(row -> row.path("worker").asText())
                .toList();
        assertThat(workers).hasSize(2).allSatisfy(name -> assertThat(name).startsWith("worker-"));
        String moved = workers.getFirst();

        CommandLineRunner.Ran preview = run("pools", "move", moved, "--to", "low", "--for", "1h", "--why", "a surge");
        assertThat(preview.code()).isEqualTo(3);
        assertThat(preview.err()).contains(moved + ": serves high, low -> low", "pool high: 2 workers -> 1",
                "add --execute");
        assertThat(rows("pools", "history")).isEmpty();

        assertThat(run("pools", "move", moved, "--to", "low", "--for", "1h", "--why", "a surge", "--who", "ann",
                "--execute").out()).contains(moved + " moved to low until", "by ann: a surge");
        Awaitility.await().atMost(PATIENCE)
                .until(() -> Stream.of(first, second).filter(worker -> served(worker).equals(Set.of(LOW)))
                        .count() == 1);
        Awaitility.await().atMost(PATIENCE).until(() -> rows("pools", "describe", "high").size() == 1);
        assertThat(rows("pools", "describe", "low")).filteredOn(row -> row.path("worker").asText().equals(moved))
                .singleElement().satisfies(row -> {
                    assertThat(row.path("serves").asText()).isEqualTo("low");
                    assertThat(row.path("order").asText()).isEqualTo("MOVE to low");
                    assertThat(row.path("who").asText()).isEqualTo("ann");
                });

        CommandLineRunner.Ran alone = run("pools", "move", workers.getLast(), "--to", "low", "--for", "1h", "--why",
                "too much");
        assertThat(alone.err()).contains("pool high: 1 workers -> 0; nobody would serve its requests");

        CommandLineRunner.Ran back = run("pools", "restore", moved, "--why", "over");
        assertThat(back.code()).isEqualTo(3);
        assertThat(back.err()).contains(moved + ": MOVE until ", "by ann (a surge) ends now; serves low -> the pools",
                "add --execute");
        assertThat(rows("pools", "history")).hasSize(1);
        assertThat(run("pools", "restore", moved, "--why", "over", "--execute").code()).isZero();
        Awaitility.await().atMost(PATIENCE).until(
                () -> served(first).equals(Set.of(HIGH, LOW)) && served(second).equals(Set.of(HIGH, LOW)));

        assertThat(run("pools", "drain", "low", "--for", "1h", "--why", "quiet").code()).isEqualTo(3);
        assertThat(run("pools", "drain", "low", "--for", "1h", "--why", "quiet", "--execute").code()).isZero();
        Awaitility.await().atMost(PATIENCE)
                .until(() -> served(first).equals(Set.of(HIGH)) && served(second).equals(Set.of(HIGH)));
        Worker late = Worker.start(WorkerOptions.of(
                ((ReadResult.Valid) ConfigurationReader.read(folder.resolve("my.yaml"))).configuration(),
                Map.of("bootstrap.servers", stack.bootstrapServers()),
                Map.of("schema.registry.url", stack.registryUrl())));
        try {
            Awaitility.await().atMost(PATIENCE).until(() -> served(late).equals(Set.of(HIGH)));
        } finally {
            late.close();
        }
        assertThat(run("pools", "restore", "low", "--why", "over").err())
                .contains("(quiet) ends now; workers take its requests again");
        assertThat(run("pools", "restore", "low", "--why", "over", "--execute").code()).isZero();
        Awaitility.await().atMost(PATIENCE).until(
                () -> served(first).equals(Set.of(HIGH, LOW)) && served(second).equals(Set.of(HIGH, LOW)));
        assertThat(rows("pools", "history")).extracting(
                row -> row.path("about").asText() + " " + row.path("action").asText())
                .containsSubsequence("low DRAIN", "low RESTORE").contains(moved + " MOVE", moved + " RESTORE");
    }

    @Test
    void whatIsWrongIsSaidWithItsCure() {
        assertThat(run("pools", "describe", "hihg").err()).contains("no pool is called \"hihg\"", "high");
        assertThat(run("pools", "move", "worker-1", "--to", "low", "--for", "1h", "--why", "x").err())
                .contains("no worker that serves a pool is called \"worker-1\"", "pools describe");
        assertThat(run("pools", "drain", "low", "--for", "30d", "--why", "x").err()).contains("6d");
        assertThat(run("pools", "move", "worker-1", "--to", "lwo", "--for", "1h", "--why", "x").code()).isEqualTo(2);
    }
}
