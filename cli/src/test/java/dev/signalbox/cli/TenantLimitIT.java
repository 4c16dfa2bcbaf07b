package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
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
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tenant at two workers, whom an operator sees, limits and lets go again. */
@Tag("issue-6")
@Tag("long")
class TenantLimitIT {
    private static final Lane LANE = new Lane(new PoolName("all"), Priority.STANDARD);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int REQUESTS = 40;
    private static final int LIMIT = 4;

    @TempDir
    private Path folder;

    @Test
    void aTenantIsSeenLimitedInTheWholeFleetAndRestored() throws Exception {
        try (EmbeddedStack stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults());
                Simulator vendors = Simulator
                        .start(SimulatorOptions.of(VendorProfile.of("v", ModelProfile.ZERO_LATENCY)))) {
            Configuration configuration = configure(vendors);
            assertThat(run(stack, "topics", "apply").code()).isZero();
            Map<String, Object> client = Map.of("bootstrap.servers", stack.bootstrapServers());
            Map<String, Object> registry = Map.of("schema.registry.url", stack.registryUrl());
            try (Worker first = Worker.start(WorkerOptions.of(configuration, client, registry));
                    Worker second = Worker.start(WorkerOptions.of(configuration, client, registry));
                    Dispatcher dispatcher = Dispatcher.start(
                            DispatcherOptions.of(configuration, client, registry, folder.resolve("state")))) {
                await().atMost(Duration.ofSeconds(60)).until(
                        () -> first.ready() && second.ready() && dispatcher.ready());
                refuseWhatMakesNoSense(stack);
                CommandLineRunner.Ran preview = limit(stack);
                assertThat(preview.code()).isEqualTo(ExitCode.SOME_FAILED.number());
                assertThat(preview.err()).contains("acme: calls at once no limit -> " + LIMIT, "add --execute");
                assertThat(rows(stack, "tenants", "history")).isEmpty();
                CommandLineRunner.Ran ordered = limit(stack, "--execute");
                assertThat(ordered.out()).as(ordered.err()).contains("acme limited to 4 calls at once until",
                        "by ann: too loud");

                send(stack);
                await().atMost(PATIENCE).until(() -> calls(first, second) >= LIMIT && waiting(first, second) > 0);
                await().atMost(PATIENCE).untilAsserted(() -> {
                    List<JsonNode> top = rows(stack, "tenants", "top");
                    assertThat(top).hasSize(1);
                    JsonNode acme = top.getFirst();
                    assertThat(acme.path("tenant").asText()).isEqualTo("acme");
                    assertThat(acme.path("workers").asInt()).isEqualTo(2);
                    assertThat(acme.path("calls_now").asInt() + acme.path("waiting").asInt()).isEqualTo(REQUESTS);
                    assertThat(acme.path("limited").asText()).isEqualTo("4 calls at once");
                    assertThat(acme.path("who").asText()).isEqualTo("ann");
                });
                assertThat(calls(first, second)).isEqualTo(LIMIT);
                System.out.println("TENANT LIMIT of " + LIMIT + " calls at two workers: " + calls(first, second));

                CommandLineRunner.Ran back = run(stack, "tenants", "restore", "acme", "--why", "over");
                assertThat(back.code()).isEqualTo(ExitCode.SOME_FAILED.number());
                assertThat(back.err()).contains("by ann (too loud) ends now; calls at once " + LIMIT + " -> no limit",
                        "add --execute");
                assertThat(rows(stack, "tenants", "history")).hasSize(1);
                assertThat(run(stack, "tenants", "restore", "acme", "--why", "over", "--execute").code()).isZero();
                await().atMost(PATIENCE).until(() -> calls(first, second) == REQUESTS);
                assertThat(rows(stack, "tenants", "history"))
                        .extracting(row -> row.path("tenant").asText() + " " + row.path("action").asText())
                        .containsExactly("acme LIMIT", "acme RESTORE");
            }
        }
    }

    private void refuseWhatMakesNoSense(EmbeddedStack stack) {
        assertThat(run(stack, "tenants", "limit", "acme", "--for", "1h", "--why", "x").err()).contains("limit what?");
        assertThat(run(stack, "tenants", "limit", "acme", "--concurrency", "0", "--for", "1h", "--why", "x").code())
                .isEqualTo(ExitCode.USAGE.number());
        assertThat(run(stack, "tenants", "limit", "acme", "--concurrency", "1", "--for", "9d", "--why", "x").err())
                .contains("6d", "tenants.acme.limits");
    }

    private CommandLineRunner.Ran limit(EmbeddedStack stack, String... more) {
        return run(stack, Stream.concat(Stream.of("tenants", "limit", "acme", "--concurrency", "" + LIMIT, "--for",
                "1h", "--why", "too loud", "--who", "ann"), Stream.of(more)).toArray(String[]::new));
    }

    private static int calls(Worker... workers) {
        return Stream.of(workers).flatMap(worker -> worker.schedulers().values().stream())
                .mapToInt(scheduler -> scheduler.inFlight()).sum();
    }

    private static int waiting(Worker... workers) {
        return Stream.of(workers).flatMap(worker -> worker.schedulers().values().stream())
                .mapToInt(scheduler -> scheduler.waiting()).sum();
    }

    private static void send(EmbeddedStack stack) throws Exception {
        Map<String, Object> properties = new HashMap<>(Map.of("bootstrap.servers", stack.bootstrapServers()));
        properties.put("schema.registry.url", stack.registryUrl());
        try (RequestProducer producer = RequestProducer.open(properties, RequestProducerOptions.DEFAULT,
                FailedSendListener.NONE)) {
            for (int i = 0; i < REQUESTS; i++) {
                String body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
                producer.send(LANE, LlmRequest.newBuilder().setId("r-" + i).setModel("m").setUseCase("support")
                        .setTenant("acme").setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)))
                        .setTimeToLiveMillis(600_000L).build(), List.of()).join();
            }
        }
    }

    private Configuration configure(Simulator vendors) throws IOException {
        Path file = folder.resolve("my.yaml");
        Files.writeString(file, """
                environment: test
                pools: { all: { use_cases: [otherwise], priorities: [standard] } }
                vendors: { v: { family: openai, base_url: "%s" } }
                deployments: { v.a/m: { vendor: v, model_id: "slow@fault=silent:300s" } }
                routes: { m: { test: { otherwise: { sequence: [v.a] } } } }
                topics: { partitions: 4 }
                """.formatted(vendors.baseUrl("v")));
        return ((ReadResult.Valid) ConfigurationReader.read(file)).configuration();
    }

    private List<JsonNode> rows(EmbeddedStack stack, String... arguments) throws IOException {
        CommandLineRunner.Ran ran = run(stack,
                Stream.concat(Stream.of(arguments), Stream.of("-o", "json")).toArray(String[]::new));
        assertThat(ran.code()).as(ran.err()).isZero();
        return StreamSupport.stream(new ObjectMapper().readTree(ran.out()).spliterator(), false).toList();
    }

    private CommandLineRunner.Ran run(EmbeddedStack stack, String... arguments) {
        return CommandLineRunner.run(Stream.concat(Stream.of(arguments),
                Stream.of("--bootstrap-server", stack.bootstrapServers(), "--schema-registry-url", stack.registryUrl(),
                        "--config", folder.resolve("my.yaml").toString()))
                .toArray(String[]::new));
    }
}
