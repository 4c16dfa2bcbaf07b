package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ConfigurationSource;
import dev.signalbox.config.live.ConfigurationTopic;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Two workers and a dispatcher that start without any configuration, and operators who put some in force. */
@Tag("issue-5")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConfigCommandIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String FIRST = """
            environment: test
            pools: { main: { use_cases: [otherwise], priorities: [standard] } }
            vendors: { sim: { family: openai, base_url: "http://127.0.0.1:9/" } }
            deployments:
              sim.a/m: { vendor: sim, model_id: m, credential: "${env:PATH}", limits: { concurrency: 10 } }
              sim.b/m: { vendor: sim, model_id: m }
            routes:
              m: { test: { otherwise: { sequence: [sim.a, sim.b] } } }
            topics: { partitions: 2 }
            """;
    private static final List<Worker> WORKERS = new ArrayList<>();

    @TempDir
    private static Path folder;
    private static EmbeddedStack stack;
    private static Dispatcher dispatcher;
    private static Clients clients;

    @BeforeAll
    static void start() throws Exception {
        stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults());
        clients = new Clients(stack.bootstrapServers(), stack.registryUrl(), Map.of());
        ConfigurationSource nothing = new ConfigurationSource.Live(Optional.empty(), folder,
                name -> Optional.ofNullable(System.getenv(name)));
        for (int i = 0; i < 2; i++) {
            WORKERS.add(Worker.start(WorkerOptions.of(nothing, kafka(), registry())));
        }
    }

    @AfterAll
    static void stop() {
        WORKERS.parallelStream().forEach(Worker::close);
        if (dispatcher != null) {
            dispatcher.close();
        }
        stack.close();
    }

    private static Map<String, Object> kafka() {
        return Map.of("bootstrap.servers", stack.bootstrapServers());
    }

    private static Map<String, Object> registry() {
        return Map.of("schema.registry.url", stack.registryUrl());
    }

    private static CommandLineRunner.Ran run(String... arguments) {
        return CommandLineRunner.run(Stream.concat(Stream.of(arguments), Stream.of("--bootstrap-server",
                stack.bootstrapServers(), "--schema-registry-url", stack.registryUrl())).toArray(String[]::new));
    }

    private static String file(String text) throws IOException {
        Path file = Files.createTempFile(folder, "own", ".yaml");
        return Files.writeString(file, text).toString();
    }

    private static CommandLineRunner.Ran apply(String text, String who) throws IOException {
        return run("config", "apply", file(text), "--execute", "--who", who, "--why", "a test of " + who);
    }

    private static void awaitGeneration(long generation) {
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20))
                .until(() -> WORKERS.stream().allMatch(worker -> worker.generation() == generation)
                        && (dispatcher == null || dispatcher.generation() == generation));
    }

    @Test
    @Order(1)
    void a_worker_without_a_configuration_waits_and_the_first_that_is_applied_makes_topics_and_sets_it_to_work()
            throws Exception {
        assertThat(WORKERS).noneMatch(Worker::ready);
        assertThat(WORKERS.getFirst().metrics()).contains("signalbox_config_generation 0.0",
                "signalbox_config_last_reload_successful 1.0");
        CommandLineRunner.Ran dry = run("config", "apply", file(FIRST));
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.out()).contains("in force: none");
        assertThat(run("config", "apply", file(FIRST), "--execute").errLines()).singleElement().asString()
                .contains("--why");
        assertThat(run("config", "apply", file(FIRST.replace("concurrency", "concurency")), "--execute", "--why", "x")
                .code()).isEqualTo(ExitCode.USAGE.number());
        assertThat(WORKERS).allMatch(worker -> worker.generation() == 0);

        CommandLineRunner.Ran applied = apply(FIRST, "ann");
        assertThat(applied.code()).as(applied.err()).isZero();
        assertThat(applied.out()).contains("in force: generation 1 of ann (a test of ann), 20");
        dispatcher = Dispatcher.start(DispatcherOptions.of(new ConfigurationSource.Live(Optional.empty(), folder,
                name -> Optional.ofNullable(System.getenv(name))), kafka(), registry(), folder.resolve("streams")));
        awaitGeneration(1);
        Awaitility.await().atMost(PATIENCE)
                .until(() -> dispatcher.ready() && WORKERS.stream().allMatch(Worker::ready));
        assertThat(run("config", "print").out()).isEqualTo(FIRST).contains("${env:PATH}");
        assertThat(apply(FIRST, "ann").err()).contains("nothing to change");
    }

    @Test
    @Order(2)
    void of_two_operators_at_once_the_first_wins_and_the_second_is_told() throws Exception {
        ConfigurationLog seen = ConfigurationHistory.read(clients);
        ConfigurationChange anns = new ConfigurationChange(clients, seen, "ann.yaml", FIRST.replace("10", "20"));
        ConfigurationChange bobs = new ConfigurationChange(clients, seen, "bob.yaml", FIRST.replace("10", "30"));
        Terminal quiet = new Terminal(new java.io.PrintStream(java.io.OutputStream.nullOutputStream()),
                new java.io.PrintStream(java.io.OutputStream.nullOutputStream()), false, false, 80);
        anns.execute("ann", "more", quiet);
        assertThatThrownBy(() -> bobs.execute("bob", "even more", quiet)).isInstanceOfSatisfying(CommandFailure.class,
                told -> {
                    assertThat(told.exitCode()).isEqualTo(ExitCode.SOME_FAILED);
                    assertThat(told.lines()).startsWith("not in force: generation 2 of ann (more), ")
                            .endsWith("config diff\" and apply again").doesNotContain("\n");
                });
        awaitGeneration(2);
        assertThat(run("config", "print").out()).contains("concurrency: 20");
        assertThat(WORKERS).allSatisfy(worker -> assertThat(worker.metrics())
                .contains("signalbox_permits_limit{deployment=\"sim.a/m\"", "signalbox_config_generation 2.0"));
    }

    @Test
    @Order(3)
    void a_bad_one_changes_nothing_and_says_so() throws Exception {
        ConfigurationLog seen = ConfigurationHistory.read(clients);
        try (ConfigurationTopic topic = new ConfigurationTopic(kafka())) {
            topic.write(seen.next(FIRST.replace("${env:PATH}", "${env:SIGNALBOX_NOBODY_HAS_IT}"), "eve", "bad"));
        }
        Awaitility.await().atMost(PATIENCE).until(() -> WORKERS.stream().allMatch(
                worker -> worker.metrics().contains("signalbox_config_last_reload_successful 0.0"))
                && dispatcher.metrics().contains("signalbox_config_last_reload_successful 0.0"));
        awaitGeneration(2);
        assertThat(WORKERS).allMatch(Worker::ready);
        try (Worker late = Worker.start(WorkerOptions.of(new ConfigurationSource.Live(Optional.empty(), folder,
                name -> Optional.ofNullable(System.getenv(name))), kafka(), registry()))) {
            Awaitility.await().atMost(PATIENCE).until(() -> late.generation() == 2);
            assertThat(late.metrics()).contains("signalbox_config_last_reload_successful 0.0");
        }
        CommandLineRunner.Ran back = run("config", "rollback", "--to", "2", "--execute", "--why", "eve's was bad");
        assertThat(back.code()).as(back.err()).isZero();
        awaitGeneration(4);
        assertThat(WORKERS).allMatch(
                worker -> worker.metrics().contains("signalbox_config_last_reload_successful 1.0"));
    }

    @Test
    @Order(4)
    void what_differs_what_was_and_what_cannot_be_is_told() throws Exception {
        CommandLineRunner.Ran diff = run("config", "diff",
                file(FIRST.replace("[sim.a, sim.b]", "[sim.a]") + "worker: { max_in_flight: 77 }\n"));
        assertThat(diff.code()).isEqualTo(ExitCode.SOME_FAILED.number());
        assertThat(diff.out()).contains("~ deployments.\"sim.a/m\".limits.concurrency: 20 -> 10",
                "~ routes.m.test.otherwise.sequence: [sim.a,sim.b] -> [sim.a]",
                "~ worker.max_in_flight: 2000 -> 77   (when processes start again)", "worse: ");
        CommandLineRunner.Ran history = run("config", "history", "-o", "yaml");
        assertThat(history.out()).contains("generation: 1", "who: \"eve\"", "why: \"eve's was bad\"",
                "in_force: true");
        CommandLineRunner.Ran elsewhere = apply(FIRST.replace("test", "prod"), "ann");
        assertThat(elsewhere.code()).isEqualTo(ExitCode.USAGE.number());
        assertThat(elsewhere.errLines()).singleElement().asString().contains("environment");
        CommandLineRunner.Ran fewer = apply(FIRST.replace("partitions: 2", "partitions: 1"), "ann");
        assertThat(fewer.code()).isEqualTo(ExitCode.USAGE.number());
        assertThat(fewer.errLines()).anySatisfy(line -> assertThat(line).contains("partitions cannot be taken away"));
        assertThat(run("config", "rollback", "--to", "99").errLines()).singleElement().asString()
                .contains("no generation 99");
        awaitGeneration(4);
    }

    @Test
    @Order(5)
    void doctor_redundancy_and_batch_go_by_what_is_in_force_and_say_so() throws Exception {
        assertThat(run("doctor", "-o", "json").out()).contains("what is in force there", "all there");
        CommandLineRunner.Ran weak = run("redundancy", "-o", "json");
        assertThat(weak.out()).contains("sim.a/m").doesNotContain("simulated");
        assertThat(weak.err()).contains("by what is in force there: generation 4 of ");
        String line = "{\"custom_id\":\"c1\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":"
                + "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}}\n";
        Path input = Files.writeString(folder.resolve("lines.jsonl"), line);
        CommandLineRunner.Ran plan = run("batch", input.toString(), "--out", folder.resolve("out.jsonl").toString(),
                "--dry-run", "--priority", "standard");
        assertThat(plan.code()).as(plan.err()).isZero();
        assertThat(plan.err()).contains("by what is in force there: generation 4 of ").doesNotContain("simulated");
        ConfigurationLog seen = ConfigurationHistory.read(clients);
        try (ConfigurationTopic topic = new ConfigurationTopic(kafka())) {
            topic.write(seen.next("of: {a: later version}\n", "eve", "new"));
        }
        assertThat(run("redundancy").errLines()).first().asString()
                .contains("what is in force cannot be read here (generation 5 of eve (new)", "--config");
        assertThat(run("config", "rollback", "--to", "4", "--execute", "--why", "too new").code()).isZero();
    }

    @Test
    @Order(6)
    void a_pool_comes_and_goes_without_a_restart() throws Exception {
        String with = FIRST.replace("pools: {", "pools: { extra: { use_cases: [extra], priorities: [batch] },");
        assertThat(apply(with, "ann").code()).isZero();
        awaitGeneration(7);
        Awaitility.await().atMost(PATIENCE).until(() -> WORKERS.stream()
                .allMatch(worker -> worker.schedulers().size() == 2 && worker.ready()));
        assertThat(WORKERS.getFirst().metrics()).contains("signalbox_intake_pending{pool=\"extra\"");
        assertThat(apply(FIRST, "ann").code()).isZero();
        awaitGeneration(8);
        Awaitility.await().atMost(PATIENCE).until(() -> WORKERS.stream().allMatch(
                worker -> worker.schedulers().size() == 1 && worker.ready()
                        && !worker.metrics().contains("signalbox_intake_pending{pool=\"extra\"")));
    }
}
