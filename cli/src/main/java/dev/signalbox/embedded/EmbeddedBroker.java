package dev.signalbox.embedded;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real Kafka broker with its KRaft controller in this process, on 127.0.0.1 only. Its data survives restarts, a
 * kill -9 included. The quorum's voters are given by configuration and not kept in the data, hence the ports may differ
 * at each start. The caller holds the folder's lock.
 */
public final class EmbeddedBroker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);
    private static final String HOST = "127.0.0.1";
    /** A free port may be taken by another process between finding and binding it. */
    private static final int BIND_TRIES = 3;

    private final KafkaRaftServer server;
    private final Map<SecurityProtocol, Integer> ports;

    private EmbeddedBroker(KafkaRaftServer server, Map<SecurityProtocol, Integer> ports) {
        this.server = server;
        this.ports = ports;
    }

    /**
     * Starts on the data in {@code folder}, which is made when missing; returns when clients can connect.
     *
     * @throws PortInUseException when a given port is taken
     * @throws EmbeddedStartException when the broker refuses its data or settings
     */
    public static EmbeddedBroker start(Path folder, BrokerOptions options) throws EmbeddedStartException {
        for (int attempt = 1;; attempt++) {
            try {
                return startOnce(folder, options);
            } catch (PortInUseException e) {
                if (attempt == BIND_TRIES || e.port() == options.port()) {
                    throw e;
                }
            }
        }
    }

    private static EmbeddedBroker startOnce(Path folder, BrokerOptions options) throws EmbeddedStartException {
        Map<SecurityProtocol, Integer> ports = new EnumMap<>(SecurityProtocol.class);
        ports.put(SecurityProtocol.PLAINTEXT, freePort(options.port()));
        for (SecurityProtocol protocol : options.listeners()) {
            ports.put(protocol, freePort(0));
        }
        Properties settings = BrokerSettings.of(folder, HOST, ports, freePort(0));
        settings.putAll(options.properties());
        // A given port is known to others, whose workers may live on; a random one only to its own process.
        boolean deadMembers = options.port() == 0 && DeadMembers.mayBeIn(folder);
        try {
            format(folder);
        } catch (Exception e) {
            throw new EmbeddedStartException("The broker's data folder " + folder + " cannot be prepared: "
                    + e.getMessage() + ". Free space or rights may be missing.", e);
        }
        EmbeddedBroker broker = new EmbeddedBroker(
                startServer(folder, settings, ports.getOrDefault(SecurityProtocol.PLAINTEXT, 0)), ports);
        if (deadMembers) {
            DeadMembers.remove(broker.bootstrapServers());
        }
        return broker;
    }

    private static KafkaRaftServer startServer(Path folder, Properties settings, int port)
            throws EmbeddedStartException {
        KafkaRaftServer server = null;
        try {
            server = new KafkaRaftServer(KafkaConfig.fromProps(settings, false), Time.SYSTEM);
            server.startup();
            return server;
        } catch (RuntimeException e) {
            if (server != null) {
                server.shutdown();
            }
            if (isBindFailure(e)) {
                throw new PortInUseException("broker", port, e);
            }
            throw new EmbeddedStartException("The embedded broker does not start on " + folder + ": " + e.getMessage(),
                    e);
        }
    }

    private static boolean isBindFailure(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof BindException) {
                return true;
            }
        }
        return thrown instanceof KafkaException && String.valueOf(thrown.getMessage()).contains("failed to bind");
    }

    /** Kafka writes {@code meta.properties} last, so a format that was cut off is done again. */
    private static void format(Path folder) throws Exception {
        Files.createDirectories(folder);
        if (Files.exists(folder.resolve("meta.properties"))) {
            return;
        }
        new Formatter().setNodeId(BrokerSettings.NODE_ID).setClusterId(Uuid.randomUuid().toString())
                .addDirectory(folder.toString()).setMetadataLogDirectory(folder.toString())
                .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
                .setControllerListenerName(BrokerSettings.CONTROLLER_LISTENER).setIgnoreFormatted(true)
                .setPrintStream(new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8)).run();
    }

    /** The wanted port after a trial bind, or, for 0, one that was free just now. */
    private static int freePort(int wanted) throws EmbeddedStartException {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(InetAddress.ofLiteral(HOST), wanted));
            return probe.getLocalPort();
        } catch (IOException e) {
            throw new PortInUseException("broker", wanted, e);
        }
    }

    /** {@code host:port} of the plain listener. */
    public String bootstrapServers() {
        return bootstrapServers(SecurityProtocol.PLAINTEXT);
    }

    /** {@code host:port} of a listener. */
    public String bootstrapServers(SecurityProtocol protocol) {
        Integer port = ports.get(protocol);
        if (port == null) {
            throw new IllegalArgumentException("there is no listener of " + protocol);
        }
        // By name, since certificates are made for names.
        return (protocol == SecurityProtocol.PLAINTEXT ? HOST : "localhost") + ":" + port;
    }

    /**
     * Stops cleanly: flushes the logs and says farewell to the controller. Where that takes longer than 10 s (Kafka itself
     * waits 5 minutes for the farewell), it is left to end with the process: its data survives that.
     */
    @Override
    public void close() {
        Thread shutdown = Thread.ofPlatform().daemon().name("broker-shutdown").start(() -> {
            server.shutdown();
            server.awaitShutdown();
        });
        try {
            if (!shutdown.join(CLOSE_LIMIT)) {
                LOG.warn("the embedded broker does not stop within {}: {}", CLOSE_LIMIT,
                        Arrays.toString(shutdown.getStackTrace()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
