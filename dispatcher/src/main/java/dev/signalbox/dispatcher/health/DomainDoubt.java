package dev.signalbox.dispatcher.health;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.redundancy.Outages;
import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which deployments are in doubt because others of a failure domain of theirs are out: one worker's word is enough against them. Told what
 * {@code llm.health} says of all deployments, of which a task sees its own only. Thread-safe; at most {@value #MOST_NAMES}
 * deployments, further ones are not known.
 */
public final class DomainDoubt implements Predicate<String> {
    private static final int MOST_NAMES = 10_000;
    /** What was told earlier than that before the latest telling says nothing of now. */
    private static final Duration OLD = Duration.ofSeconds(60);

    private final Supplier<Configuration> configuration;
    private final Map<DeploymentName, Told> told = new HashMap<>();
    private long latestMillis;
    private volatile Doubted doubted = new Doubted(Set.of(), null);

    /** @param blame whom the failures that it is out for count against, as in {@link DeploymentHealth} */
    private record Told(boolean out, @Nullable String blame, long asOfMillis) {
    }

    /** @param of the configuration that was asked */
    private record Doubted(Set<String> names, @Nullable Configuration of) {
    }

    /** @param configuration asked again each time */
    public DomainDoubt(Supplier<Configuration> configuration) {
        this.configuration = configuration;
    }

    /**
     * A record of {@code llm.health}.
     *
     * @param health null: it is forgotten
     */
    public synchronized void told(DeploymentName name, @Nullable DeploymentHealth health) {
        if (health == null) {
            told.remove(name);
        } else if (told.size() < MOST_NAMES || told.containsKey(name)) {
            boolean out = health.getState() == DeploymentState.EJECTED || health.getState() == DeploymentState.PROBING;
            Told before = told.get(name);
            // Its counts begin anew when it is tried: it is still out for what it was ejected for.
            String blame = out && health.getBlame() == null && before != null && before.out
                    ? before.blame
                    : health.getBlame();
            told.put(name, new Told(out, blame, health.getAsOfMillis()));
            latestMillis = Math.max(latestMillis, health.getAsOfMillis());
        }
        doubted = judge(configuration.get());
    }

    private Doubted judge(Configuration of) {
        Set<DeploymentName> endpoints = new HashSet<>();
        Set<DeploymentName> credentials = new HashSet<>();
        Set<DeploymentName> called = new HashSet<>();
        told.forEach((name, health) -> {
            if (latestMillis - health.asOfMillis <= OLD.toMillis()) {
                called.add(name);
                if (health.out && Blame.CREDENTIAL.name().equals(health.blame)) {
                    credentials.add(name);
                } else if (health.out && !Blame.MODEL.name().equals(health.blame)) {
                    endpoints.add(name);
                }
            }
        });
        Set<String> names = new HashSet<>();
        Outages.doubtful(of, endpoints, credentials, called).forEach(name -> names.add(name.toString()));
        return new Doubted(Set.copyOf(names), of);
    }

    /** Whether that deployment is in doubt. */
    @Override
    public boolean test(String deployment) {
        Doubted known = doubted;
        return known.names.contains(deployment) && configuration.get().equals(known.of);
    }
}
