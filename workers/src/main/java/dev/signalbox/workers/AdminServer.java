package dev.signalbox.workers;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * {@code /livez}, {@code /readyz}, {@code /metrics} and pages of a process. A vendor's outage never fails liveness: live means
 * that the poll threads turn, ready that requests are being taken.
 */
public final class AdminServer implements AutoCloseable {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;

    /**
     * @param address port 0 for a free one; loopback unless an operator wants otherwise
     * @param metrics in Prometheus' text format
     * @throws UncheckedIOException if the port is in use
     */
    public AdminServer(InetSocketAddress address, BooleanSupplier live, BooleanSupplier ready,
            Supplier<String> metrics) {
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot serve " + address.getHostString() + ":" + address.getPort()
                    + " for health and metrics; choose another port", e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/livez", exchange -> state(exchange, live.getAsBoolean(), "live"));
        server.createContext("/readyz", exchange -> state(exchange, ready.getAsBoolean(), "ready"));
        server.createContext("/metrics", exchange -> answer(exchange, 200, PROMETHEUS, metrics.get()));
        server.start();
    }

    /** Serves a JSON document as well, where the address is a loopback one. */
    public void loopbackPage(String path, Supplier<String> json) {
        if (server.getAddress().getAddress().isLoopbackAddress()) {
            server.createContext(path, exchange -> answer(exchange, 200, "application/json", json.get()));
        }
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
    public int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
