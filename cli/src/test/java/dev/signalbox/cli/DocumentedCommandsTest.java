package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Each command line that a page prints is one that the command takes. */
@Tag("issue-2")
class DocumentedCommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));
    /** A command line: in a code block from the start of its line, or in an inline span. */
    private static final Pattern COMMAND = Pattern
            .compile("(?m)(?:^\\s*|`)(?:[A-Z_]+=\\S+ )?\\./signalbox ([^`\\n|#]+)");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    private static final CommandLine GRAMMAR = grammar();

    private static CommandLine grammar() {
        PrintStream nowhere = new PrintStream(PrintStream.nullOutputStream());
        return new Main(new Terminal(nowhere, nowhere, false, false, 120), InputStream.nullInputStream(), listener -> {
        }).commandLine();
    }

    @Test
    void everyPrintedCommandLineIsOfTheGrammar() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path page : pages()) {
            Matcher command = COMMAND.matcher(Files.readString(page));
            while (command.find()) {
                String line = command.group(1).replace("…", "").strip();
                found.add(line);
                assertThatCode(() -> parse(line)).as(ROOT.relativize(page) + ": ./signalbox " + line)
                        .doesNotThrowAnyException();
            }
        }
        assertThat(found).as("command lines in the pages").hasSizeGreaterThan(8)
                .anyMatch(line -> line.startsWith("batch examples/requests.jsonl"));
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(Stream.of("README.md", "CONTRIBUTING.md").map(ROOT::resolve),
                    docs.filter(page -> page.toString().endsWith(".md"))).sorted().toList();
        }
    }

    private static void parse(String line) {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(line);
        while (word.find()) {
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        var _ = GRAMMAR.parseArgs(words.toArray(String[]::new));
    }
}
