package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.embedded.SecureBroker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each mistake gets a clear line that names place and cure, has its exit code, and leaves no output behind. */
@Tag("issue-2")
class BadInputTest {
    private static final String GOOD = line("a", "gpt-4.1", "");

    @TempDir
    private Path folder = Path.of("");
    private Path file = Path.of("");
    private Path out = Path.of("");

    @BeforeEach
    void namePaths() {
        file = folder.resolve("in.jsonl");
        out = folder.resolve("out.jsonl");
    }

    private static String line(String id, String model, String more) {
        return "{\"custom_id\":\"" + id
                + "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\""
                + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}" + more + "}\n";
    }

    private CommandLineRunner.Ran batch(String content, String... more) throws IOException {
        Files.writeString(file, content);
        List<String> arguments = new java.util.ArrayList<>(List.of("batch", file.toString(), "--out", out.toString(),
                "--data", folder.resolve("data").toString()));
        arguments.addAll(List.of(more));
        CommandLineRunner.Ran ran = CommandLineRunner.run(arguments.toArray(String[]::new));
        assertThat(out).doesNotExist();
        return ran;
    }

    private void assertRefused(CommandLineRunner.Ran ran, String... lines) {
        assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
        assertThat(ran.out()).isEmpty();
        assertThat(ran.errLines()).containsExactly(lines);
        assertThat(folder.resolve("data")).doesNotExist();
    }

    @Test
    void aDuplicateCustomIdNamesBothLines() throws IOException {
        assertRefused(batch(GOOD + "\n" + line("b", "gpt-4.1", "") + GOOD),
                file + ":4:1: custom_id \"a\" is already on line 1; each must be unique",
                "1 fault; nothing was sent");
    }

    @Test
    void brokenJsonHasLineAndColumn() throws IOException {
        assertRefused(batch(GOOD + "{\"custom_id\":\"ü\",\"method\":\"POST\",}\n"), file
                + ":2:34: broken JSON: unexpected character ('}')", "1 fault; nothing was sent");
    }

    @Test
    void anUnknownModelIsSuggested() throws IOException {
        assertRefused(batch(line("a", "gpt-4.1-mimi", "")),
                file + ":1:79: unknown model \"gpt-4.1-mimi\", did you mean \"gpt-4.1-mini\"?",
                "1 fault; nothing was sent");
    }

    @Test
    void allFaultsAreListedAtOnce() throws IOException {
        CommandLineRunner.Ran ran = batch(line("a", "gpt-5", "") + "[1]\n"
                + line("b", "gpt-4.1", ",\"signalbox\":{\"prioritty\":\"batch\"}")
                + line("c", "gpt-4.1",
                        ",\"signalbox\":{\"use_case\":\"conversation_serving\",\"priority\":\"background\"}")
                + "{\"custom_id\":\"d\",\"params\":{\"model\":\"claude\"}}\n"
                + "{\"custom_id\":\"e\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{\"model\":\"x\",\"messages\":[{}]}}\n");
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains(":1:", "unknown model \"gpt-5\"", ":2:1: this is a JSON list", ":3:",
                "unknown key \"signalbox.prioritty\", did you mean \"priority\"?",
                "has no priority \"background\"; it has interactive, standard, batch",
                ":5:27: params has no \"messages\"",
                ":6:40: \"url\" must be \"/v1/chat/completions\", not \"/v1/embeddings\"",
                "6 faults; nothing was sent");
    }

    @Test
    void thousandsOfFaultsAreCountedAndTwentyListed() throws IOException {
        CommandLineRunner.Ran ran = batch(line("a", "gpt-5", "").repeat(1500));
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.errLines()).hasSize(22).contains("and 2979 more", "2999 faults; nothing was sent");
    }

    @Test
    void aWrongKeyInTheConfigurationHasItsPlace() throws IOException {
        Path config = folder.resolve("my.yaml");
        Files.writeString(config, simulated().replace("priorities: [interactive, standard, batch]",
                "prioritys: [interactive, standard, batch]"));
        CommandLineRunner.Ran ran = batch(GOOD, "--config", config.toString());
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains(config + ":", "prioritys", "did you mean \"priorities\"?");
    }

    @Test
    void aDanglingDeploymentNameHasItsPlace() throws IOException {
        Path config = folder.resolve("my.yaml");
        Files.writeString(config, simulated().replace("sequence: [sim-steady.eu-west, sim-fast.us-east]",
                "sequence: [sim-steady.eu-vest, sim-fast.us-east]"));
        CommandLineRunner.Ran ran = batch(GOOD, "--config", config.toString());
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains(config + ":", "sim-steady.eu-vest", "did you mean \"sim-steady.eu-west\"?");
    }

    /** A configuration that needs no environment. */
    private static String simulated() {
        return new ConfigurationChoice().text().replaceAll("\"?\\$\\{env:[A-Z_]+}\"?", "http://127.0.0.1:9/v1");
    }

    @Test
    void anUnreachableBrokerIsNamed() throws IOException {
        Path config = folder.resolve("my.yaml");
        Files.writeString(config, simulated());
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        CommandLineRunner.Ran ran = batch(GOOD, "--config", config.toString(), "--bootstrap-server",
                "127.0.0.1:" + port, "--command-property", "request.timeout.ms=500", "--command-property",
                "default.api.timeout.ms=1000");
        assertThat(ran.code()).isEqualTo(ExitCode.UNREACHABLE.number());
        assertThat(ran.errLines().getLast()).startsWith("cannot reach Kafka at 127.0.0.1:" + port)
                .contains("--bootstrap-server");
    }

    @Test
    void wrongCredentialsAreOneLineWithoutTheSecret() throws Exception {
        Path config = folder.resolve("my.yaml");
        Files.writeString(config, simulated());
        try (SecureBroker broker = SecureBroker.start(folder)) {
            CommandLineRunner.Ran ran = batch(GOOD, "--config", config.toString(), "--bootstrap-server",
                    broker.bootstrapServers(), "--command-config", broker.clientProperties().toString(),
                    "--command-property",
                    "sasl.jaas.config=" + SecureBroker.LOGIN + "username=\"alice\" password=\"mistyped\";");
            assertThat(ran.code()).isEqualTo(ExitCode.UNREACHABLE.number());
            assertThat(ran.errLines()).hasSize(1).first().asString().startsWith(
                    "Kafka at " + broker.bootstrapServers() + " refuses the credentials").contains("--command-config")
                    .doesNotContain("mistyped");
        }
    }

    @Test
    void showingMetricsToOtherMachinesNeedsATokenByReference() {
        for (String command : List.of("worker", "dispatcher")) {
            CommandLineRunner.Ran open = CommandLineRunner.run(command, "--bootstrap-server", "127.0.0.1:9",
                    "--config", "my.yaml", "--admin-host", "0.0.0.0", "--admin-port", "0");
            assertThat(open.code()).isEqualTo(ExitCode.USAGE.number());
            assertThat(open.errLines()).hasSize(1).first().asString().startsWith("--admin-host: ")
                    .contains("0.0.0.0", "a token is needed", "--admin-token");
            CommandLineRunner.Ran plain = CommandLineRunner.run(command, "--bootstrap-server", "127.0.0.1:9",
                    "--config", "my.yaml", "--admin-host", "0.0.0.0", "--admin-token", "hunter2-hunter2-hunter2");
            assertThat(plain.code()).isEqualTo(ExitCode.USAGE.number());
            assertThat(plain.errLines()).hasSize(1).first().asString().contains("${env:NAME}")
                    .doesNotContain("hunter2");
        }
    }

    @Test
    void clientPropertiesForTheEmbeddedBrokerAreRefused() throws IOException {
        assertRefused(batch(GOOD, "--command-property", "client.id=mine"),
                "--command-property is for a Kafka of yours: "
                        + "name it with --bootstrap-server, or leave the option out (the embedded broker needs no client properties)");
    }

    /** The launcher itself, in a copy beside which no project lies: with a Java 17 on the path, with and without a 25. */
    @Test
    void withoutAJdk25TheLauncherSaysSo() throws Exception {
        Path launcher = Files.copy(Path.of(System.getProperty("signalbox.root", ".."), "signalbox"),
                folder.resolve("signalbox"), StandardCopyOption.COPY_ATTRIBUTES);
        fakeJdk("path/jdk", "17.0.1");
        fakeJdk("jdks/one", "21.0.2");
        CommandLineRunner.Ran without = launch(launcher);
        assertThat(without.code()).isEqualTo(ExitCode.INTERNAL.number());
        assertThat(without.errLines()).containsExactly("signalbox: no JDK 25 found (looked at JAVA_HOME, PATH and the "
                + "usual folders): install one, for example Temurin 25 from https://adoptium.net, or name its java in "
                + "SIGNALBOX_JAVA.");
        fakeJdk("jdks/two", "25.0.1");
        CommandLineRunner.Ran with = launch(launcher);
        assertThat(with.out()).as(with.err()).contains("java of 25.0.1", "dev.signalbox.cli.Main");
    }

    private void fakeJdk(String home, String version) throws IOException {
        Path bin = Files.createDirectories(folder.resolve(home).resolve("bin"));
        Files.writeString(bin.resolveSibling("release"), "JAVA_VERSION=\"" + version + "\"\n");
        Path java = Files.writeString(bin.resolve("java"), "#!/bin/sh\necho java of " + version + " \"$@\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
    }

    private CommandLineRunner.Ran launch(Path launcher) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", launcher.toString(), "version");
        builder.environment().keySet().removeIf(name -> name.startsWith("SIGNALBOX_") || name.equals("JAVA_HOME"));
        builder.environment().put("HOME", folder.toString());
        builder.environment().put("SIGNALBOX_JDKS", folder.resolve("jdks").toString());
        builder.environment().put("PATH", folder.resolve("path/jdk/bin") + ":" + System.getenv("PATH"));
        Path said = folder.resolve("launcher.err");
        Process process = builder.redirectError(said.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new CommandLineRunner.Ran(process.waitFor(), out, Files.readString(said));
    }

    @Test
    void anAnthropicLineAmongOthersAndWithoutMaxTokensIsRefused() throws IOException {
        String message = "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}}\n";
        assertRefused(batch(GOOD + "{\"custom_id\":\"b\",\"params\":{\"model\":\"claude-sonnet-4\",\"max_tokens\":9,"
                + message + "{\"custom_id\":\"c\",\"params\":{\"model\":\"claude-sonnet-4\"," + message),
                file + ":2:1: this is a line of an Anthropic Message Batch in a file of OpenAI batch lines; split the file "
                        + "by family",
                file + ":3:1: params has no \"max_tokens\"", "2 faults; nothing was sent");
    }

    @Test
    void aFolderInUseAndAPortInUseAreNamed() throws Exception {
        Path data = folder.resolve("data");
        try (EmbeddedStack stack = EmbeddedStack.start(data, EmbeddedOptions.defaults())) {
            Files.writeString(file, GOOD);
            CommandLineRunner.Ran locked = CommandLineRunner.run("batch", file.toString(), "--out", out.toString(),
                    "--data", data.toString());
            assertThat(locked.code()).isEqualTo(2);
            assertThat(locked.errLines().getLast()).contains(data.toString(), "in use by process");
            assertThat(out).doesNotExist();

            String port = stack.bootstrapServers().replaceAll(".*:", "");
            CommandLineRunner.Ran taken = CommandLineRunner.run("up", "--data", folder.resolve("other").toString(),
                    "--port", port, "--registry-port", "0", "--admin-port", "0", "--simulator-port", "0");
            assertThat(taken.code()).isEqualTo(2);
            assertThat(taken.errLines().getLast()).contains("Port " + port).contains("another port");
        }
    }

    @Test
    void mistypedCommandsAndOptionsAreOneLine() {
        assertThat(CommandLineRunner.run("btch").errLines()).hasSize(1).first().asString()
                .contains("btch", "did you mean batch?");
        CommandLineRunner.Ran ran = CommandLineRunner.run("batch", "x.jsonl");
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.errLines()).hasSize(1).first().asString().contains("--out=FILE");
    }

    @Test
    void theDoctorSpeaksEveryForm() {
        String data = folder.resolve("data").toString();
        assertThat(CommandLineRunner.run("doctor", "--data", data).out()).contains("CHECK", "configuration");
        assertThat(CommandLineRunner.run("doctor", "--data", data, "-o", "json").out()).startsWith("[{\"check\":");
        assertThat(CommandLineRunner.run("doctor", "--data", data, "-o", "yaml").out()).startsWith("- check: \"java\"");
        assertThat(CommandLineRunner.run("completion").out()).contains("complete -F");
        assertThat(CommandLineRunner.run("config", "print").out()).contains("conversation-serving");
    }

    @Test
    void aMissingInputAndAWrongDurationAreOneLine() {
        CommandLineRunner.Ran missing = CommandLineRunner.run("batch", folder.resolve("no.jsonl").toString(), "--out",
                out.toString());
        assertThat(missing.code()).isEqualTo(2);
        assertThat(missing.errLines()).hasSize(1).first().asString().contains("no such file");
        CommandLineRunner.Ran duration = CommandLineRunner.run("batch", "x", "--out", "y", "--deadline", "soon");
        assertThat(duration.code()).isEqualTo(2);
        assertThat(duration.errLines()).hasSize(1).first().asString().contains("\"soon\" is not a duration");
    }

    @Test
    void costsAreCheckedBeforeAnythingIsSent() throws IOException {
        assertRefused(batch(GOOD, "--max-cost", "0.0000001"),
                "--max-cost $0.0000 is below the estimate of $0.0024; nothing was sent (--dry-run shows the plan)");
    }

    @Test
    void aDryRunShowsThePlanAndSendsNothing() throws IOException {
        CommandLineRunner.Ran ran = batch(GOOD, "--dry-run");
        assertThat(ran.code()).isZero();
        assertThat(ran.out()).contains("gpt-4.1", "everything-else.batch");
        assertThat(folder.resolve("data")).doesNotExist();
    }
}
