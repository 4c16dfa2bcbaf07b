package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the compose file starts of ours, started by its own command lines on this machine's loopback, against a broker
 * and a registry that run here: each health check of the file succeeds, a request is answered, and each stops when told.
 */
@Tag("issue-2")
class ComposeServicesIT {
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));

    @TempDir
    private Path folder = Path.of("");
    /** What stands for the file's places and ports here. */
    private final Map<String, String> here = new LinkedHashMap<>();
    private final List<SignalboxProcess> running = new ArrayList<>();

    @AfterEach
    void stopWhatStillRuns() {
        running.forEach(SignalboxProcess::close);
    }

    private String translated(String text) {
        Pattern places = Pattern.compile(here.keySet().stream().map(Pattern::quote).collect(Collectors.joining("|")));
        return places.matcher(text).replaceAll(place -> here.get(place.group()));
    }

    /** A data folder of its own, which in the file is the container's. */
    private void start(ComposeFile.Service service) throws IOException {
        List<String> command = new ArrayList<>(List.of(command(service)));
        if (service.name().equals("dispatcher")) {
            command.addAll(List.of("--data", folder.resolve("dispatcher").toString()));
        }
        running.add(SignalboxProcess.start(folder.resolve(service.name() + ".log"),
                command.toArray(String[]::new)));
    }

    private String[] command(ComposeFile.Service service) throws IOException {
        List<String> command = new ArrayList<>();
        for (String argument : service.command()) {
            Path mounted = service.mounts().get(argument);
            if (mounted == null) {
                command.add(translated(argument));
            } else {
                Path copy = folder.resolve(service.name() + "-" + mounted.getFileName());
                command.add(Files.writeString(copy, translated(Files.readString(mounted))).toString());
            }
        }
        return command.toArray(String[]::new);
    }

    private boolean isHealthy(ComposeFile.Service service) throws Exception {
        List<String> check = new ArrayList<>(List.of(ROOT.resolve("deploy/image/health-check").toString()));
        service.healthCheck().stream().skip(1).map(this::translated).forEach(check::add);
        Process process = new ProcessBuilder(check).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    private void awaitHealth(ComposeFile.Service service) {
        await(service.name()).atMost(Duration.ofSeconds(30)).until(() -> {
            assertThat(running.getLast().isAlive()).as(running.getLast().output()).isTrue();
            return isHealthy(service);
        });
    }

    private static String freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return Integer.toString(socket.getLocalPort());
        }
    }

    @Test
    void everyServiceStartsAndIsHealthyAndARequestIsAnswered() throws Exception {
        Map<String, ComposeFile.Service> services = new ComposeFile(ROOT).ours();
        ComposeFile.Service simulator = services.get("simulator");
        ComposeFile.Service worker = services.get("worker");
        try (EmbeddedStack stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults())) {
            here.put("kafka:9092", stack.bootstrapServers());
            here.put("http://schema-registry:8081", stack.registryUrl());
            here.put("http://simulator:", "http://127.0.0.1:");
            here.put("0.0.0.0", "127.0.0.1");
            here.put("/run/signalbox/token",
                    Files.writeString(folder.resolve("token"), "a-token-of-this-test-alone\n").toString());
            here.put("8090", freePort());
            here.put("8080", freePort());

            start(simulator);
            awaitHealth(simulator);
            assertThat(isHealthy(worker)).as("not before it runs").isFalse();
            CommandLineRunner.Ran topics = CommandLineRunner.run(command(services.get("topics")));
            assertThat(topics.code()).as(topics.err()).isZero();
            start(worker);
            awaitHealth(worker);

            CommandLineRunner.Ran answer = CommandLineRunner.run("submit", "--model", "gpt-4.1", "--bootstrap-server",
                    stack.bootstrapServers(), "--schema-registry-url", stack.registryUrl(), "--config",
                    folder.resolve("worker-signalbox.yaml").toString(), "Hello");
            assertThat(answer.code()).as(answer.err()).isZero();
            assertThat(answer.out()).isNotBlank();

            here.put("8080", freePort());
            start(services.get("dispatcher"));
            awaitHealth(services.get("dispatcher"));

            for (SignalboxProcess process : running.reversed()) {
                process.terminate();
                assertThat(process.exitCode(Duration.ofSeconds(30))).as(process.output()).isZero();
            }
        }
    }
}
