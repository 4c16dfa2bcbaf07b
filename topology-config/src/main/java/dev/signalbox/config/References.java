package dev.signalbox.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts values in place of {@code ${env:NAME}} and {@code ${file:path}}, wherever in a text they stand.
 *
 * @param environment value of an environment variable
 * @param folder what relative paths are relative to
 * @param missing what is done where there is no value
 */
record References(Function<String, Optional<String>> environment, Path folder, Missing missing) {
    /** Something that can be a URL, a host, a port, a number or a secret, so that the rest can be judged. */
    private static final String ASSUMED_PART = "9";
    private static final String ASSUMED_WHOLE = "http://127.0.0.1:9/assumed";

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^}:]*)(?::([^}]*))?\\}");
    private static final Pattern WHOLE = Pattern.compile("\\$\\{(env|file):[^}]+\\}");
    /** A secret or a setting, not a document. */
    private static final long MAX_FILE_BYTES = 64 << 10;

    /** What becomes of references without a value. */
    enum Missing {
        /** They are complained of. */
        COMPLAIN,
        /** They have one elsewhere: a made-up one takes its place. */
        ASSUME,
        /** All references stay as they were written. */
        KEEP
    }

    static boolean occursIn(String text) {
        return REFERENCE.matcher(text).find();
    }

    /** Whether a text is one reference and nothing else, as a secret has to be. */
    static boolean isWhole(String text) {
        return WHOLE.matcher(text).matches();
    }

    /**
     * The text with values put in; empty if one could not be had.
     *
     * @param complaints gets what is wrong with each reference that has no value
     */
    Optional<String> resolve(String text, Consumer<String> complaints) {
        return switch (missing) {
            case KEEP -> Optional.of(text);
            case ASSUME -> {
                Optional<String> found = valued(text, complaint -> {
                });
                yield found.isPresent()
                        ? found
                        : Optional.of(isWhole(text) ? ASSUMED_WHOLE : REFERENCE.matcher(text).replaceAll(ASSUMED_PART));
            }
            case COMPLAIN -> valued(text, complaints);
        };
    }

    private Optional<String> valued(String text, Consumer<String> complaints) {
        Matcher matcher = REFERENCE.matcher(text);
        StringBuilder result = new StringBuilder();
        boolean complete = true;
        while (matcher.find()) {
            String name = matcher.group(2);
            Optional<String> value = name == null
                    ? Optional.empty()
                    : value(matcher.group(), matcher.group(1), name, complaints);
            if (name == null) {
                complaints.accept("\"" + matcher.group() + "\" is not a reference: write ${env:NAME} or ${file:path}");
            }
            complete &= value.isPresent();
            matcher.appendReplacement(result, Matcher.quoteReplacement(value.orElse("")));
        }
        matcher.appendTail(result);
        return complete ? Optional.of(result.toString()) : Optional.empty();
    }

    private Optional<String> value(String reference, String kind, String name, Consumer<String> complaints) {
        return switch (kind) {
            case "env" -> {
                Optional<String> value = environment.apply(name);
                if (value.isEmpty()) {
                    complaints.accept("environment variable \"" + name + "\" is not set");
                }
                yield value;
            }
            case "file" -> {
                yield file(name, complaints);
            }
            default -> {
                String known = Suggestion.nearest(kind, List.of("env", "file"))
                        .map(word -> ", did you mean \"" + word + "\"?")
                        .orElse(": write ${env:NAME} or ${file:path}");
                complaints.accept("\"" + reference + "\" refers to neither env nor file" + known);
                yield Optional.empty();
            }
        };
    }

    /** The file that a text refers to, if it is one reference to a file and nothing else. */
    static Optional<Path> file(String text, Path folder) {
        Matcher matcher = REFERENCE.matcher(text);
        return matcher.matches() && "file".equals(matcher.group(1))
                ? Optional.of(folder.resolve(matcher.group(2)).toAbsolutePath())
                : Optional.empty();
    }

    private Optional<String> file(String name, Consumer<String> complaints) {
        try {
            return text(folder.resolve(name), complaints);
        } catch (InvalidPathException e) {
            complaints.accept("\"" + name + "\" is not a path");
            return Optional.empty();
        }
    }

    /**
     * The file's text without its line end; empty if it cannot be had.
     *
     * @param complaints gets what is wrong with the file, never what is in it
     */
    static Optional<String> text(Path path, Consumer<String> complaints) {
        try {
            if (!Files.exists(path)) {
                complaints.accept("file \"" + path + "\" does not exist");
            } else if (!Files.isRegularFile(path)) {
                complaints.accept("\"" + path + "\" is not a file");
            } else if (Files.size(path) > MAX_FILE_BYTES) {
                complaints.accept("file \"" + path + "\" is larger than 64 KB");
            } else {
                return Optional.of(Files.readString(path).stripTrailing());
            }
        } catch (CharacterCodingException e) {
            complaints.accept("file \"" + path + "\" is not UTF-8 text");
        } catch (IOException e) {
            complaints.accept("file \"" + path + "\" cannot be read (" + e.getClass().getSimpleName() + ")");
        }
        return Optional.empty();
    }
}
