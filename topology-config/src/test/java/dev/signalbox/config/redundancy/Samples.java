package dev.signalbox.config.redundancy;

import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Configurations for tests; a variable's value is {@code value of} and its name. */
final class Samples {
    private Samples() {
    }

    static String text(String resource) {
        try (InputStream in = Samples.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalArgumentException("no resource " + resource);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ReadResult.Valid read(String yaml) {
        return switch (ConfigurationReader.read("sample.yaml", yaml, name -> Optional.of("value of " + name))) {
            case ReadResult.Valid valid -> valid;
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    static RedundancyReport assess(String yaml) {
        return Redundancy.assess(read(yaml).configuration());
    }

    /** {@code weakness path} of each finding. */
    static List<String> found(String yaml) {
        return assess(yaml).findings().stream().map(finding -> finding.weakness() + " " + finding.spokenPath())
                .toList();
    }
}
