package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A batch in a process of its own, stopped in the middle and run again: every id is once in the results, and the vendor,
 * who stands outside and counts, is not asked again for an answer that stands.
 */
@Tag("issue-2")
class InterruptedBatchIT {
    private static final int REQUESTS = 120;
    /** So that some answers stand and many are open when it is stopped. */
    private static final int STOP_AFTER = 30;

    @TempDir
    private Path folder = Path.of("");
    private Simulator vendor = startVendor();
    private Path out = Path.of("");

    private static Simulator startVendor() {
        try {
            ModelProfile model = ModelProfile.ZERO_LATENCY;
            return Simulator.start(SimulatorOptions.of(
                    VendorProfile.of("v", model.withFirstTokenMillis(new Distribution.Uniform(400, 800))),
                    VendorProfile.of("slow", model.withFirstTokenMillis(new Distribution.Fixed(60_000)))));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void write() throws IOException {
        out = folder.resolve("out.jsonl");
        writeLines("m", REQUESTS);
        Files.writeString(folder.resolve("my.yaml"), """
                environment: test
                pools: { all: { use_cases: [otherwise], priorities: [batch] } }
                vendors:
                  v: { family: openai, base_url: "%s" }
                  slow: { family: openai, base_url: "%s" }
                deployments:
                  v.here/m: { vendor: v, model_id: m }
                  slow.here/slow: { vendor: slow, model_id: m }
                routes:
                  m: { test: { otherwise: { sequence: [v.here] } } }
                  slow: { test: { otherwise: { sequence: [slow.here] } } }
                topics: { partitions: 2 }
                worker: { max_in_flight: 20 }
                """.formatted(vendor.baseUrl("v"), vendor.baseUrl("slow")));
    }

    private void writeLines(String model, int count) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("{\"custom_id\":\"id-").append(i)
                    .append("\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"")
                    .append(model)
                    .append("\",\"messages\":[{\"role\":\"user\",\"content\":\"Question ").append(i).append("\"}]}}\n");
        }
        Files.writeString(folder.resolve("in.jsonl"), lines);
    }

    @AfterEach
    void closeVendor() {
        vendor.close();
    }

    private SignalboxProcess start(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("batch", folder.resolve("in.jsonl").toString(), "--out",
                out.toString(), "--config", folder.resolve("my.yaml").toString(), "--data",
                folder.resolve("data").toString()));
        arguments.addAll(List.of(more));
        return SignalboxProcess.start(folder.resolve("log"), arguments.toArray(String[]::new));
    }

    private void awaitAnswers(int count) {
        await().atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(20))
                .until(() -> Files.exists(out) && Files.readString(out).lines().count() >= count);
    }

    private int exitCode(SignalboxProcess process) throws InterruptedException, IOException {
        return process.exitCode(Duration.ofSeconds(120));
    }

    private List<JsonNode> results() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        List<JsonNode> results = new ArrayList<>();
        String text = Files.readString(out);
        for (String line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
            results.add(mapper.readTree(line));
        }
        return results;
    }

    private void assertEveryIdOnce() throws IOException {
        List<String> ids = results().stream().map(result -> result.path("custom_id").asText()).toList();
        assertThat(ids).hasSize(REQUESTS).doesNotHaveDuplicates();
    }

    private Set<String> answeredRequests() throws IOException {
        Set<String> requests = new HashSet<>();
        results().forEach(result -> requests.add(result.path("response").path("request_id").asText()));
        return requests;
    }

    /** No request whose answer stood was asked again. */
    private void assertAskedOnce(Set<String> answeredBefore) {
        Map<String, List<CallRecord>> calls = vendor.callsByRequestId();
        assertThat(answeredBefore).isNotEmpty().allSatisfy(id -> assertThat(calls.get(id)).as(id).hasSize(1));
    }

    @Test
    void killedAndRunAgain() throws Exception {
        SignalboxProcess first = start();
        awaitAnswers(STOP_AFTER);
        first.kill();
        Set<String> answered = answeredRequests();

        assertThat(exitCode(start())).as(Files.readString(folder.resolve("log"))).isZero();
        assertEveryIdOnce();
        assertAskedOnce(answered);
        assertThat(vendor.calls()).as("at most what ran at the kill is asked twice").hasSizeLessThanOrEqualTo(
                REQUESTS + 20 + 20);
    }

    @Test
    @Tag("long")
    void interruptedDrainedNamedAndRunAgain() throws Exception {
        SignalboxProcess first = start();
        awaitAnswers(STOP_AFTER);
        first.interrupt();
        assertThat(exitCode(first)).isEqualTo(ExitCode.INTERRUPTED.number());
        assertThat(Files.readString(folder.resolve("log"))).contains("draining", "the same command goes on");
        Set<String> answered = answeredRequests();
        assertThat(answered).hasSizeLessThan(REQUESTS);
        assertThat(vendor.calls()).as("what ran was finished, nothing else was begun").hasSize(answered.size());

        Files.writeString(folder.resolve("log"), "");
        Path other = folder.resolve("other.jsonl");
        Path mine = out;
        out = other;
        Files.writeString(folder.resolve("in.jsonl.all"), Files.readString(folder.resolve("in.jsonl")));
        Files.writeString(folder.resolve("in.jsonl"), Files.readString(folder.resolve("in.jsonl.all")).lines()
                .findFirst().orElseThrow() + "\n");
        assertThat(exitCode(start())).isZero();
        assertThat(Files.readString(folder.resolve("log"))).contains(
                REQUESTS - answered.size() + " requests of " + folder.resolve("in.jsonl"),
                "wait in the broker; they run when you run that batch again, or with --all");
        assertThat(vendor.calls()).as("only the other file's request ran").hasSize(answered.size() + 1);

        out = mine;
        Files.writeString(folder.resolve("in.jsonl"), Files.readString(folder.resolve("in.jsonl.all")));
        assertThat(exitCode(start())).as(Files.readString(folder.resolve("log"))).isZero();
        assertEveryIdOnce();
        assertAskedOnce(answered);
        assertThat(vendor.calls()).as("each once, and the other file's").hasSize(REQUESTS + 1);
    }

    @Test
    @Tag("long")
    void whatItLeftRunsBesideAnotherBatchWhenAskedTo() throws Exception {
        SignalboxProcess first = start();
        awaitAnswers(STOP_AFTER);
        first.interrupt();
        assertThat(exitCode(first)).isEqualTo(ExitCode.INTERRUPTED.number());
        Set<String> answered = answeredRequests();

        Files.move(folder.resolve("in.jsonl"), folder.resolve("mine"));
        writeLines("m", 1);
        Path mine = out;
        out = folder.resolve("other.jsonl");
        SignalboxProcess other = start("--all");
        assertThat(exitCode(other)).as(other.output()).isZero();
        assertThat(other.output()).contains(REQUESTS - answered.size() + " requests of ", "run now (--all)");
        assertThat(vendor.calls()).as("it ended when all were answered").hasSize(REQUESTS + 1);

        Files.move(folder.resolve("mine"), folder.resolve("in.jsonl"), StandardCopyOption.REPLACE_EXISTING);
        out = mine;
        assertThat(exitCode(start())).as(Files.readString(folder.resolve("log"))).isZero();
        assertEveryIdOnce();
        assertThat(vendor.calls()).as("their answers stood").hasSize(REQUESTS + 1);
    }

    @Test
    void theSecondCtrlCQuitsAtOnce() throws Exception {
        writeLines("slow", 1);
        try (SignalboxProcess batch = start()) {
            await().atMost(Duration.ofSeconds(60)).until(() -> vendor.meter("slow", "*").callsNow() == 1);
            batch.interrupt();
            batch.awaitOutput("1 requests are on their way; Ctrl-C again quits at once");
            assertThat(vendor.meter("slow", "*").callsNow()).isEqualTo(1);
            batch.interrupt();
            assertThat(batch.exitCode(Duration.ofSeconds(10))).as("long before the call's minute is over")
                    .isEqualTo(ExitCode.INTERRUPTED.number());
            assertThat(batch.output()).contains("1 of 1 are open, 1 of them sent; the same command goes on");
        }
    }
}
