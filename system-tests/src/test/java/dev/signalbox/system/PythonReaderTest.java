package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reader and the shards of {@code examples/python} keep the rules by the same vectors, with nothing but python3. */
@Tag("issue-4")
class PythonReaderTest {
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));
    private static final Path EXAMPLES = ROOT.resolve("examples").resolve("python");
    private static final Path VECTORS = ROOT.resolve("schemas/src/main/resources/reader-vectors.json");

    private static final Path SHARDS = ROOT.resolve("schemas/src/main/resources/tenant-shard-vectors.json");

    private record Run(int exitCode, String output) {
    }

    @BeforeAll
    static void pythonIsThere() throws Exception {
        boolean there;
        try {
            there = run("-c", "import hashlib, json, dataclasses").exitCode == 0;
        } catch (IOException none) {
            there = false;
        }
        if (!there) {
            System.err.println("SKIPPED: PythonReaderTest, there is no python3 here");
        }
        Assumptions.assumeTrue(there, "no python3");
    }

    @Test
    void itPassesEveryVector() throws Exception {
        int vectors = new ObjectMapper().readTree(VECTORS.toFile()).get("vectors").size();
        Run run = run("run_vectors.py");
        assertThat(run.output).contains(vectors + " of " + vectors + " vectors pass");
        assertThat(run.exitCode).isZero();
    }

    @Test
    @Tag("issue-6")
    void itSendsATenantsRequestsToTheSamePartitionsAsTheJavaClient() throws Exception {
        int vectors = new ObjectMapper().readTree(SHARDS.toFile()).get("vectors").size();
        Run run = run("tenant_shard.py");
        assertThat(run.output).contains(vectors + " of " + vectors + " vectors pass");
        assertThat(run.exitCode).isZero();
    }

    @Test
    void aReaderThatTellsSomethingElseFails(@TempDir Path folder) throws Exception {
        JsonNode vectors = new ObjectMapper().readTree(VECTORS.toFile());
        Path changed = folder.resolve("vectors.json");
        Files.writeString(changed, vectors.toString().replace("\"textReplaced\":false", "\"textReplaced\":true"));
        Run run = run("run_vectors.py", changed.toString());
        assertThat(run.output).contains("FAILED ");
        assertThat(run.exitCode).isEqualTo(1);
    }

    @Test
    void theClientSaysHowItIsUsedWithoutAKafkaLibrary() throws Exception {
        Run run = run("ask.py", "--help");
        assertThat(run.output).contains("--bootstrap-server");
        assertThat(run.exitCode).isZero();
    }

    /** Its Kafka library is a stand-in that answers; the rule, the order of listening and sending and the form are its own. */
    @Test
    void theClientListensSendsAndShowsTheAnswer() throws Exception {
        Run run = run("ask.py", "--lane", "main.standard", "--model", "m", "Hi");
        assertThat(run.output).isEqualTo("Hello\n");
        assertThat(run.exitCode).isZero();
    }

    private static Run run(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", "-B"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(EXAMPLES.toFile()).redirectErrorStream(true);
        builder.environment().put("PYTHONPATH", ROOT.resolve("system-tests/src/test/resources/python").toString());
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("python3 did not end within 60 s");
        }
        return new Run(process.exitValue(), output);
    }
}
