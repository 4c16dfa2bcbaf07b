package dev.signalbox.dispatcher;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.signalbox.dispatcher.health.HealthReader;
import dev.signalbox.schemas.serde.JsonRecords;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.streams.errors.InvalidStateStoreException;

/**
 * The operators' view: {@code /livez}, {@code /readyz}, {@code /metrics}, and on a loopback address {@code /deployments}
 * and {@code /deployments/<name>}, JSON records as {@code llm.health} has them, of the deployments of this instance's
 * tasks, {@code /redundancy} and {@code /alerts}, as their topics have them, of the whole fleet. 503 while the stores move or are restored, 404 for an unknown name.
 */
final class OperatorView implements AutoCloseable {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
    private static final String JSON = "application/json";
    private static final String DEPLOYMENTS = "/deployments";

    private final HttpServer server;
    private final HealthReader healths;
    private final Set<String> configured;
    private final JsonRecords records = new JsonRecords();

    /**
     * @param address port 0 for a free one
     * @param configured names of deployments that are shown before their first call
     * @throws UncheckedIOException if the port is in use
     */
    OperatorView(InetSocketAddress address, BooleanSupplier live, BooleanSupplier ready, Supplier<String> metrics,
            HealthReader healths, FleetReports reports, Set<String> configured) {
        this.healths = healths;
        this.configured = Set.copyOf(configured);
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot serve " + address.getHostString() + ":" + address.getPort()
                    + " for the operators' view; choose another port", e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/livez", exchange -> state(exchange, live.getAsBoolean(), "live"));
        server.createContext("/readyz", exchange -> state(exchange, ready.getAsBoolean(), "ready"));
        server.createContext("/metrics", exchange -> answer(exchange, 200, PROMETHEUS, metrics.get()));
        if (address.getAddress() != null && address.getAddress().isLoopbackAddress()) {
            server.createContext(DEPLOYMENTS, this::deployments);
            server.createContext("/redundancy",
                    exchange -> all(exchange, "routes", reports.routes().map(records::write)));
            server.createContext("/alerts", exchange -> all(exchange, "alerts", reports.alerts().map(records::write)));
        }
    }

    void start() {
        server.start();
    }

    private void deployments(HttpExchange exchange) throws IOException {
        String rest = exchange.getRequestURI().getPath().substring(DEPLOYMENTS.length());
        try {
            SortedSet<String> names = new TreeSet<>(configured);
            names.addAll(healths.seen());
            if (rest.isEmpty() || rest.equals("/")) {
                answer(exchange, 200, JSON, names.stream().map(this::json)
                        .collect(Collectors.joining(",\n", "{\"deployments\":[\n", "\n]}\n")));
            } else if (rest.startsWith("/") && names.contains(rest.substring(1))) {
                answer(exchange, 200, JSON, json(rest.substring(1)) + "\n");
            } else {
                answer(exchange, 404, TEXT, "no such deployment; " + DEPLOYMENTS + " lists them\n");
            }
        } catch (InvalidStateStoreException e) {
            answer(exchange, 503, TEXT, "the state is being moved or restored; try again\n");
        }
    }

    private String json(String deployment) {
        return new String(records.write(healths.health(deployment)), StandardCharsets.UTF_8);
    }

    private static void all(HttpExchange exchange, String name, Stream<byte[]> records) throws IOException {
        answer(exchange, 200, JSON, records.map(json -> new String(json, StandardCharsets.UTF_8))
                .collect(Collectors.joining(",\n", "{\"" + name + "\":[\n", "\n]}\n")));
    }

    private static void state(HttpExchange exchange, boolean holds, String state) throws IOException {
        answer(exchange, holds ? 200 : 503, TEXT, (holds ? state : "not " + state) + "\n");
    }

    private static void answer(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        try (exchange) {
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    /** The port it listens on. */
    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
