package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The completion script is one that bash reads, and completes what the command has. */
@Tag("issue-2")
class CompletionCommandTest {
    @TempDir
    private Path folder = Path.of("");
    private Path script = Path.of("");

    @BeforeEach
    void print() throws IOException {
        CommandLineRunner.Ran ran = CommandLineRunner.run("completion");
        assertThat(ran.code()).isZero();
        assertThat(ran.err()).isEmpty();
        script = Files.writeString(folder.resolve("completion"), ran.out());
    }

    private static String bash(String... arguments) throws Exception {
        String[] command = new String[arguments.length + 1];
        command[0] = "bash";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    @Test
    void bashFindsNoFaultInIt() throws Exception {
        assertThat(bash("-n", script.toString())).isEmpty();
    }

    @Test
    void commandsAndOptionsAreCompleted() throws Exception {
        String complete = "compopt() { :; }; source '" + script + "'; COMP_WORDS=(signalbox %s); COMP_CWORD=%d; "
                + "$(complete -p signalbox | sed 's/.*-F \\([^ ]*\\) .*/\\1/'); echo \"${COMPREPLY[@]}\"";
        assertThat(bash("-c", complete.formatted("bat", 1)).strip()).isEqualTo("batch");
        assertThat(bash("-c", complete.formatted("batch --retry", 2)).strip()).isEqualTo("--retry-failed");
        assertThat(bash("-c", complete.formatted("topics ''", 2)).strip().split(" ")).contains("list", "describe",
                "apply");
    }
}
