package dev.signalbox.dispatcher;

import dev.signalbox.config.Configuration;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a dispatcher process is started with.
 *
 * @param configuration the whole configuration: its deployments are shown also before their first call
 * @param clientProperties for every Kafka client: {@code bootstrap.servers}, security and whatever else was passed
 * @param registryProperties Confluent's configuration keys, {@code schema.registry.url} at least
 * @param stateDir folder that Kafka Streams may use; state itself is in memory and in Kafka, so it may be a fresh one
 * @param admin where the operators' view is; port 0 for a free one. The deployments are shown on a loopback address only
 */
public record DispatcherOptions(Configuration configuration, Map<String, Object> clientProperties,
        Map<String, Object> registryProperties, Path stateDir, InetSocketAddress admin) {
    public DispatcherOptions {
        clientProperties = Map.copyOf(clientProperties);
        registryProperties = Map.copyOf(registryProperties);
    }

    /** Shows its view on a free loopback port. */
    public static DispatcherOptions of(Configuration configuration, Map<String, Object> clientProperties,
            Map<String, Object> registryProperties, Path stateDir) {
        return new DispatcherOptions(configuration, clientProperties, registryProperties, stateDir,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }
}
