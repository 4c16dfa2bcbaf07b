package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.config.live.ConfigurationSource;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.intake.Admission;
import dev.signalbox.workers.telemetry.Telemetry;
import java.util.Map;
import java.util.Set;

/**
 * What a worker process is started with.
 *
 * @param configuration where it has its configuration from
 * @param clientProperties for every Kafka client: {@code bootstrap.servers}, security and whatever else was passed
 * @param registryProperties Confluent's configuration keys, {@code schema.registry.url} at least
 * @param pools whose requests it serves; empty: every pool's
 * @param admission which records it serves
 * @param telemetry of requests and calls; the worker closes it
 * @param admin where {@code /livez}, {@code /readyz}, {@code /metrics} and the deployments are
 * @param alone whether it shares capacity with no other worker but by partitions: it asks for no leases
 */
public record WorkerOptions(ConfigurationSource configuration, Map<String, Object> clientProperties,
        Map<String, Object> registryProperties, Set<PoolName> pools, Admission admission, AdminListener admin,
        Telemetry telemetry, boolean alone) {
    public WorkerOptions {
        clientProperties = Map.copyOf(clientProperties);
        registryProperties = Map.copyOf(registryProperties);
        pools = Set.copyOf(pools);
    }

    /** Without telemetry. */
    public WorkerOptions(ConfigurationSource configuration, Map<String, Object> clientProperties,
            Map<String, Object> registryProperties, Set<PoolName> pools, Admission admission, AdminListener admin) {
        this(configuration, clientProperties, registryProperties, pools, admission, admin, Telemetry.OFF, false);
    }

    public WorkerOptions withTelemetry(Telemetry recorded) {
        return new WorkerOptions(configuration, clientProperties, registryProperties, pools, admission, admin,
                recorded, alone);
    }

    /** The same for the only worker of an installation. */
    public WorkerOptions withoutLeases() {
        return new WorkerOptions(configuration, clientProperties, registryProperties, pools, admission, admin,
                telemetry, true);
    }

    /** Serves every pool, admits everything, and shows its health on a free loopback port. */
    public static WorkerOptions of(Configuration configuration, Map<String, Object> clientProperties,
            Map<String, Object> registryProperties) {
        return of(new ConfigurationSource.Fixed(configuration), clientProperties, registryProperties);
    }

    /** The same with a configuration that may come from Kafka and change. */
    public static WorkerOptions of(ConfigurationSource configuration, Map<String, Object> clientProperties,
            Map<String, Object> registryProperties) {
        return new WorkerOptions(configuration, clientProperties, registryProperties, Set.of(), Admission.ALL,
                AdminListener.loopback());
    }

    /** Whether it serves that pool. */
    boolean serves(PoolName pool) {
        return pools.isEmpty() || pools.contains(pool);
    }
}
