package dev.signalbox.system.benchmark;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An OpenAI-compatible vendor in this process, which knows when each call reached it: a call names itself by {@code user}. */
final class TimingVendor implements AutoCloseable {
    private static final Pattern USER = Pattern.compile("\"user\":\"([^\"]+)\"");
    private static final byte[] ANSWER = """
            {"id":"c","object":"chat.completion","created":1,"model":"bench","choices":[{"index":0,"message":{"role":"assistant",\
            "content":"It comes today."},"finish_reason":"stop"}],"usage":{"prompt_tokens":400,"completion_tokens":4,\
            "total_tokens":404}}""".getBytes(StandardCharsets.UTF_8);

    private final HttpServer server;
    private final Duration callLength;
    private final Map<String, Long> arrivals = new ConcurrentHashMap<>();

    /** @param callLength until it answers */
    TimingVendor(Duration callLength) throws IOException {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.setProperty("sun.net.httpserver.maxIdleConnections", "10000");
        this.callLength = callLength;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10_000);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    String baseUrl() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
    }

    /** When each call had arrived, by its name; {@link System#nanoTime} of this process. */
    Map<String, Long> arrivals() {
        return arrivals;
    }

    private void answer(HttpExchange exchange) throws IOException {
        long now = System.nanoTime();
        try (exchange) {
            Matcher user = USER.matcher(
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            if (user.find()) {
                arrivals.putIfAbsent(user.group(1), now);
            }
            Thread.sleep(callLength);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, ANSWER.length);
            exchange.getResponseBody().write(ANSWER);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
