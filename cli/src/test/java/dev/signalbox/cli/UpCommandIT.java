package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code up} in a process of its own: it is where it says, serves who asks, and ends when told. */
@Tag("issue-2")
class UpCommandIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path folder = Path.of("");

    private SignalboxProcess up(String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("up", "--port", "0", "--registry-port", "0", "--admin-port",
                "0", "--simulator-port", "0", "--data", folder.resolve("data").toString()));
        arguments.addAll(List.of(more));
        return SignalboxProcess.start(folder.resolve("log"), arguments.toArray(String[]::new));
    }

    private static int status(String url) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(5)).build(),
                    HttpResponse.BodyHandlers.discarding()).statusCode();
        }
    }

    @Test
    void itIsWhereItSaysAndServesAndEndsOnCtrlC() throws Exception {
        try (SignalboxProcess up = up()) {
            up.awaitOutput("Ctrl-C stops it.");
            assertThat(up.output()).contains("Kafka             127.0.0.1:", "(no real vendor is called",
                    "data              " + folder.resolve("data"), "./signalbox submit --model ",
                    "| kcat -b 127.0.0.1:");
            Matcher health = Pattern.compile("health, metrics +(http://\\S+)/readyz").matcher(up.output());
            assertThat(health.find()).isTrue();
            await().atMost(SOON).until(() -> status(health.group(1) + "/readyz") == 200);
            assertThat(status(health.group(1) + "/livez")).isEqualTo(200);
            assertThat(status(health.group(1) + "/metrics")).isEqualTo(200);
            Matcher control = Pattern.compile("control plane +(http://\\S+)/deployments").matcher(up.output());
            assertThat(control.find()).isTrue();
            assertThat(status(control.group(1) + "/livez")).isEqualTo(200);
            Matcher registry = Pattern.compile("schema registry +(http://\\S+)").matcher(up.output());
            assertThat(registry.find()).isTrue();
            assertThat(status(registry.group(1) + "/subjects")).isEqualTo(200);

            CommandLineRunner.Ran answer = CommandLineRunner.run("submit", "--model", "gpt-4.1", "--data",
                    folder.resolve("data").toString(), "Where is my parcel?");
            assertThat(answer.code()).as(answer.err()).isZero();
            assertThat(answer.out()).isNotBlank();

            up.interrupt();
            assertThat(up.exitCode(SOON)).isZero();
            assertThat(up.output()).contains("draining: what runs is finished; Ctrl-C again quits at once");
            assertThat(folder.resolve("data/running.properties")).doesNotExist();
        }
    }

    @Test
    @Tag("long")
    void theFirstCtrlCWaitsForWhatRunsAndTheSecondDoesNot() throws Exception {
        try (Simulator vendors = Simulator.start(SimulatorOptions.of(VendorProfile.of("v",
                ModelProfile.ZERO_LATENCY.withFirstTokenMillis(new Distribution.Fixed(60_000)))))) {
            Path configuration = Files.writeString(folder.resolve("my.yaml"), """
                    environment: test
                    pools: { all: { use_cases: [otherwise], priorities: [interactive] } }
                    vendors: { v: { family: openai, base_url: "%s" } }
                    deployments: { v.here/m: { vendor: v, model_id: m } }
                    routes: { m: { test: { otherwise: { sequence: [v.here] } } } }
                    """.formatted(vendors.baseUrl("v")));
            try (SignalboxProcess up = up("--config", configuration.toString())) {
                up.awaitOutput("Ctrl-C stops it.");
                CompletableFuture<CommandLineRunner.Ran> asked = CompletableFuture
                        .supplyAsync(() -> CommandLineRunner.run("submit", "--model", "m", "--deadline", "8s",
                                "--config", configuration.toString(), "--data", folder.resolve("data").toString(),
                                "Hi"));
                await().atMost(SOON).until(() -> vendors.meter("v", "*").callsNow() == 1);
                up.interrupt();
                up.awaitOutput("Ctrl-C again quits at once");
                assertThat(vendors.meter("v", "*").callsNow()).isEqualTo(1);
                long second = System.nanoTime();
                up.interrupt();
                assertThat(up.exitCode(SOON)).as("what ran is asked again at the next start")
                        .isEqualTo(ExitCode.INTERRUPTED.number());
                assertThat(Duration.ofNanos(System.nanoTime() - second)).isLessThan(Duration.ofSeconds(10));
                assertThat(asked).succeedsWithin(Duration.ofSeconds(20)).extracting(CommandLineRunner.Ran::code)
                        .isEqualTo(ExitCode.DEADLINE.number());
            }
        }
    }
}
