package dev.signalbox.workers.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** docs/routing.md shows the breaker's table as the code has it. */
@Tag("issue-3")
class RoutingDocTest {
    private static final Pattern ROW = Pattern
            .compile("\\| (CLOSED|OPEN|HALF_OPEN|RECOVERING) \\| ([A-Z_]+) \\| ([A-Z_]+) \\|");

    @Test
    void theBreakersTableIsThatOfTheCode() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("signalbox.root"), "docs", "routing.md"));
        List<String> written = ROW.matcher(page).results()
                .map(row -> row.group(1) + " " + row.group(2) + " " + row.group(3))
                .toList();
        assertThat(written).containsExactlyElementsOf(BreakerState.Move.ALL.stream()
                .map(move -> move.from() + " " + move.event() + " " + move.to()).toList());
    }
}
