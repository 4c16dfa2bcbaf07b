package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.cli.CommandRun;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.workers.intake.CommittedWork;
import dev.signalbox.workers.intake.IntakeStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What waits is told exactly: what the worker holds, what it has not read yet, and not what is done behind a request that
 * hangs; the same while no worker runs. By the dispatcher's metrics and by the command.
 */
@Tag("issue-7")
@Tag("long")
class BacklogIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.BATCH);
    private static final Duration PATIENCE = Duration.ofSeconds(150);
    private static final int ANSWERED = 300;
    private static final int SLOW = 60;
    private static final int PER_MINUTE = 60;
    private static final int WAITING = 700;

    private static final String CONFIGURATION = """
            environment: test
            vendors:
              sim: { family: openai, base_url: "%s" }
            deployments:
              sim/quick: { vendor: sim, model_id: quick }
              sim/slow: { vendor: sim, model_id: slow, limits: { concurrency: 10, requests_per_minute: %d } }
              sim/hangs:
                vendor: sim
                model_id: "hangs@fault=silent:900s"
                limits: { concurrency: 2 }
                timeouts: { first_byte: 900s, first_token: 900s, token_gap: 900s, total: 900s }
            pools:
              main: { use_cases: [otherwise], priorities: [batch] }
            routes:
              quick: { test: { otherwise: { sequence: [sim] } } }
              slow: { test: { otherwise: { sequence: [sim] } } }
              hangs: { test: { otherwise: { sequence: [sim] } } }
            topics: { partitions: 2 }
            worker: { max_in_flight: 20, buffer_records: 100 }
            """;

    @Test
    void whatWaitsIsToldAsItIsWithWorkersAndWithout(@TempDir Path folder) throws Exception {
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.ZERO_LATENCY));
        Path file = folder.resolve("signalbox.yaml");
        try (Installation installation = Installation.start(folder.resolve("stack"), vendors,
                simulator -> written(file, CONFIGURATION.formatted(simulator.baseUrl("sim"), PER_MINUTE)));
                RequestProducer producer = RequestProducer.open(installation.callerProperties(),
                        RequestProducerOptions.DEFAULT, (request, error) -> {
                            throw new AssertionError(request, error);
                        });
                Dispatcher dispatcher = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                        installation.clientProperties(), installation.registryProperties(), folder.resolve("control"))
                        .withDoneAhead(CommittedWork::done))) {
            Awaitility.await().atMost(PATIENCE).until(dispatcher::ready);
            send(producer, "hangs", "hangs", 2);
            long begun = System.nanoTime();
            send(producer, "known", "slow", 5);
            send(producer, "first", "quick", ANSWERED);
            awaitFigure(dispatcher, "requests", 2);

            installation.restartWorker(() -> {
                send(producer, "slow", "slow", SLOW);
                awaitFigure(dispatcher, "requests", 2 + SLOW);
                Awaitility.await().atMost(PATIENCE).untilAsserted(
                        () -> assertThat(figure(dispatcher, "capacity_seconds").orElse(-1))
                                .isCloseTo(SLOW * 60.0 / PER_MINUTE, within(1.0)));
            });
            awaitFigure(dispatcher, "requests", 2);

            send(producer, "waits", "hangs", WAITING);
            awaitFigure(dispatcher, "requests", 2 + WAITING);
            int held = installation.worker().intake().values().stream().mapToInt(IntakeStatus::pendingRecords).sum();
            double age = figure(dispatcher, "oldest_age_seconds").orElseThrow();
            JsonNode told = command(installation, file);
            System.out.printf("the worker holds %d; oldest %.1f s; the command: %s%n", held, age, told);
            assertThat(held).as("what one worker holds is not all").isLessThan(WAITING / 2);
            assertThat(age).isCloseTo((System.nanoTime() - begun) / 1e9, within(15.0));
            assertThat(told.path("pool").asText()).isEqualTo("main");
            assertThat(told.path("priority").asText()).isEqualTo("batch");
            // One that moves to the retry topic, or on within it, is seen at both places until its worker's next commit.
            assertThat(told.path("requests").asInt()).isBetween(2 + WAITING, (2 + WAITING) * 105 / 100);
            assertThat(told.path("oldest_age_seconds").asDouble()).isCloseTo(age, within(15.0));
        }
    }

    private static String written(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text;
    }

    private static JsonNode command(Installation installation, Path configuration) throws IOException {
        CommandRun run = CommandRun.of("backlog", "-o", "json", "--bootstrap-server",
                String.valueOf(installation.clientProperties().get("bootstrap.servers")), "--schema-registry-url",
                String.valueOf(installation.registryProperties().get("schema.registry.url")), "--config",
                configuration.toString());
        assertThat(run.code()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out()).get(0);
    }

    private static void awaitFigure(Dispatcher dispatcher, String name, double value) {
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(500)).untilAsserted(
                () -> assertThat(figure(dispatcher, name)).hasValue(value));
    }

    private static OptionalDouble figure(Dispatcher dispatcher, String name) {
        return dispatcher.metrics().lines()
                .filter(line -> line.startsWith("signalbox_backlog_" + name + "{") && line.contains("\"batch\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .filter(value -> !Double.isNaN(value)).findFirst();
    }

    private static void send(RequestProducer producer, String prefix, String model, int count) {
        CompletableFuture<?>[] sent = new CompletableFuture<?>[count];
        for (int i = 0; i < count; i++) {
            String body = "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
            sent[i] = producer.send(LANE, LlmRequest.newBuilder().setId(prefix + "-" + i).setModel(model)
                    .setUseCase("support").setTenant("acme")
                    .setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))).setTimeToLiveMillis(3_600_000L)
                    .build(), List.of());
        }
        CompletableFuture.allOf(sent).join();
    }
}
