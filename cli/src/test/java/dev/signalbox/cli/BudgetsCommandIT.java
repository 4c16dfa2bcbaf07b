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
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tenant's budget from the configuration to the refusal, its sum in the fleet, and an operator who raises it. */
@Tag("issue-5")
class BudgetsCommandIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void aTenantSpendsHisBudgetIsRefusedAndGoesOnWhenItIsRaised() throws Exception {
        try (EmbeddedStack stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults());
                Simulator vendors = Simulator.start(SimulatorOptions.of(VendorProfile.of("v",
                        ModelProfile.ZERO_LATENCY.withOutputTokens(new Distribution.Fixed(100)))))) {
            Configuration configuration = configure(vendors);
            assertThat(run(stack, "topics", "apply").code()).isZero();
            Map<String, Object> client = Map.of("bootstrap.servers", stack.bootstrapServers());
            Map<String, Object> registry = Map.of("schema.registry.url", stack.registryUrl());
            try (Worker worker = Worker.start(WorkerOptions.of(configuration, client, registry));
                    Dispatcher dispatcher = Dispatcher.start(
                            DispatcherOptions.of(configuration, client, registry, folder.resolve("state")))) {
                await().atMost(PATIENCE).until(() -> worker.ready() && dispatcher.ready());
                for (int i = 0; i < 3; i++) {
                    CommandLineRunner.Ran answered = submit(stack, "acme");
                    assertThat(answered.code()).as(answered.err()).isZero();
                }
                CommandLineRunner.Ran refused = submit(stack, "acme");
                assertThat(refused.code()).isEqualTo(ExitCode.SOME_FAILED.number());
                assertThat(refused.err()).contains("REJECTED", "tenant acme", "0.3 of 0.35");
                assertThat(submit(stack, "omega").code()).isZero();
                assertThat(worker.metrics()).containsPattern(
                        "signalbox_budget_requests_total\\{action=\"refused\",pool=\"all\",priority=\"interactive\"} 1");

                await().atMost(PATIENCE).until(() -> shown(stack).path("spent").asText().equals("0.30"));
                assertThat(shown(stack).path("calls").asLong()).isEqualTo(3);
                CommandLineRunner.Ran set = run(stack, "budgets", "set", "tenant", "acme", "--amount", "0.45", "--why",
                        "campaign");
                assertThat(set.code()).as(set.err()).isZero();
                assertThat(shown(stack).path("source").asText()).contains("campaign");
                await().atMost(PATIENCE).until(() -> submit(stack, "acme").code() == 0);
                assertThat(submit(stack, "acme").err()).contains("0.4 of 0.45");
            }
        }
    }

    private Configuration configure(Simulator vendors) throws IOException {
        Path file = folder.resolve("my.yaml");
        Files.writeString(file, """
                environment: test
                pools: { all: { use_cases: [otherwise], priorities: [interactive] } }
                vendors: { v: { family: openai, base_url: "%s" } }
                deployments: { v.a/m: { vendor: v, model_id: m } }
                routes: { m: { test: { otherwise: { sequence: [v.a] } } } }
                prices: { version: t, currency: USD, deployments: { v.a/m: { input_per_million: 0, output_per_million: 1000 } } }
                budgets: [ { tenant: acme, amount: 0.35 } ]
                topics: { partitions: 1 }
                """
                .formatted(vendors.baseUrl("v")));
        return ((ReadResult.Valid) ConfigurationReader.read(file)).configuration();
    }

    private CommandLineRunner.Ran submit(EmbeddedStack stack, String tenant) {
        return run(stack, "submit", "--model", "m", "--tenant", tenant, "--max-tokens", "100", "Where is my parcel?");
    }

    private JsonNode shown(EmbeddedStack stack) throws IOException {
        return new ObjectMapper().readTree(run(stack, "budgets", "show", "-o", "json").out()).path(0);
    }

    private CommandLineRunner.Ran run(EmbeddedStack stack, String... arguments) {
        return CommandLineRunner.run(Stream.concat(Stream.of(arguments),
                Stream.of("--bootstrap-server", stack.bootstrapServers(), "--schema-registry-url", stack.registryUrl(),
                        "--config", folder.resolve("my.yaml").toString()))
                .toArray(String[]::new));
    }
}
