package dev.signalbox.cli;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;

/**
 * How the clients of a command reach Kafka and the registry.
 *
 * @param bootstrapServers {@code host:port,…}
 * @param registryUrl base URL of the schema registry
 * @param properties the user's client properties; may hold secrets
 */
public record Clients(String bootstrapServers, String registryUrl, Map<String, String> properties) {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    public Clients {
        properties = Map.copyOf(properties);
    }

    /** For every Kafka client and serde: the user's properties, bootstrap servers and registry. */
    public Map<String, Object> kafkaProperties() {
        Map<String, Object> all = new HashMap<>(properties);
        all.put("bootstrap.servers", bootstrapServers);
        all.put("schema.registry.url", registryUrl);
        return all;
    }

    /** For the registry's client: Confluent's keys. */
    public Map<String, Object> registryProperties() {
        Map<String, Object> own = new HashMap<>();
        properties.forEach((key, value) -> {
            if (key.startsWith("schema.registry.") || key.startsWith("basic.auth.")
                    || key.startsWith("bearer.auth.") || key.equals("auto.register.schemas")
                    || key.equals("use.latest.version")) {
                own.put(key, value);
            }
        });
        own.put("schema.registry.url", registryUrl);
        return own;
    }

    /** An admin client that gives up soon, as fits a person who waits. */
    public Admin admin() {
        Map<String, Object> all = new HashMap<>(properties);
        all.put("bootstrap.servers", bootstrapServers);
        all.putIfAbsent(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis() / 2);
        all.putIfAbsent(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis());
        try {
            return Admin.create(all);
        } catch (RuntimeException e) {
            throw KafkaTrouble.of(e, bootstrapServers);
        }
    }

    /** The cluster's id. Fails clearly where Kafka cannot be reached or refuses us. */
    public String clusterId() throws InterruptedException {
        try (Admin admin = admin()) {
            return admin.describeCluster().clusterId().get(PATIENCE.toSeconds() + 2, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw KafkaTrouble.of(e.getCause() == null ? e : e.getCause(), bootstrapServers);
        } catch (java.util.concurrent.TimeoutException e) {
            throw KafkaTrouble.of(e, bootstrapServers);
        }
    }

    @Override
    public String toString() {
        return "Clients[" + bootstrapServers + ", " + registryUrl + ", " + properties.keySet() + "]";
    }
}
