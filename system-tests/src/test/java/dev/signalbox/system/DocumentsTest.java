package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Documents that can rot are checked: links, topic names, paths of the tree. */
@Tag("issue-2")
class DocumentsTest {
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));
    private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)");
    private static final Pattern TOPIC = Pattern.compile("`(llm\\.[a-z.-]+)`");

    @Test
    void everyLinkLeadsSomewhere() {
        List<String> dead = new ArrayList<>();
        pages().forEach(page -> LINK.matcher(read(page)).results().map(link -> link.group(1)).forEach(target -> {
            if (!Files.exists(page.resolveSibling(target))) {
                dead.add(ROOT.relativize(page) + " → " + target);
            }
        }));
        assertThat(dead).isEmpty();
    }

    @Test
    void everyTopicThatIsNamedExists() throws IllegalAccessException {
        Set<String> known = new TreeSet<>();
        for (Field field : Topics.class.getFields()) {
            known.add((String) field.get(null));
        }
        List<String> unknown = new ArrayList<>();
        pages().forEach(page -> TOPIC.matcher(read(page)).results().map(name -> name.group(1))
                .filter(name -> known.stream().noneMatch(topic -> name.equals(topic) || name.startsWith(topic)))
                .forEach(name -> unknown.add(ROOT.relativize(page) + ": " + name)));
        assertThat(unknown).isEmpty();
    }

    @Test
    void noPageNamesAPathOfOneMachine() {
        Pattern machine = Pattern.compile("(^|[\\s`(])/(work|root|home)/\\S+");
        assertThat(pages().flatMap(page -> machine.matcher(read(page)).results().map(MatchResult::group))).isEmpty();
    }

    @Test
    void decisionsAreNumberedOneByOne() {
        List<Path> decisions = pages().filter(page -> page.getParent().endsWith("adr")).sorted().toList();
        for (int i = 0; i < decisions.size(); i++) {
            assertThat(decisions.get(i).getFileName().toString()).startsWith("%04d-".formatted(i + 1));
            assertThat(read(decisions.get(i))).startsWith("# " + (i + 1) + ". ");
        }
        assertThat(decisions).isNotEmpty();
    }

    private static Stream<Path> pages() {
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(Stream.of(ROOT.resolve("README.md"), ROOT.resolve("CONTRIBUTING.md")),
                    docs.filter(path -> path.toString().endsWith(".md")).toList().stream()).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path page) {
        try {
            return Files.readString(page);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
