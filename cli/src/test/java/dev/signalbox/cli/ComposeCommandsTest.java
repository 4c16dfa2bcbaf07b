package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** The command lines in the compose file and the Dockerfile are ones that the command has, and agree with each other. */
@Tag("issue-2")
class ComposeCommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));
    /** What a command asks for by itself, beyond what its grammar requires. */
    private static final Map<String, List<String>> NEEDED = Map.of("worker", List.of("--bootstrap-server", "--config"),
            "apply", List.of("--bootstrap-server", "--config"));

    private static ParseResult parsed(List<String> arguments) {
        PrintStream nowhere = new PrintStream(PrintStream.nullOutputStream());
        CommandLine grammar = new Main(new Terminal(nowhere, nowhere, false, false, 120),
                InputStream.nullInputStream(), listener -> {
                }).commandLine();
        ParseResult result = grammar.parseArgs(arguments.toArray(String[]::new));
        while (result.hasSubcommand()) {
            result = result.subcommand();
        }
        return result;
    }

    @Test
    void everyCommandIsOneThatTheCommandTreeTakes() throws Exception {
        var services = new ComposeFile(ROOT).ours();
        assertThat(services.keySet()).contains("simulator", "topics", "worker");
        services.values().forEach(service -> {
            assertThat(service.command()).as(service.name()).isNotEmpty();
            ParseResult result = parsed(service.command());
            for (String option : NEEDED.getOrDefault(result.commandSpec().name(), List.of())) {
                assertThat(result.hasMatchedOption(option)).as(service.name() + " needs " + option).isTrue();
            }
        });
    }

    @Test
    void filesThatCommandsNameAreMounted() throws Exception {
        new ComposeFile(ROOT).ours().values().forEach(service -> {
            assertThat(service.mounts().values()).as(service.name())
                    .allSatisfy(file -> assertThat(file).isRegularFile());
            service.command().stream().filter(argument -> argument.startsWith("/"))
                    .forEach(path -> assertThat(service.mounts()).as(service.name()).containsKey(path));
        });
    }

    @Test
    void healthIsAskedWhereItIsServed() throws Exception {
        ComposeFile file = new ComposeFile(ROOT);
        file.ours().values().stream().filter(service -> !service.healthCheck().isEmpty()).forEach(service -> {
            ParseResult result = parsed(service.command());
            boolean simulator = result.commandSpec().name().equals("simulator");
            int port = (int) result.matchedOptionValue(simulator ? "--port" : "--admin-port", -1);
            assertThat(service.healthCheck()).as(service.name()).containsExactly("health-check",
                    Integer.toString(port), simulator ? "/_simulator/ready" : "/readyz");
        });
    }

    @Test
    void placesAreOfServicesOfTheFile() throws Exception {
        ComposeFile file = new ComposeFile(ROOT);
        var services = file.ours();
        services.values().forEach(service -> assertThat(service.places()).as(service.name())
                .allSatisfy(place -> assertThat(file.names()).contains(place.host())));
        int simulator = (int) parsed(services.get("simulator").command()).matchedOptionValue("--port", -1);
        assertThat(ComposeFile.places(Files.readString(ROOT.resolve("deploy/compose/signalbox.yaml"))))
                .containsExactly(new ComposeFile.Place("simulator", simulator));
    }

    @Test
    void theImageHoldsWhatItStarts() throws Exception {
        String dockerfile = Files.readString(ROOT.resolve("Dockerfile"));
        Matcher fromHere = Pattern.compile("(?m)^COPY (?!--from)(\\S+) (/\\S+)$").matcher(dockerfile);
        Map<String, String> copied = new java.util.HashMap<>();
        while (fromHere.find()) {
            assertThat(ROOT.resolve(fromHere.group(1))).as(fromHere.group()).isExecutable();
            copied.put(fromHere.group(2), fromHere.group(1));
        }
        assertThat(dockerfile).contains("ENTRYPOINT [\"/opt/signalbox/signalbox\"]", "CMD [\"--help\"]");
        assertThat(copied).containsEntry("/opt/signalbox/signalbox", "signalbox").containsKey(
                "/usr/local/bin/health-check");
        assertThat(parsed(List.of("--help")).isUsageHelpRequested()).isTrue();
    }
}
