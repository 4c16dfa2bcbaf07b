package dev.signalbox.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A secret, resolved from its reference. Its text form is the reference, never the value, so that it can stand in logs
 * and printed configurations.
 *
 * @param reference as the operator wrote it: {@code ${env:NAME}} or {@code ${file:/path}}
 * @param value the secret itself
 * @param file where the value was read, absolute; empty if it is not a file's
 */
public record Secret(String reference, String value, Optional<Path> file) {
    public Secret(String reference, String value) {
        this(reference, value, Optional.empty());
    }

    /** What its file holds now; empty if it has none, or the file cannot be read, is blank or larger than 64 KB. */
    public Optional<Secret> readAgain() {
        return file.flatMap(path -> References.text(path, complaint -> {
        })).filter(text -> !text.isBlank()).map(text -> new Secret(reference, text, file));
    }

    @Override
    public String toString() {
        return reference;
    }
}
