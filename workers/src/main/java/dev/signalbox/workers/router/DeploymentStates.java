package dev.signalbox.workers.router;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Secret;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What this worker knows of every deployment. A pure model, for one caller at a time. */
final class DeploymentStates {
    private final Map<DeploymentName, DeploymentState> byName = new LinkedHashMap<>();

    private record CredentialKey(String vendor, List<String> references) {
    }

    DeploymentStates(Configuration configuration) {
        Map<CredentialKey, Breaker> credentials = new HashMap<>();
        for (Deployment deployment : configuration.deployments().values()) {
            CredentialKey key = new CredentialKey(deployment.vendor().name(),
                    deployment.credentials().stream().map(Secret::reference).toList());
            Breaker credential = key.references().isEmpty()
                    ? new Breaker(Breaker.Settings.SETTING)
                    : credentials.computeIfAbsent(key, same -> new Breaker(Breaker.Settings.SETTING));
            byName.put(deployment.name(), new DeploymentState(deployment, configuration.pools(), credential));
        }
    }

    DeploymentState of(DeploymentName name) {
        return Objects.requireNonNull(byName.get(name), "the reader has resolved every name");
    }

    Iterable<DeploymentState> all() {
        return byName.values();
    }
}
