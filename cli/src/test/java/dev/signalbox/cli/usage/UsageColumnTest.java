package dev.signalbox.cli.usage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class UsageColumnTest {
    @Test
    void thePageNamesEachColumnAndFormat() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("signalbox.root"), "docs", "usage.md"));
        assertThat(UsageColumn.ALL).allSatisfy(column -> assertThat(page).contains("`" + column.name() + "`"));
        assertThat(UsageDimension.values())
                .allSatisfy(dimension -> assertThat(page).contains("`" + dimension.label() + "`"));
        assertThat(UsageExport.Format.values())
                .allSatisfy(
                        format -> assertThat(page).contains("| `" + format.name().toLowerCase(java.util.Locale.ROOT)));
    }
}
