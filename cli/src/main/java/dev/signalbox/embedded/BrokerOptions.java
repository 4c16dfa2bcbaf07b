package dev.signalbox.embedded;

import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.security.auth.SecurityProtocol;

/**
 * How an embedded broker differs from the default one.
 *
 * @param port of the plain listener on 127.0.0.1; 0 takes any free one, which may differ at each start
 * @param listeners more listeners, each on a free port of 127.0.0.1; their keys and users come with the properties
 * @param properties broker properties that win over the defaults
 */
public record BrokerOptions(int port, Set<SecurityProtocol> listeners, Map<String, String> properties) {
    public BrokerOptions {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " is not within 0 to 65535");
        }
        if (listeners.contains(SecurityProtocol.PLAINTEXT)) {
            throw new IllegalArgumentException("the plain listener is always there");
        }
        listeners = Set.copyOf(listeners);
        properties = Map.copyOf(properties);
    }

    /** Any free port, no further listener. */
    public static BrokerOptions defaults() {
        return new BrokerOptions(0, Set.of(), Map.of());
    }

    public BrokerOptions withPort(int newPort) {
        return new BrokerOptions(newPort, listeners, properties);
    }
}
