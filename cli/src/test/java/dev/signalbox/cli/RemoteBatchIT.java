package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.config.VendorFamily;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code batch} and {@code worker} against one Kafka that runs by itself. The last test takes away the worker, and then
 * Kafka.
 */
@Tag("issue-2")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RemoteBatchIT {
    /** Calls that the worker makes at once. */
    private static final int RUNNING = 8;

    @TempDir
    private static Path folder;
    private static EmbeddedStack stack;
    private static Simulator vendors;
    private static SignalboxProcess worker;

    @BeforeAll
    static void start() throws Exception {
        stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults());
        ModelProfile fast = ModelProfile.ZERO_LATENCY;
        vendors = Simulator.start(SimulatorOptions.of(VendorProfile.of("fast", fast),
                VendorProfile.of("slow", fast.withFirstTokenMillis(new Distribution.Fixed(1500))),
                VendorProfile.of("long", fast.withOutputTokens(new Distribution.Fixed(1000))),
                VendorProfile.of("claude", fast).withFamily(VendorFamily.ANTHROPIC),
                VendorProfile.of("slow-claude", fast.withFirstTokenMillis(new Distribution.Fixed(1500)))
                        .withFamily(VendorFamily.ANTHROPIC)));
        Files.writeString(folder.resolve("my.yaml"), """
                environment: test
                pools: { all: { use_cases: [otherwise], priorities: [batch] } }
                vendors:
                  fast: { family: openai, base_url: "%s" }
                  slow: { family: openai, base_url: "%s" }
                  long: { family: openai, base_url: "%s" }
                  claude: { family: anthropic, base_url: "%s" }
                  slow-claude: { family: anthropic, base_url: "%s" }
                deployments:
                  fast.a/m: { vendor: fast, model_id: m }
                  fast.a/flaky: { vendor: fast, model_id: "flaky@fault=invalid_request,times=2" }
                  slow.a/slow: { vendor: slow, model_id: m }
                  long.a/costly: { vendor: long, model_id: m }
                  claude.a/claude: { vendor: claude, model_id: claude }
                  slow-claude.a/slow-claude: { vendor: slow-claude, model_id: claude }
                routes:
                  m: { test: { otherwise: { sequence: [fast.a] } } }
                  flaky: { test: { otherwise: { sequence: [fast.a] } } }
                  slow: { test: { otherwise: { sequence: [slow.a] } } }
                  costly: { test: { otherwise: { sequence: [long.a] } } }
                  claude: { test: { otherwise: { sequence: [claude.a] } } }
                  slow-claude: { test: { otherwise: { sequence: [slow-claude.a] } } }
                prices:
                  version: t
                  currency: USD
                  deployments: { long.a/costly: { input_per_million: 1, output_per_million: 1000 } }
                topics: { partitions: 1 }
                worker: { max_in_flight: %d }
                """.formatted(vendors.baseUrl("fast"), vendors.baseUrl("slow"), vendors.baseUrl("long"),
                vendors.baseUrl("claude"), vendors.baseUrl("slow-claude"), RUNNING));
        assertThat(CommandLineRunner.run(remote("topics", "apply")).code()).isZero();
        worker = worker("worker.log");
    }

    private static SignalboxProcess worker(String log) throws IOException {
        return SignalboxProcess.start(folder.resolve(log), remote("worker", "--admin-port", "0"));
    }

    @AfterAll
    static void stop() {
        worker.close();
        vendors.close();
        stack.close();
    }

    private static String[] remote(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--bootstrap-server", stack.bootstrapServers(), "--schema-registry-url",
                stack.registryUrl(), "--config", folder.resolve("my.yaml").toString()));
        return all.toArray(String[]::new);
    }

    private static String lines(String model, int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("{\"custom_id\":\"id-").append(i)
                    .append("\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"")
                    .append(model).append("\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}}\n");
        }
        return lines.toString();
    }

    /** @param name of the files; its input is written if there is any */
    private static String[] batch(String name, String input, String... more) throws IOException {
        Path file = folder.resolve(name + ".in");
        Files.writeString(file, input);
        List<String> arguments = new ArrayList<>(List.of("batch", file.toString(), "--out", out(name).toString(),
                "--data", folder.resolve("states").toString()));
        arguments.addAll(List.of(more));
        return remote(arguments.toArray(String[]::new));
    }

    private static Path out(String name) {
        return folder.resolve(name + ".jsonl");
    }

    private static long results(String name) throws IOException {
        return Files.exists(out(name)) ? Files.readString(out(name)).lines().count() : 0;
    }

    @Test
    @Order(1)
    void gzippedInputIsAnswered() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(lines("m", 50).getBytes(StandardCharsets.UTF_8));
        }
        String[] command = batch("zipped", "");
        Files.write(folder.resolve("zipped.in"), packed.toByteArray());
        CommandLineRunner.Ran ran = CommandLineRunner.run(command);
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(results("zipped")).isEqualTo(50);
    }

    @Test
    @Order(2)
    void standardInputIsAnsweredToStandardOutput() {
        CommandLineRunner.Ran ran = new CommandLineRunner().runWith(lines("m", 3),
                remote("batch", "-", "--out", "-", "--data", folder.resolve("states").toString()));
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.out().lines()).hasSize(3).allMatch(line -> line.contains("\"status_code\":200"));
    }

    @Test
    @Order(2)
    void anthropicLinesComeBackInTheirOwnForm() throws IOException {
        CommandLineRunner.Ran ran = CommandLineRunner.run(batch("claude", """
                {"custom_id":"a","params":{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}}
                {"custom_id":"b","params":{"model":"claude","max_tokens":9,"messages":[{"role":"pope","content":"Hi"}]}}
                """));
        assertThat(ran.code()).as(ran.err()).isEqualTo(ExitCode.SOME_FAILED.number());
        assertThat(Files.readString(out("claude"))).startsWith(
                "{\"custom_id\":\"a\",\"result\":{\"type\":\"succeeded\",\"message\":{")
                .contains("\"role\":\"assistant\"");
        assertThat(Files.readString(folder.resolve("claude.errors.jsonl"))).startsWith(
                "{\"custom_id\":\"b\",\"result\":{\"type\":\"errored\",\"error\":{\"type\":\"error\",\"error\":{\"type\":"
                        + "\"invalid_request_error\"");
        assertThat(CommandLineRunner.run(batch("claude", Files.readString(folder.resolve("claude.in")))).err())
                .contains("nothing to do");
    }

    @Test
    @Order(2)
    void aLineWhoseTimeIsOverIsExpiredInAnthropicsForm() throws IOException {
        CommandLineRunner.Ran ran = CommandLineRunner.run(batch("expired", """
                {"custom_id":"a","params":{"model":"slow-claude","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}}
                """, "--time-to-live", "700ms"));
        assertThat(ran.code()).as(ran.err()).isEqualTo(ExitCode.SOME_FAILED.number());
        assertThat(Files.readString(folder.resolve("expired.errors.jsonl")))
                .isEqualTo("{\"custom_id\":\"a\",\"result\":{\"type\":\"expired\"}}\n");
    }

    @Test
    @Order(2)
    void doctorTellsHowFarTheClockIsFromKafkas() {
        CommandLineRunner.Ran ran = CommandLineRunner
                .run(remote("doctor", "--data", folder.resolve("states").toString()));
        assertThat(ran.out())
                .containsPattern("clock +ok +0\\.\\d{3} s \\(± \\d+\\.\\d{3} s\\) (ahead of|behind) Kafka's");
    }

    @Test
    @Order(3)
    void failuresAreSentAgainOnRequestUnderNewIds() throws IOException {
        CommandLineRunner.Ran first = CommandLineRunner.run(batch("flaky", lines("flaky", 2)));
        assertThat(first.code()).as(first.err()).isEqualTo(ExitCode.SOME_FAILED.number());
        Path errors = folder.resolve("flaky.errors.jsonl");
        assertThat(Files.readString(errors).lines()).hasSize(2);
        String failedId = Files.readString(errors).substring(0, 60);
        CommandLineRunner.Ran again = CommandLineRunner.run(batch("flaky", lines("flaky", 2), "--retry-failed"));
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(results("flaky")).isEqualTo(2);
        assertThat(errors).doesNotExist();
        assertThat(Files.readString(out("flaky"))).doesNotContain(failedId);
    }

    @Test
    @Order(4)
    void theDeadlineStopsSendingAndTheSameCommandGoesOn() throws IOException {
        CommandLineRunner.Ran ran = CommandLineRunner
                .run(batch("late", lines("slow", 6), "--window", "2", "--deadline", "300ms"));
        assertThat(ran.code()).as(ran.err()).isEqualTo(ExitCode.DEADLINE.number());
        assertThat(ran.err()).contains("the deadline passed: 4 of 6 are open, 0 of them sent");
        assertThat(CommandLineRunner.run(batch("late", lines("slow", 6))).code()).isZero();
        assertThat(results("late")).isEqualTo(6);
    }

    @Test
    @Order(5)
    void theCostIsHeldWhileItRuns() throws IOException {
        CommandLineRunner.Ran ran = CommandLineRunner
                .run(batch("cost", lines("costly", 10), "--window", "1", "--max-cost", "4"));
        assertThat(ran.code()).as(ran.err()).isEqualTo(ExitCode.INTERRUPTED.number());
        assertThat(ran.err()).contains("--max-cost is reached; a higher one goes on: ");
        assertThat(results("cost")).as("a dollar each, where 30 cents were estimated").isEqualTo(4);
    }

    @Test
    @Order(6)
    void theSecondInterruptQuitsAtOnce() throws Exception {
        CommandLineRunner runner = new CommandLineRunner();
        String[] command = batch("quit", lines("slow", 1));
        CompletableFuture<CommandLineRunner.Ran> running = CompletableFuture
                .supplyAsync(() -> runner.runWith("", command));
        awaitCall("slow");
        runner.interrupt(1);
        await().until(() -> runner.errSoFar().contains("Ctrl-C again quits at once"));
        assertThat(running).isNotDone();
        runner.interrupt(2);
        CommandLineRunner.Ran ran = running.get(1400, TimeUnit.MILLISECONDS);
        assertThat(ran.code()).isEqualTo(ExitCode.INTERRUPTED.number());
        assertThat(ran.err()).contains("1 of 1 are open, 1 of them sent; the same command goes on");
    }

    @Test
    @Tag("long")
    @Order(7)
    void sigtermLetsTheWorkerFinishWhatRunsAndAnotherTakesTheRest() throws Exception {
        int waiting = 4;
        await().atMost(Duration.ofSeconds(30)).until(() -> vendors.meter("slow", "*").callsNow() == 0);
        int before = vendors.calls().size();
        CommandLineRunner runner = new CommandLineRunner();
        String[] command = batch("drained", lines("slow", RUNNING + waiting));
        CompletableFuture<CommandLineRunner.Ran> batch = CompletableFuture
                .supplyAsync(() -> runner.runWith("", command));
        await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20))
                .until(() -> vendors.meter("slow", "*").callsNow() == RUNNING);
        worker.terminate();
        assertThat(worker.exitCode(Duration.ofSeconds(20))).isZero();
        await().atMost(Duration.ofSeconds(5)).untilAsserted(() -> assertThat(results("drained"))
                .as(worker.output() + runner.errSoFar() + vendors.calls().subList(before, vendors.calls().size()))
                .isEqualTo(RUNNING));
        assertThat(batch).isNotDone();

        worker = worker("second-worker.log");
        assertThat(batch).as(worker.output()).succeedsWithin(Duration.ofSeconds(30))
                .extracting(CommandLineRunner.Ran::code).isEqualTo(0);
        assertThat(results("drained")).isEqualTo(RUNNING + waiting);
        assertThat(vendors.calls()).as("each was asked once").hasSize(before + RUNNING + waiting);
    }

    @Test
    @Order(8)
    void kafkaThatGoesAwayIsNoticed() throws Exception {
        worker.kill();
        CommandLineRunner runner = new CommandLineRunner();
        String[] command = batch("gone", lines("m", 2), "--command-property", "default.api.timeout.ms=2000",
                "--command-property", "request.timeout.ms=1000");
        CompletableFuture<CommandLineRunner.Ran> running;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", stack.bootstrapServers()))) {
            long before = sent(admin);
            running = CompletableFuture.supplyAsync(() -> runner.runWith("", command));
            await().atMost(Duration.ofSeconds(20)).until(() -> sent(admin) == before + 2);
        }
        stack.close();
        CommandLineRunner.Ran ran = running.get(40, TimeUnit.SECONDS);
        assertThat(ran.code()).as(ran.err()).isEqualTo(ExitCode.UNREACHABLE.number());
        assertThat(ran.err()).contains("cannot reach Kafka at", "the same command goes on where it stopped");
    }

    private static long sent(Admin admin) throws Exception {
        TopicPartition requests = new TopicPartition("llm.requests.all.batch", 0);
        return admin.listOffsets(Map.of(requests, OffsetSpec.latest())).partitionResult(requests).get().offset();
    }

    private static void awaitCall(String vendor) {
        await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20))
                .until(() -> vendors.meter(vendor, "*").callsNow() > 0);
    }
}
