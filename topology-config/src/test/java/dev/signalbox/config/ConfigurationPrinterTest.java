package dev.signalbox.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-2")
class ConfigurationPrinterTest {
    @TempDir
    Path folder;

    @BeforeEach
    void keyFile() throws IOException {
        Files.writeString(folder.resolve("bedrock.key"), "bedrock-secret");
    }

    private Configuration read(String yaml) {
        ReadResult result = Samples.read(folder.resolve("signalbox.yaml"), yaml);
        assertThat(result).isInstanceOf(ReadResult.Valid.class);
        return ((ReadResult.Valid) result).configuration();
    }

    @Test
    void what_is_printed_reads_as_the_same_configuration() {
        Configuration configuration = read(Samples.text("example.yaml"));
        assertThat(read(ConfigurationPrinter.yaml(configuration))).isEqualTo(configuration);
        assertThat(read(ConfigurationPrinter.json(configuration))).isEqualTo(configuration);
    }

    @Test
    void what_was_left_out_is_printed_with_its_default() {
        assertThat(ConfigurationPrinter.yaml(read(Samples.SMALLEST))).contains("environment: \"prod\"",
                "max_in_flight: 2000", "base_url: \"https://api.openai.com/v1\"", "first_token: \"30s\"",
                "partitions: 12", "request_retention: \"8d\"");
    }

    @Test
    void secrets_are_printed_as_the_references_that_they_are() {
        Configuration configuration = read(Samples.text("example.yaml"));
        assertThat(ConfigurationPrinter.yaml(configuration))
                .contains("${env:ANTHROPIC_API_KEY}", "${file:bedrock.key}", "${env:WEBHOOK}")
                .doesNotContain("12345\n", "bedrock-secret", "hooks/x");
        assertThat(configuration.toString()).doesNotContain("bedrock-secret", "hooks/x");
    }
}
