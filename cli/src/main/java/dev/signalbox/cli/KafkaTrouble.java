package dev.signalbox.cli;

import dev.signalbox.schemas.serde.SchemaRegistryException;
import java.io.IOException;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/** Says what keeps us from Kafka or its registry in one line, with the cure. */
public final class KafkaTrouble {
    private KafkaTrouble() {
    }

    /** @param bootstrapServers whom we tried to reach */
    public static CommandFailure of(Throwable trouble, String bootstrapServers) {
        for (Throwable cause = trouble; cause != null; cause = cause.getCause()) {
            String text = firstLine(cause);
            switch (cause) {
                case CommandFailure failure -> {
                    return failure;
                }
                case AuthenticationException refused -> {
                    return unreachable("Kafka at " + bootstrapServers + " refuses the credentials (" + text
                            + "); check sasl.* and ssl.* in the file given by --command-config", trouble);
                }
                case AuthorizationException refused -> {
                    return unreachable("Kafka at " + bootstrapServers + " does not allow this (" + text
                            + "); the user needs an ACL for it", trouble);
                }
                case SchemaRegistryException registry -> {
                    return unreachable("schema registry: " + text
                            + (registry.status() == 0 ? "; check --schema-registry-url" : ""), trouble);
                }
                case ConfigException wrong when text.contains("bootstrap") -> {
                    return unreachable("cannot reach Kafka at " + bootstrapServers + " (" + text
                            + "); check --bootstrap-server", trouble);
                }
                case ConfigException wrong -> {
                    return new CommandFailure(ExitCode.USAGE, "Kafka client property: " + text
                            + "; check --command-config and --command-property", trouble);
                }
                case UnsupportedVersionException old -> {
                    return unreachable("Kafka at " + bootstrapServers + " is too old (" + text
                            + "); Signalbox needs 3.7 or later", trouble);
                }
                default -> {
                    continue;
                }
            }
        }
        if (isSilence(trouble)) {
            return unreachable("cannot reach Kafka at " + bootstrapServers
                    + ": no answer; check that it runs, --bootstrap-server, and security.protocol in --command-config",
                    trouble);
        }
        Throwable root = trouble;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return unreachable("Kafka at " + bootstrapServers + ": " + root.getClass().getSimpleName() + ": "
                + firstLine(root), trouble);
    }

    private static boolean isSilence(Throwable trouble) {
        for (Throwable cause = trouble; cause != null; cause = cause.getCause()) {
            if (cause instanceof RetriableException || cause instanceof TimeoutException
                    || cause instanceof IOException) {
                return true;
            }
        }
        return false;
    }

    private static CommandFailure unreachable(String line, Throwable cause) {
        return new CommandFailure(ExitCode.UNREACHABLE, line, cause);
    }

    private static String firstLine(Throwable cause) {
        String text = String.valueOf(cause.getMessage());
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }
}
