package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The page's diagram is the table's; the topology's picture is held by {@code DispatcherTopologyTest}. */
class DocumentTest {
    @Test
    void theDiagramInTheDocumentIsThatOfTheTable() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("signalbox.root"), "docs", "dispatcher.md"));

        assertThat(page).contains("```mermaid\n" + HealthTransitions.diagram() + "```\n");
        assertThat(page).contains("```mermaid\n" + ProbeTransitions.diagram() + "```\n");
        for (HealthSignal signal : HealthSignal.values()) {
            assertThat(page).contains("| `" + signal + "` |");
        }
    }
}
