package dev.signalbox.workers.vendor.translation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
class TranslationTableTest {
    /** Run with {@code -Dsignalbox.write-docs=true} to write the page anew. */
    @Test
    void thePageIsWhatTheCodeCarries() throws IOException {
        Path page = Path.of(System.getProperty("signalbox.root", ".."), "docs", "translation.md");
        if (Boolean.getBoolean("signalbox.write-docs")) {
            Files.writeString(page, TranslationTable.markdown());
        }
        assertThat(Files.readString(page)).isEqualTo(TranslationTable.markdown());
    }
}
