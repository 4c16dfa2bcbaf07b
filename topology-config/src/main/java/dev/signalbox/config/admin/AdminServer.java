package dev.signalbox.config.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.signalbox.config.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /livez}, {@code /readyz}, {@code /metrics} and pages of a process, for reading only. The first two are open to
 * all who reach the address and say no more than yes or no; everything else asks for the listener's token, if it has one
 * (401). At most {@value #AT_ONCE} requests are answered at once, further ones get 503.
 */
public final class AdminServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
    private static final String BEARER = "Bearer ";
    static final int AT_ONCE = 64;

    private final HttpServer server;
    private final Optional<Secret> token;
    private final Semaphore places = new Semaphore(AT_ONCE);

    /**
     * Takes the port. Nothing is answered before {@link #start}.
     *
     * @throws UncheckedIOException if the port is in use
     */
    public AdminServer(AdminListener listener) {
        this.token = listener.token();
        try {
            server = HttpServer.create(listener.address(), 0);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot serve " + listener.address().getHostString() + ":"
                    + listener.address().getPort() + " for health and metrics; choose another port", e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    }

    /**
     * The three paths that each process has.
     *
     * @param live a vendor's outage never fails it
     * @param ready whether it does its work now
     * @param metrics in Prometheus' text format
     */
    public void health(BooleanSupplier live, BooleanSupplier ready, Supplier<String> metrics) {
        context("/livez", (path, query) -> state(live.getAsBoolean(), "live"), false);
        context("/readyz", (path, query) -> state(ready.getAsBoolean(), "ready"), false);
        page("/metrics", (path, query) -> AdminAnswer.metrics(metrics.get()));
    }

    /** Another page, of what is at a path and below it. */
    public void page(String path, AdminPage page) {
        context(path, page, true);
    }

    public void start() {
        server.start();
    }

    private void context(String path, AdminPage page, boolean guarded) {
        server.createContext(path, exchange -> {
            if (!places.tryAcquire()) {
                send(exchange, AdminAnswer.text(503, "busy with " + AT_ONCE + " other requests"));
                return;
            }
            try {
                send(exchange, guarded && !mayRead(exchange) ? refusal(exchange) : answer(exchange, path, page));
            } finally {
                places.release();
            }
        });
    }

    private boolean mayRead(HttpExchange exchange) {
        if (token.isEmpty()) {
            return true;
        }
        String brought = exchange.getRequestHeaders().getFirst("Authorization");
        return brought != null && brought.regionMatches(true, 0, BEARER, 0, BEARER.length())
                && isSame(token.get(), brought.substring(BEARER.length()).strip());
    }

    /** In a time that does not tell where they differ. */
    private static boolean isSame(Secret token, String brought) {
        return MessageDigest.isEqual(token.value().getBytes(StandardCharsets.UTF_8),
                brought.getBytes(StandardCharsets.UTF_8));
    }

    private static AdminAnswer refusal(HttpExchange exchange) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"signalbox\"");
        return AdminAnswer.text(401, "send the token: Authorization: Bearer …");
    }

    private static AdminAnswer answer(HttpExchange exchange, String path, AdminPage page) {
        if (!exchange.getRequestMethod().equals("GET") && !exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return AdminAnswer.text(405, "there is nothing to change here");
        }
        String rest = exchange.getRequestURI().getPath().substring(path.length());
        if (!rest.isEmpty() && !rest.startsWith("/")) {
            return AdminAnswer.text(404, "there is no such page");
        }
        try {
            return page.answer(rest, parameters(exchange.getRequestURI().getRawQuery()));
        } catch (RuntimeException e) {
            LOG.warn("{} could not be answered", path, e);
            return AdminAnswer.text(500, "this failed; the process's log says why");
        }
    }

    private static Map<String, String> parameters(@Nullable String query) {
        Map<String, String> parameters = new HashMap<>();
        if (query != null) {
            for (String parameter : query.split("&")) {
                String[] parts = parameter.split("=", 2);
                parameters.put(decoded(parts[0]), parts.length == 1 ? "" : decoded(parts[1]));
            }
        }
        return parameters;
    }

    /** As it came, where its percent signs mean nothing. */
    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }

    private static AdminAnswer state(boolean holds, String state) {
        return AdminAnswer.text(holds ? 200 : 503, holds ? state : "not " + state);
    }

    private static void send(HttpExchange exchange, AdminAnswer answer) throws IOException {
        byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.type());
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        try (exchange) {
            if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.sendResponseHeaders(answer.status(), -1);
            } else {
                exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
                exchange.getResponseBody().write(bytes);
            }
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
