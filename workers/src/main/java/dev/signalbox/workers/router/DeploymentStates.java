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

    private final Map<CredentialKey, Breaker> credentials = new HashMap<>();

    DeploymentStates(Configuration configuration) {
        configuration.deployments().values().forEach(deployment -> byName.put(deployment.name(),
                new DeploymentState(deployment, configuration.pools(), credential(deployment, credentials))));
    }

    /** After another configuration: what stays is the same object, what is gone leaves. */
    private DeploymentStates(DeploymentStates before, Configuration configuration, long nowNanos) {
        Map<CredentialKey, Breaker> known = new HashMap<>(before.credentials);
        for (Deployment deployment : configuration.deployments().values()) {
            DeploymentState state = before.byName.get(deployment.name());
            Breaker credential = credential(deployment, known);
            if (state == null) {
                state = new DeploymentState(deployment, configuration.pools(), credential);
            } else {
                state.become(deployment, configuration.pools(), credential, nowNanos);
            }
            byName.put(deployment.name(), state);
            credentials.put(key(deployment), credential);
        }
        before.byName.forEach((name, state) -> {
            if (!byName.containsKey(name)) {
                state.leave();
            }
        });
    }

    /** What is known by another configuration; those that stay change with it, also for who holds the old ones. */
    DeploymentStates become(Configuration configuration, long nowNanos) {
        return new DeploymentStates(this, configuration, nowNanos);
    }

    private static CredentialKey key(Deployment deployment) {
        return new CredentialKey(deployment.vendor().name(),
                deployment.credentials().stream().map(Secret::reference).toList());
    }

    private static Breaker credential(Deployment deployment, Map<CredentialKey, Breaker> known) {
        CredentialKey key = key(deployment);
        return key.references().isEmpty()
                ? new Breaker(Breaker.Settings.SETTING)
                : known.computeIfAbsent(key, same -> new Breaker(Breaker.Settings.SETTING));
    }

    boolean has(DeploymentName name) {
        return byName.containsKey(name);
    }

    DeploymentState of(DeploymentName name) {
        return Objects.requireNonNull(byName.get(name), "the reader has resolved every name");
    }

    Iterable<DeploymentState> all() {
        return byName.values();
    }
}
