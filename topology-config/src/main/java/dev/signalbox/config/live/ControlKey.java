package dev.signalbox.config.live;

import dev.signalbox.config.DeploymentName;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Keys of {@code llm.control}: what kind of thing an order acts on, a slash, its name. */
public final class ControlKey {
    private static final String DEPLOYMENT = "deployment/";

    private ControlKey() {
    }

    public static String of(DeploymentName deployment) {
        return DEPLOYMENT + deployment;
    }

    /** The deployment that a record is about; empty for another kind of thing. */
    public static Optional<DeploymentName> deployment(byte @Nullable [] key) {
        String text = key == null ? "" : new String(key, StandardCharsets.UTF_8);
        return text.startsWith(DEPLOYMENT) && text.indexOf('/', DEPLOYMENT.length()) > 0
                ? Optional.of(DeploymentName.parse(text.substring(DEPLOYMENT.length())))
                : Optional.empty();
    }
}
