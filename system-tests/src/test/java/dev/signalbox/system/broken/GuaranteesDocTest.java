package dev.signalbox.system.broken;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code docs/guarantees.md} names what there is: a row for each mechanism, and only classes that exist. */
@Tag("issue-2")
class GuaranteesDocTest {
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));
    private static final Pattern CLASS = Pattern.compile("`([A-Z][A-Za-z]+(?:Test|IT)|(?:[A-Z][a-z]+){2,})`");

    @Test
    void itHasARowForEachMechanismAndNoOther() throws IOException {
        List<String> rows = text().lines().filter(line -> line.matches("\\| G\\d+ \\|.*")).toList();
        assertThat(rows).containsExactlyElementsOf(Breaks.ALL.stream().map(GuaranteesDocTest::row).toList());
    }

    private static String row(Break each) {
        String types = each.off().stream().map(off -> simple(off.type())).distinct()
                .map(type -> "`" + type + "`").collect(Collectors.joining(", "));
        return "| %s | %s | %s | `%s` |".formatted(each.guarantee(), each.mechanism(), types,
                simple(each.check().testClass()));
    }

    private static String simple(String type) {
        String last = type.substring(type.lastIndexOf('.') + 1);
        return last.replaceFirst("\\$.*", "");
    }

    @Test
    void theClassesThatItNamesExist() throws IOException {
        Set<String> sources;
        try (Stream<Path> files = Files.find(ROOT, 20,
                (path, attributes) -> path.toString().endsWith(".java") && path.toString().contains("/src/"))) {
            sources = files.map(path -> path.getFileName().toString().replace(".java", "")).collect(Collectors.toSet());
        }
        List<String> named = new ArrayList<>();
        CLASS.matcher(text()).results().forEach(found -> named.add(found.group(1)));
        assertThat(named).isNotEmpty().allSatisfy(name -> assertThat(sources).contains(name));
    }

    private static String text() throws IOException {
        return Files.readString(ROOT.resolve("docs").resolve("guarantees.md"));
    }
}
