package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Each table of transitions in the production code has a test that fails when one of them was never made, and this one fails when
 * a table comes without such a test.
 */
@Tag("issue-5")
class TransitionTablesTest {
    /** Where the moves of each state machine are counted, by the class that has them. */
    private static final Map<String, String> COUNTED_BY = Map.of("HealthTransitions", "HealthModelTest",
            "ProbeTransitions", "ProbeTurnTest", "AlertTransitions", "AlertModelTest", "BreakerState", "BreakerTest");
    private static final Pattern TABLE = Pattern.compile("List<(?:Transition|Move)> ([A-Z]+) =");
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));

    private static Map<String, String> sources(String folder) throws IOException {
        Map<String, String> texts = new TreeMap<>();
        for (String module : new String[]{"schemas", "topology-config", "workers", "dispatcher", "cli"}) {
            Path sources = ROOT.resolve(module).resolve("src").resolve(folder);
            if (Files.isDirectory(sources)) {
                try (Stream<Path> files = Files.walk(sources)) {
                    for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
                        texts.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                    }
                }
            }
        }
        return texts;
    }

    @Test
    void eachTableOfTransitionsHasATestThatCountsThem() throws IOException {
        Map<String, String> tables = new TreeMap<>();
        sources("main").forEach((name, text) -> {
            Matcher table = TABLE.matcher(text);
            if (table.find()) {
                tables.put(name, table.group(1));
            }
        });
        assertThat(tables.keySet()).as("state machines with a table").isEqualTo(new TreeMap<>(COUNTED_BY).keySet());
        Map<String, String> tests = sources("test");
        tables.forEach((machine, table) -> assertThat(tests.get(COUNTED_BY.get(machine))).as(machine)
                .containsPattern(Pattern.compile("\\b(" + machine + "|Move)\\." + table + "\\b"))
                .contains("containsExactlyInAnyOrderElementsOf"));
    }
}
