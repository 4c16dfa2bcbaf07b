package dev.signalbox.config;

import java.net.URI;
import java.util.Optional;

/**
 * Where alerts go besides the topic {@code llm.alerts}, and what is short of.
 *
 * @param webhook URL that gets each alert as JSON; a secret, since such URLs carry their own key
 * @param alertmanager base URL of a Prometheus Alertmanager
 * @param headroom wanted multiple of peak demand, such as 2.0
 * @param fallbackUnusedDays days after which a fallback that was never exercised is told
 */
public record AlertSettings(Optional<Secret> webhook, Optional<URI> alertmanager, double headroom,
        int fallbackUnusedDays) {
    public static final AlertSettings DEFAULT = new AlertSettings(Optional.empty(), Optional.empty(), 2, 30);
}
