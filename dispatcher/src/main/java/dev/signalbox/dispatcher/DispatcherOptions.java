package dev.signalbox.dispatcher;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.config.backlog.DoneAhead;
import dev.signalbox.config.live.ConfigurationSource;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a dispatcher process is started with.
 *
 * @param configuration where it has its configuration from: whose deployments are shown also before their first call
 * @param clientProperties for every Kafka client: {@code bootstrap.servers}, security and whatever else was passed
 * @param registryProperties Confluent's configuration keys, {@code schema.registry.url} at least
 * @param stateDir folder that Kafka Streams may use, no other instance's; state itself is in memory and in Kafka, so it
 *        may be a fresh one
 * @param admin where the operators' view is
 * @param advertisedHost by which the other instances reach that view
 * @param standbyReplicas copies of each store at other instances, which take over without reading it all again; 0 to 10
 * @param doneAhead how the workers' commits are read
 */
public record DispatcherOptions(ConfigurationSource configuration, Map<String, Object> clientProperties,
        Map<String, Object> registryProperties, Path stateDir, AdminListener admin, String advertisedHost,
        int standbyReplicas, DoneAhead doneAhead) {
    private static final int MOST_STANDBYS = 10;

    public DispatcherOptions {
        clientProperties = Map.copyOf(clientProperties);
        registryProperties = Map.copyOf(registryProperties);
        if (standbyReplicas < 0 || standbyReplicas > MOST_STANDBYS) {
            throw new IllegalArgumentException(standbyReplicas + " standby replicas; there may be 0 to "
                    + MOST_STANDBYS);
        }
    }

    /**
     * Shows its view on a free loopback port; without standbys. Until {@link #withDoneAhead} all
     * behind a request that takes long counts as waiting.
     */
    public static DispatcherOptions of(Configuration configuration, Map<String, Object> clientProperties,
            Map<String, Object> registryProperties, Path stateDir) {
        return of(new ConfigurationSource.Fixed(configuration), clientProperties, registryProperties, stateDir);
    }

    /** The same with a configuration that may come from Kafka and change. */
    public static DispatcherOptions of(ConfigurationSource configuration, Map<String, Object> clientProperties,
            Map<String, Object> registryProperties, Path stateDir) {
        AdminListener admin = AdminListener.loopback();
        return new DispatcherOptions(configuration, clientProperties, registryProperties, stateDir, admin,
                admin.address().getAddress().getHostAddress(), 0, DoneAhead.UNKNOWN);
    }

    public DispatcherOptions withAdmin(AdminListener listener, String host) {
        return new DispatcherOptions(configuration, clientProperties, registryProperties, stateDir, listener, host,
                standbyReplicas, doneAhead);
    }

    public DispatcherOptions withStandbyReplicas(int replicas) {
        return new DispatcherOptions(configuration, clientProperties, registryProperties, stateDir, admin,
                advertisedHost, replicas, doneAhead);
    }

    public DispatcherOptions withDoneAhead(DoneAhead reader) {
        return new DispatcherOptions(configuration, clientProperties, registryProperties, stateDir, admin,
                advertisedHost, standbyReplicas, reader);
    }

    /** By which others reach a listener: its own host, or this machine's name where it listens at all addresses. */
    public static String reachableHost(AdminListener listener) {
        InetAddress address = listener.address().getAddress();
        if (!address.isAnyLocalAddress()) {
            return listener.address().getHostString();
        }
        try {
            return InetAddress.getLocalHost().getCanonicalHostName();
        } catch (UnknownHostException e) {
            return address.getHostAddress();
        }
    }
}
