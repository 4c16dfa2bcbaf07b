package dev.signalbox.system.scenario;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** A vendor that answers every call with a failure that tells the key it was shown, or what it was asked. */
final class EchoVendor implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Where in its answer it tells the key. */
    enum Mode {
        /** 401 with the key in the message, as OpenAI has it. */
        REFUSED,
        /** 400 with so long a message that the key lies across any cut. */
        LONG,
        /** 502 as a page. */
        PAGE,
        /** 500 as plain text. */
        TEXT,
        /** 200, and an error inside the stream or body. */
        INSIDE,
        /** 200 and a body that is nothing but the key. */
        BARE,
        /** 429 with the key in headers. */
        HEADERS,
        /** 307 to a URL with the key. */
        REDIRECT,
        /** 400 that quotes the whole request. */
        QUOTE
    }

    private final HttpServer server;
    private final int trapPort;
    private final AtomicLong calls = new AtomicLong();

    EchoVendor(int trapPort) throws IOException {
        this.trapPort = trapPort;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        for (Mode mode : Mode.values()) {
            server.createContext("/" + mode, exchange -> answer(exchange, mode));
        }
        server.start();
    }

    String baseUrl(Mode mode) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/" + mode;
    }

    long calls() {
        return calls.get();
    }

    private void answer(HttpExchange exchange, Mode mode) throws IOException {
        String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String key = Optional.ofNullable(exchange.getRequestHeaders().getFirst("x-api-key"))
                .or(() -> Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")))
                .orElse("").replace("Bearer ", "");
        calls.incrementAndGet();
        switch (mode) {
            case REFUSED -> send(exchange, 401, "application/json",
                    error("Incorrect API key provided: " + key + ". You can find yours elsewhere."));
            case LONG -> send(exchange, 400, "application/json",
                    error("Bad. ".repeat(97) + "Key " + key + " " + key + " and more."));
            case PAGE -> send(exchange, 502, "text/html", "<html><body>upstream, key=" + key + "</body></html>");
            case TEXT -> send(exchange, 500, "text/plain", "failed for " + key);
            case INSIDE -> {
                if (asked.contains("\"stream\":true") || asked.contains("\"stream\": true")) {
                    send(exchange, 200, "text/event-stream", "event: error\ndata: " + error("no: " + key) + "\n\n");
                } else {
                    send(exchange, 200, "application/json", error("no: " + key));
                }
            }
            case BARE -> send(exchange, 200, "text/plain", key);
            case HEADERS -> {
                exchange.getResponseHeaders().set("retry-after", key);
                exchange.getResponseHeaders().set("x-request-id", key);
                exchange.getResponseHeaders().set("request-id", key);
                exchange.getResponseHeaders().set("x-ratelimit-remaining-requests", key);
                send(exchange, 400, "application/json", error("see the headers"));
            }
            case REDIRECT -> {
                exchange.getResponseHeaders().set("location", "http://127.0.0.1:" + trapPort + "/?key=" + key);
                send(exchange, 307, "text/plain", "moved");
            }
            case QUOTE -> send(exchange, 400, "application/json", error("Invalid request: " + asked));
        }
    }

    /** In both families' shape. */
    private static String error(String message) {
        ObjectNode body = JSON.createObjectNode().put("type", "error");
        body.putObject("error").put("type", "invalid_request_error").put("code", "bad").put("message", message);
        return body.toString();
    }

    private static void send(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", type);
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
