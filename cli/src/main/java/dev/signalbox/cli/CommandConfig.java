package dev.signalbox.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The Kafka client properties that the user gives by {@code --command-config FILE} and {@code --command-property k=v},
 * as Kafka's own commands take them. They pass to every client: admin, producers, consumers.
 *
 * @param properties file's and overrides' together; hold secrets
 */
public record CommandConfig(Map<String, String> properties) {
    /** The user's mistake; the message is one line that names the file or option and the cure. */
    public static final class InvalidException extends Exception {
        private static final long serialVersionUID = 1L;

        InvalidException(String message) {
            super(message);
        }
    }

    public CommandConfig {
        properties = Map.copyOf(properties);
    }

    /**
     * @param file of Java properties, or null for none
     * @param overrides {@code key=value} each; win over the file, later ones over earlier ones
     */
    public static CommandConfig read(@Nullable Path file, List<String> overrides) throws InvalidException {
        Map<String, String> merged = new LinkedHashMap<>();
        if (file != null) {
            Properties fromFile = load(file);
            fromFile.stringPropertyNames().forEach(key -> merged.put(key, fromFile.getProperty(key).strip()));
        }
        for (String override : overrides) {
            int equals = override.indexOf('=');
            if (equals < 1) {
                // The value is not shown whole: it may be a secret typed with a wrong separator.
                throw new InvalidException("--command-property needs key=value; there is no '=' after a key in "
                        + override.substring(0, Math.min(12, override.length())) + "…");
            }
            merged.put(override.substring(0, equals).strip(), override.substring(equals + 1).strip());
        }
        return new CommandConfig(merged);
    }

    private static Properties load(Path file) throws InvalidException {
        Properties loaded = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            loaded.load(reader);
            return loaded;
        } catch (NoSuchFileException e) {
            throw new InvalidException("--command-config " + file + ": there is no such file.");
        } catch (IOException e) {
            throw new InvalidException("--command-config " + file + " cannot be read: " + e);
        } catch (IllegalArgumentException e) {
            throw new InvalidException("--command-config " + file + " is not a properties file: " + e.getMessage());
        }
    }

    /** These properties with the bootstrap servers, for any Kafka client. */
    public Map<String, String> clientProperties(String bootstrapServers) {
        Map<String, String> all = new LinkedHashMap<>(properties);
        all.put("bootstrap.servers", bootstrapServers);
        return all;
    }

    /** Names only: values may be secrets. */
    @Override
    public String toString() {
        return "CommandConfig" + properties.keySet();
    }
}
