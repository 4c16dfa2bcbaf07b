package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code examples/python/ask.py} on the standard client against a broker and a worker. Needs the packages confluent_kafka
 * and, for Avro, avro (on Debian python3-confluent-kafka and python3-avro); says so where they are not there.
 */
@Tag("issue-4")
@Tag("long")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PythonClientIT {
    private static final Path EXAMPLES = Path.of(System.getProperty("signalbox.root")).resolve("examples/python");

    private String python = "";
    private Installation installation;

    private record Run(int exitCode, String output) {
    }

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        for (String candidate : List.of("python3", "/usr/bin/python3")) {
            if (python.isEmpty() && has(candidate, "confluent_kafka")) {
                python = candidate;
            }
        }
        if (python.isEmpty()) {
            System.err.println("SKIPPED: PythonClientIT, there is no python3 with confluent_kafka here");
        }
        Assumptions.assumeFalse(python.isEmpty(), "no confluent_kafka");
        installation = Installation.start(folder,
                SimulatorOptions.of(VendorProfile.of("good", ModelProfile.paced(60, 2))), simulator -> """
                        environment: test
                        vendors:
                          good: { family: openai, base_url: "%s" }
                        deployments:
                          good/fine: { vendor: good, model_id: gpt-fine }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes:
                          fine: { test: { otherwise: { sequence: [good] } } }
                        topics: { partitions: 2 }
                        """.formatted(simulator.baseUrl("good")));
    }

    @AfterAll
    void stop() {
        if (installation != null) {
            installation.close();
        }
    }

    @Test
    void itGetsTheSameAnswerStreamedAndWholeAsJson() throws Exception {
        sameAnswer();
    }

    @Test
    void itGetsTheSameAnswerStreamedAndWholeAsAvro() throws Exception {
        boolean avro = has(python, "avro.schema");
        if (!avro) {
            System.err.println("SKIPPED: PythonClientIT in Avro, there is no avro for " + python);
        }
        Assumptions.assumeTrue(avro, "no avro");
        sameAnswer("--avro", installation.registryProperties().get("schema.registry.url").toString());
    }

    private void sameAnswer(String... form) throws Exception {
        String streamed = ask(form, "Hello?").strip();
        String whole = ask(form, "--whole", "Hello?").strip();
        assertThat(streamed).isNotEmpty();
        assertThat(new ObjectMapper().readTree(whole).at("/choices/0/message/content").textValue().strip())
                .isEqualTo(streamed);
    }

    private String ask(String[] form, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("ask.py", "--bootstrap-server",
                installation.callerProperties().get("bootstrap.servers").toString(), "--lane", "main.standard",
                "--model", "fine"));
        command.addAll(List.of(form));
        command.addAll(List.of(arguments));
        Run run = run(python, command);
        assertThat(run.exitCode).as(run.output).isZero();
        return run.output;
    }

    private static boolean has(String python, String module) throws Exception {
        try {
            return run(python, List.of("-c", "import " + module)).exitCode == 0;
        } catch (IOException none) {
            return false;
        }
    }

    private static Run run(String python, List<String> arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(python, "-B"));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).directory(EXAMPLES.toFile()).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(python + " did not end within 60 s: " + output);
        }
        return new Run(process.exitValue(), output);
    }
}
