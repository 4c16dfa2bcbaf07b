package dev.signalbox.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A schema registry on 127.0.0.1 that speaks the part of Confluent's REST API that serdes and tools use, for Avro. Its
 * data is the compacted topic {@code _schemas}, in the real registry's own record form.
 *
 * <p>Threads: one virtual thread a request reads the state's current value; only the writer thread appends records and
 * replaces the state, and decides again on what it then is. At most {@value #WAITING_CHANGES} changes wait.
 */
public final class EmbeddedRegistry implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedRegistry.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Connections that may wait to be accepted: a worker's burst of first requests. */
    private static final int BACKLOG = 256;
    private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";
    private static final int WAITING_CHANGES = 1_000;
    private static final int MAX_BODY_BYTES = 4 * 1024 * 1024;

    static {
        // The JDK's server otherwise waits for delayed acknowledgements, 40 ms an answer.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final HttpServer server;
    private final ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor();
    private final ExecutorService writer = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING_CHANGES), Thread.ofPlatform().name("registry-writer").daemon().factory());
    private final RegistryLog log;
    /** Replaced by the writer thread only. */
    private volatile RegistryState state;

    private EmbeddedRegistry(HttpServer server, RegistryLog log, RegistryState state) {
        this.server = server;
        this.log = log;
        this.state = state;
    }

    /**
     * Reads the topic and then answers requests.
     *
     * @param port 0 takes any free one
     * @param compatibility where the topic holds no other global level
     * @param clientProperties how to reach Kafka, {@code bootstrap.servers} and security
     * @throws PortInUseException when the port is taken
     * @throws EmbeddedStartException when the topic cannot be made or read
     */
    public static EmbeddedRegistry start(int port, CompatibilityLevel compatibility,
            Map<String, String> clientProperties) throws EmbeddedStartException {
        HttpServer server = bind(port);
        RegistryLog log = null;
        try {
            log = RegistryLog.open(clientProperties);
            RegistryState state = RegistryLog.read(RegistryState.empty(compatibility), clientProperties);
            EmbeddedRegistry registry = new EmbeddedRegistry(server, log, state);
            server.createContext("/", registry::handle);
            server.setExecutor(registry.requests);
            server.start();
            return registry;
        } catch (IOException e) {
            server.stop(0);
            if (log != null) {
                log.close();
            }
            throw new EmbeddedStartException("The embedded schema registry does not start: " + e.getMessage(), e);
        }
    }

    private static HttpServer bind(int port) throws EmbeddedStartException {
        try {
            return HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), BACKLOG);
        } catch (BindException e) {
            throw new PortInUseException("schema registry", port, e);
        } catch (IOException e) {
            throw new EmbeddedStartException("The embedded schema registry cannot listen on port " + port + ": " + e,
                    e);
        }
    }

    /** Base URL, without a slash at its end. */
    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            RegistryDecision decision = decide(exchange);
            byte[] body = JSON.writeValueAsBytes(decision.body());
            exchange.getResponseHeaders().set("Content-Type", CONTENT_TYPE);
            exchange.sendResponseHeaders(decision.status(), body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private RegistryDecision decide(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
        if (body.length > MAX_BODY_BYTES) {
            return RegistryDecision.error(413, "The body is larger than " + MAX_BODY_BYTES + " bytes");
        }
        try {
            JsonNode json = body.length == 0 ? MissingNode.getInstance() : JSON.readTree(body);
            RegistryRequest request = RegistryRequest.of(exchange.getRequestMethod(), exchange.getRequestURI(), json);
            RegistryDecision decision = RegistryRoutes.route(state, request);
            return decision.records().isEmpty() ? decision : change(request);
        } catch (JsonProcessingException e) {
            return RegistryDecision.error(400, "The body is not JSON: " + e.getOriginalMessage());
        } catch (IllegalArgumentException e) {
            return RegistryDecision.error(400, "The path is not well encoded: " + e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("The registry failed on {} {}", exchange.getRequestMethod(), exchange.getRequestURI(), e);
            return RegistryDecision.error(50001, "Error in the registry: " + e);
        }
    }

    private RegistryDecision change(RegistryRequest request) {
        try {
            return writer.submit(() -> decideAndAppend(request)).get();
        } catch (RejectedExecutionException e) {
            return RegistryDecision.error(50003, "Too many changes wait, or the registry stops");
        } catch (ExecutionException e) {
            return RegistryDecision.error(50001, "Error in the registry: " + e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return RegistryDecision.error(50003, "The registry stops");
        }
    }

    /** On the writer thread. What was appended counts even when a later record of the same change fails. */
    private RegistryDecision decideAndAppend(RegistryRequest request) throws IOException {
        RegistryDecision decision = RegistryRoutes.route(state, request);
        for (RegistryRecord record : decision.records()) {
            log.append(record);
            state = state.apply(record);
        }
        return decision;
    }

    @Override
    public void close() {
        server.stop(0);
        writer.shutdown();
        log.close();
        requests.shutdownNow();
    }
}
