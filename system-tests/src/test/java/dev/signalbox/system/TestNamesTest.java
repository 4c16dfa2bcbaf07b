package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Maven runs tests by the names of their classes: two benchmarks had others, and no command ran them. */
@Tag("issue-3")
class TestNamesTest {
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));
    private static final Pattern TEST = Pattern.compile("^ *@(Test|ParameterizedTest|TestFactory)\\b",
            Pattern.MULTILINE);

    @Test
    void everyTestHasANameThatMavenRuns() throws IOException {
        List<Path> tests;
        try (Stream<Path> modules = Files.list(ROOT)) {
            tests = modules.map(module -> module.resolve("src/test/java")).filter(Files::isDirectory)
                    .flatMap(TestNamesTest::tests).toList();
        }
        assertThat(tests).hasSizeGreaterThan(100)
                .allMatch(path -> path.toString().endsWith("Test.java") || path.toString().endsWith("IT.java"));
    }

    private static Stream<Path> tests(Path sources) {
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(path -> path.toString().endsWith(".java")).filter(TestNamesTest::hasTests).toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean hasTests(Path file) {
        try {
            return TEST.matcher(Files.readString(file)).find();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
