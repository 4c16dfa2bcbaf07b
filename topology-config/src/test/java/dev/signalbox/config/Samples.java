package dev.signalbox.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Configurations for tests, and the environment that they are read in. */
final class Samples {
    static final String SMALLEST = """
            pools:
              main: { use_cases: [otherwise] }
            deployments:
              openai.direct/gpt:
                vendor: openai
                model_id: gpt-4.1
            routes:
              gpt: { prod: { otherwise: { sequence: [openai.direct] } } }
            """;
    private static final Map<String, String> ENVIRONMENT = Map.of("ANTHROPIC_API_KEY", "12345", "OPENAI_API_KEY", "one",
            "OPENAI_API_KEY_2", "two", "PORT", "8123", "WEBHOOK", "https://hooks/x", "EMPTY", "", "CANARY",
            "sk-canary-value");

    private Samples() {
    }

    static ReadResult read(Path file, String yaml) {
        return ConfigurationReader.read(file.toString(), yaml, name -> Optional.ofNullable(ENVIRONMENT.get(name)));
    }

    static String text(String resource) {
        try (InputStream stream = Samples.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalArgumentException("no resource " + resource);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
