package dev.signalbox.config;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

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

    /**
     * The secret that a text refers to; empty if it is not one reference and nothing else, or has no value.
     *
     * @param environment value of an environment variable
     * @param folder what a relative path is relative to
     * @param complaints gets what is wrong, never a value
     */
    public static Optional<Secret> resolve(String reference, Function<String, Optional<String>> environment,
            Path folder, Consumer<String> complaints) {
        if (!References.isWhole(reference)) {
            complaints.accept("a secret must be ${env:NAME} or ${file:path} and nothing else");
            return Optional.empty();
        }
        return new References(environment, folder, References.Missing.COMPLAIN).resolve(reference, complaints)
                .map(value -> new Secret(reference, value, References.file(reference, folder)));
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
