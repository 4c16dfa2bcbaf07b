package dev.signalbox.embedded;

/**
 * How an embedded stack differs from the default one.
 *
 * @param broker the broker's part
 * @param registryPort of the registry on 127.0.0.1; 0 takes any free one
 * @param compatibility what the registry asks of new versions where nothing else was set in it
 */
public record EmbeddedOptions(BrokerOptions broker, int registryPort, CompatibilityLevel compatibility) {
    public EmbeddedOptions {
        if (registryPort < 0 || registryPort > 65_535) {
            throw new IllegalArgumentException("port " + registryPort + " is not within 0 to 65535");
        }
    }

    /** Free ports, and the compatibility that the project promises for its schemas. */
    public static EmbeddedOptions defaults() {
        return new EmbeddedOptions(BrokerOptions.defaults(), 0, CompatibilityLevel.FULL_TRANSITIVE);
    }

    public EmbeddedOptions withBrokerPort(int port) {
        return new EmbeddedOptions(broker.withPort(port), registryPort, compatibility);
    }

    public EmbeddedOptions withRegistryPort(int port) {
        return new EmbeddedOptions(broker, port, compatibility);
    }
}
