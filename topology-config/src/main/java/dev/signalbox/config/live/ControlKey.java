package dev.signalbox.config.live;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.PoolName;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Keys of {@code llm.control}: what kind of thing an order acts on, a slash, its name; of a configuration its generation. */
public final class ControlKey {
    private static final String DEPLOYMENT = "deployment/";
    private static final String WORKER = "worker/";
    private static final String POOL = "pool/";
    private static final String TENANT = "tenant/";
    private static final String CONFIGURATION = "configuration/";

    private ControlKey() {
    }

    public static String of(DeploymentName deployment) {
        return DEPLOYMENT + deployment;
    }

    public static String ofWorker(String name) {
        return WORKER + name;
    }

    public static String of(PoolName pool) {
        return POOL + pool.value();
    }

    public static String ofTenant(String name) {
        return TENANT + name;
    }

    /** Of the record that tells who put that generation of the configuration in force. */
    public static String ofConfiguration(long generation) {
        return CONFIGURATION + generation;
    }

    /** The deployment that a record is about; empty for another kind of thing. */
    public static Optional<DeploymentName> deployment(byte @Nullable [] key) {
        String text = key == null ? "" : new String(key, StandardCharsets.UTF_8);
        return text.startsWith(DEPLOYMENT) && text.indexOf('/', DEPLOYMENT.length()) > 0
                ? Optional.of(DeploymentName.parse(text.substring(DEPLOYMENT.length())))
                : Optional.empty();
    }

    /** Name of the worker that a record is about; empty for another kind of thing. */
    public static Optional<String> worker(byte @Nullable [] key) {
        return named(key, WORKER);
    }

    /** The pool that a record is about; empty for another kind of thing. */
    public static Optional<PoolName> pool(byte @Nullable [] key) {
        return named(key, POOL).map(PoolName::new);
    }

    /** Name of the tenant that a record is about; empty for another kind of thing. */
    public static Optional<String> tenant(byte @Nullable [] key) {
        return named(key, TENANT);
    }

    /** Whether a record tells of a configuration that was put in force. */
    public static boolean isConfiguration(byte @Nullable [] key) {
        return named(key, CONFIGURATION).isPresent();
    }

    private static Optional<String> named(byte @Nullable [] key, String kind) {
        String text = key == null ? "" : new String(key, StandardCharsets.UTF_8);
        return text.startsWith(kind) && text.length() > kind.length()
                ? Optional.of(text.substring(kind.length()))
                : Optional.empty();
    }
}
