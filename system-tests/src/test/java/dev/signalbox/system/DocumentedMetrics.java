package dev.signalbox.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The names in the first columns of the tables in docs/metrics.md. */
final class DocumentedMetrics {
    private static final String DISPATCHER = "\n## The dispatcher\n";

    private DocumentedMetrics() {
    }

    static List<String> ofWorkers() {
        String page = page();
        return names(page.substring(0, page.indexOf(DISPATCHER)));
    }

    static List<String> ofDispatchers() {
        String page = page();
        return names(page.substring(page.indexOf(DISPATCHER)));
    }

    private static List<String> names(String part) {
        return Pattern.compile("^\\| (`[^|]*)\\|", Pattern.MULTILINE).matcher(part).results()
                .flatMap(row -> Pattern.compile("`([a-z_]+)`").matcher(row.group(1)).results())
                .map(name -> name.group(1)).toList();
    }

    private static String page() {
        try {
            return Files.readString(Path.of(System.getProperty("signalbox.root"), "docs", "metrics.md"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
