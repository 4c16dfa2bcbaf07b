package dev.signalbox.workers;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A schema registry that knows every schema. Where there is none, each record that is to be in Avro waits to be refused. */
final class TestRegistry implements AutoCloseable {
    private static final byte[] ANSWER = "{\"id\":1}".getBytes(StandardCharsets.UTF_8);

    private final HttpServer server;

    TestRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                exchange.getRequestBody().readAllBytes();
                exchange.sendResponseHeaders(200, ANSWER.length);
                exchange.getResponseBody().write(ANSWER);
            }
        });
        server.start();
    }

    Map<String, String> properties() {
        return Map.of("schema.registry.url", "http://127.0.0.1:" + server.getAddress().getPort());
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
