package dev.signalbox.schemas.serde;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/** A registry of the few calls that serdes make, with faults on demand, after Confluent's API reference. */
public final class TestRegistry implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final String basePath;
    private final List<String> schemas = new ArrayList<>();
    private final Map<String, List<Integer>> subjects = new HashMap<>();
    private final Map<String, String> levels = new HashMap<>();
    /** {@code METHOD path} of every call, in order. */
    public final List<String> calls = new CopyOnWriteArrayList<>();
    /** Authorization header of the last call, or empty. */
    public volatile String authorization = "";
    /** If set, every call is answered with this status and text. */
    public volatile int fault;
    public volatile String faultBody = "";

    private record Answer(int status, String body) {
    }

    public TestRegistry() {
        this("");
    }

    public TestRegistry(String basePath) {
        this.basePath = basePath;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "test-registry");
            thread.setDaemon(true);
            return thread;
        }));
        server.createContext("/", this::handle);
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + basePath;
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getRawPath();
            calls.add(exchange.getRequestMethod() + " " + path);
            List<String> authorizations = exchange.getRequestHeaders().getOrDefault("Authorization", List.of());
            authorization = authorizations.isEmpty() ? "" : authorizations.get(0);
            byte[] body = exchange.getRequestBody().readAllBytes();
            Answer answer = fault != 0 ? new Answer(fault, faultBody) : answer(exchange.getRequestMethod(), path, body);
            byte[] bytes = answer.body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/vnd.schemaregistry.v1+json");
            exchange.sendResponseHeaders(answer.status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private synchronized Answer answer(String method, String path, byte[] body) throws IOException {
        if (!path.startsWith(basePath + "/")) {
            return error(404, 404, "HTTP 404 Not Found");
        }
        String[] parts = path.substring(basePath.length() + 1).split("/", -1);
        JsonNode json = body.length == 0 ? JSON.createObjectNode() : JSON.readTree(body);
        String name = parts.length > 1 ? URLDecoder.decode(parts[1], StandardCharsets.UTF_8) : "";
        if (parts[0].equals("schemas")) {
            int id = Integer.parseInt(parts[2]);
            return id < 1 || id > schemas.size()
                    ? error(404, 40403, "Schema " + id + " not found")
                    : ok(JSON.createObjectNode().put("schema", schemas.get(id - 1)));
        }
        if (parts[0].equals("config")) {
            if (method.equals("PUT")) {
                levels.put(name, json.get("compatibility").asText());
                return ok(JSON.createObjectNode().put("compatibility", levels.get(name)));
            }
            return ok(JSON.createObjectNode().put("compatibilityLevel", levels.getOrDefault(name, "BACKWARD")));
        }
        if (parts.length == 1) {
            return ok(JSON.valueToTree(subjects.keySet()));
        }
        return subject(method, parts, name, json);
    }

    private Answer subject(String method, String[] parts, String name, JsonNode json) {
        List<Integer> versions = subjects.getOrDefault(name, List.of());
        if (method.equals("GET")) {
            if (versions.isEmpty()) {
                return error(404, 40401, "Subject '" + name + "' not found.");
            }
            int id = versions.get(versions.size() - 1);
            return ok(JSON.createObjectNode().put("subject", name).put("version", versions.size()).put("id", id)
                    .put("schema", schemas.get(id - 1)));
        }
        String schema = json.get("schema").asText();
        int id = schemas.indexOf(schema) + 1;
        if (parts.length == 2) {
            if (versions.isEmpty()) {
                return error(404, 40401, "Subject '" + name + "' not found.");
            }
            return id == 0 || !versions.contains(id)
                    ? error(404, 40403, "Schema not found")
                    : ok(JSON.createObjectNode().put("subject", name).put("version", versions.indexOf(id) + 1)
                            .put("id", id).put("schema", schema));
        }
        if (!versions.isEmpty() && !compatible(schemas.get(versions.get(versions.size() - 1) - 1), schema)) {
            return error(409, 409, "Schema being registered is incompatible with an earlier schema");
        }
        if (id == 0) {
            schemas.add(schema);
            id = schemas.size();
        }
        List<Integer> known = subjects.computeIfAbsent(name, key -> new ArrayList<>());
        if (!known.contains(id)) {
            known.add(id);
        }
        return ok(JSON.createObjectNode().put("id", id));
    }

    private static boolean compatible(String before, String now) {
        return SchemaCompatibility
                .checkReaderWriterCompatibility(new Schema.Parser().parse(now), new Schema.Parser().parse(before))
                .getType() == SchemaCompatibility.SchemaCompatibilityType.COMPATIBLE;
    }

    private static Answer ok(JsonNode body) {
        return new Answer(200, body.toString());
    }

    private static Answer error(int status, int code, String message) {
        return new Answer(status, JSON.createObjectNode().put("error_code", code).put("message", message).toString());
    }
}
