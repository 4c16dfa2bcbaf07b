package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.client.FailedSendListener;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that have ended, run and wait, asked for by their ids, at the dispatcher and through the topics alone; and cancelled. */
@Tag("issue-7")
@Tag("long")
class StatusCommandIT {
    private static final Lane LANE = new Lane(new PoolName("all"), Priority.STANDARD);
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path folder = Path.of("");
    private String dispatcher = "";

    @Test
    void itTellsWhereARequestIs() throws Exception {
        try (Simulator vendors = Simulator
                .start(SimulatorOptions.of(VendorProfile.of("v", ModelProfile.ZERO_LATENCY)))) {
            Path configuration = Files.writeString(folder.resolve("my.yaml"), """
                    environment: test
                    pools: { all: { use_cases: [otherwise], priorities: [standard] } }
                    vendors: { v: { family: openai, base_url: "%s" } }
                    deployments:
                      v.here/fast: { vendor: v, model_id: fast }
                      v.here/slow:
                        vendor: v
                        model_id: "slow@fault=silent:300s"
                        limits: { concurrency: 1 }
                        timeouts: { first_byte: 300s, first_token: 300s, total: 300s }
                      v.here/stalls:
                        vendor: v
                        model_id: "stalls@fault=stall:5:300s:50ms"
                        timeouts: { token_gap: 300s, total: 300s }
                    routes:
                      stalls: { test: { otherwise: { sequence: [v.here] } } }
                      fast: { test: { otherwise: { sequence: [v.here] } } }
                      slow: { test: { otherwise: { sequence: [v.here] } } }
                    topics: { partitions: 1 }
                    """.formatted(vendors.baseUrl("v")));
            try (SignalboxProcess up = SignalboxProcess.start(folder.resolve("log"), "up", "--port", "0",
                    "--registry-port", "0", "--admin-port", "0", "--simulator-port", "0", "--data",
                    folder.resolve("data").toString(), "--config", configuration.toString())) {
                up.awaitOutput("Ctrl-C stops it.");
                Matcher control = Pattern.compile("control plane +(http://\\S+)/deployments").matcher(up.output());
                assertThat(control.find()).isTrue();
                dispatcher = control.group(1);
                requests();
                up.interrupt();
                up.interrupt();
            }
        }
    }

    private void requests() throws Exception {
        Clients clients = RunningStack.of(folder.resolve("data")).orElseThrow();
        long sentNanos = System.nanoTime();
        try (RequestProducer producer = RequestProducer.open(clients.kafkaProperties(), RequestProducerOptions.DEFAULT,
                FailedSendListener.NONE)) {
            producer.send(LANE, request("ended-1", "fast"), List.of()).join();
            producer.send(LANE, LlmRequest.newBuilder(request("streamed-1", "fast")).setStreamTokens(true).build(),
                    List.of()).join();
            producer.send(LANE, request("running-1", "slow"), List.of()).join();
            producer.send(LANE, request("queued-1", "slow"), List.of()).join();
            producer.send(LANE, LlmRequest.newBuilder(request("stalled-1", "stalls")).setStreamTokens(true).build(),
                    List.of()).join();
        }
        JsonNode ended = awaitState("ended-1", "ended");
        assertThat(ended.path("status").asText()).isEqualTo("COMPLETED");
        assertThat(ended.path("reply_topic").asText()).isEqualTo("llm.replies");
        assertThat(ended.path("record").asText()).startsWith(LANE.requestTopic() + "-0@");
        replies();
        tailed("replies", "tail");
        tailed("tail");
        assertThat(awaitState("running-1", "running").path("worker").asText()).startsWith("worker-");
        JsonNode queued = awaitState("queued-1", "queued");
        assertThat(queued.path("ahead_at_most").asInt()).isBetween(1, 3);
        assertThat(new ObjectMapper().readTree(status("queued-1", true).out()).path("oldest_age_seconds").asLong())
                .isBetween(0L, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - sentNanos) + 1);
        assertThat(queued.path("record").asText()).isEqualTo(LANE.requestTopic() + "-0@3");

        assertThat(CommandLineRunner.run("cancel", "queued-1", "running-1", "stalled-1", "--data",
                folder.resolve("data").toString()).code()).isZero();
        assertThat(awaitState("queued-1", "ended").path("status").asText()).isEqualTo("CANCELLED");
        assertThat(awaitState("running-1", "ended").path("status").asText()).isEqualTo("CANCELLED");

        CommandLineRunner.Ran nothing = status("never-1", false);
        assertThat(nothing.code()).isEqualTo(ExitCode.SOME_FAILED.number());
        assertThat(nothing.err()).contains("nothing is known of a request \"never-1\"");
    }

    private void replies() throws Exception {
        CommandLineRunner.Ran text = replies("get", "streamed-1");
        assertThat(text.code()).as(text.err()).isZero();
        assertThat(text.out()).isNotBlank();
        CommandLineRunner.Ran tailed = replies("tail", "streamed-1");
        assertThat(tailed.out()).as(tailed.err()).isEqualTo(text.out());
        JsonNode reply = new ObjectMapper().readTree(replies("get", "ended-1", "-o", "json").out());
        assertThat(reply.path("requestId").asText()).isEqualTo("ended-1");
        assertThat(reply.path("status").asText()).isEqualTo("COMPLETED");
        awaitState("running-1", "running");
        CommandLineRunner.Ran running = replies("get", "running-1");
        assertThat(running.code()).isEqualTo(ExitCode.SOME_FAILED.number());
        assertThat(running.err()).contains("is running", "replies tail running-1");
        assertThat(replies("get", "never-1", "--within", "1s").code()).isEqualTo(ExitCode.SOME_FAILED.number());

        CommandLineRunner.Ran waits = CommandLineRunner.run("explain", "queued-1", "-o", "json", "--data",
                folder.resolve("data").toString());
        JsonNode queue = new ObjectMapper().readTree(waits.out()).path("queue");
        assertThat(queue.path("state").asText()).as(waits.err()).isEqualTo("queued");
        assertThat(queue.path("record").asText()).startsWith(LANE.requestTopic() + "-0@");
    }

    /** From its first token, while it still runs. */
    private void tailed(String... command) {
        List<String> arguments = new ArrayList<>(List.of(command));
        arguments.addAll(List.of("stalled-1", "--data", folder.resolve("data").toString()));
        CommandLineRunner tail = new CommandLineRunner();
        Thread following = Thread.startVirtualThread(() -> tail.runWith("", arguments.toArray(String[]::new)));
        await().atMost(SOON).untilAsserted(() -> assertThat(tail.outSoFar().split(" ")).as(tail.errSoFar()).hasSize(5));
        assertThat(status("stalled-1", true).out()).doesNotContain("\"ended\"");
        assertThat(following.isAlive()).isTrue();
        tail.interrupt(1);
        await().atMost(SOON).until(() -> !following.isAlive());
    }

    private CommandLineRunner.Ran replies(String... arguments) {
        List<String> all = new ArrayList<>(List.of("replies"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--data", folder.resolve("data").toString(), "--dispatcher", dispatcher));
        return CommandLineRunner.run(all.toArray(String[]::new));
    }

    /** Both ways tell the same. */
    private JsonNode awaitState(String id, String state) throws Exception {
        await().atMost(SOON).until(() -> status(id, true).out().contains("\"state\" : \"" + state + "\""));
        JsonNode byDispatcher = parsed(status(id, true));
        JsonNode byTopics = parsed(status(id, false));
        assertThat(byTopics).isEqualTo(byDispatcher);
        return byTopics;
    }

    /** Without an age, which grows. */
    private static JsonNode parsed(CommandLineRunner.Ran ran) throws Exception {
        assertThat(ran.code()).as(ran.err()).isZero();
        return ((ObjectNode) new ObjectMapper().readTree(ran.out())).without("oldest_age_seconds");
    }

    private CommandLineRunner.Ran status(String id, boolean asked) {
        List<String> arguments = new ArrayList<>(
                List.of("status", id, "-o", "json", "--data", folder.resolve("data").toString()));
        if (asked) {
            arguments.addAll(List.of("--dispatcher", dispatcher));
        }
        return CommandLineRunner.run(arguments.toArray(String[]::new));
    }

    private static LlmRequest request(String id, String model) {
        String body = "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
        return LlmRequest.newBuilder().setId(id).setModel(model).setUseCase("support").setTenant("acme")
                .setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))).setTimeToLiveMillis(600_000L).build();
    }
}
