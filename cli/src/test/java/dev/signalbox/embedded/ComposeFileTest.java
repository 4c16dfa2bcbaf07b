package dev.signalbox.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The compose file is valid, as far as that can be told without an engine. */
@Tag("issue-2")
class ComposeFileTest {
    @Test
    void dockerComposeAcceptsTheFile() throws Exception {
        Path root = Path.of(System.getProperty("signalbox.root"));
        Process process;
        try {
            process = new ProcessBuilder("docker-compose", "-f", "docker-compose.yml", "config", "-q")
                    .directory(root.toFile()).redirectErrorStream(true).start();
        } catch (IOException e) {
            abort("docker-compose is not installed: docker-compose.yml was not checked (" + e.getMessage() + ")");
            return;
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
    }
}
