package dev.signalbox.schemas.serde;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** One exchange with whichever registry answers: the next server takes over where one is away, overloaded or faulty. */
final class RegistryHttp {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";
    private static final int MAX_MESSAGE = 500;
    private static final int NOT_FOUND = 404;
    private static final int SCHEMA_NOT_FOUND = 40403;

    private final RegistryConfig config;
    private final HttpClient http;
    private final AtomicInteger preferred = new AtomicInteger();

    RegistryHttp(RegistryConfig config) {
        this.config = config;
        this.http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(config.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER).build();
    }

    JsonNode get(String path) {
        return exchange("GET", path, MissingNode.getInstance());
    }

    /**
     * GET and POST have no lasting effect twice, and PUT sets the same value: all may be sent again. Every server is tried,
     * and the first once more at the end: a kept connection may have been closed just then.
     */
    JsonNode exchange(String method, String path, JsonNode body) {
        int servers = config.servers().size();
        int first = preferred.get();
        SchemaRegistryException last = null;
        for (int i = 0; i <= servers; i++) {
            int index = Math.floorMod(first + i, servers);
            try {
                JsonNode answer = exchange(config.servers().get(index), method, path, body);
                preferred.set(index);
                return answer;
            } catch (SchemaRegistryException e) {
                if (!e.isTransient()) {
                    preferred.set(index);
                    throw e;
                }
                if (last != null) {
                    e.addSuppressed(last);
                }
                last = e;
            }
        }
        throw last == null ? new SchemaRegistryException(0, 0, "no schema registry is configured") : last;
    }

    private JsonNode exchange(RegistryConfig.Server server, String method, String path, JsonNode body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.base() + path))
                .timeout(config.readTimeout()).header("Accept", MEDIA_TYPE + ", application/json")
                .method(method,
                        body.isMissingNode() ? BodyPublishers.noBody() : BodyPublishers.ofString(body.toString()));
        if (!body.isMissingNode()) {
            request.header("Content-Type", MEDIA_TYPE);
        }
        server.authorization().ifPresent(value -> request.header("Authorization", value));
        HttpResponse<byte[]> response;
        try {
            response = send(request.build());
        } catch (IOException e) {
            SchemaRegistryException failure = new SchemaRegistryException(0, 0,
                    "no answer from the schema registry at " + server + ": " + e);
            failure.initCause(e);
            throw failure;
        }
        if (response.statusCode() / 100 == 2) {
            return success(server, response);
        }
        throw refusal(server, response);
    }

    /**
     * The client's own time limit ends with the response's head; this one holds for the body too. On a thread of its own,
     * since {@code sendAsync} ends on the common pool: a caller whose own tasks fill that pool would wait for himself.
     */
    private HttpResponse<byte[]> send(HttpRequest request) throws IOException {
        FutureTask<HttpResponse<byte[]>> exchange = new FutureTask<>(
                () -> http.send(request, BodyHandlers.ofByteArray()));
        Thread thread = new Thread(exchange, "signalbox-registry");
        thread.setDaemon(true);
        thread.start();
        try {
            return exchange.get(config.connectTimeout().plus(config.readTimeout()).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            exchange.cancel(true);
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted").initCause(e);
        } catch (TimeoutException e) {
            exchange.cancel(true);
            throw new IOException("timed out", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        }
    }

    private static JsonNode success(RegistryConfig.Server server, HttpResponse<byte[]> response) {
        try {
            JsonNode answer = JSON.readTree(response.body());
            if (answer != null && answer.isContainerNode()) {
                return answer;
            }
        } catch (IOException e) {
            // Told below: the text of the answer is of no use to anybody.
        }
        // As if no registry had answered: a proxy's page with status 200 says nothing about schemas.
        throw new SchemaRegistryException(0, 0, "what answers at " + server + " is not a schema registry: HTTP "
                + response.statusCode() + " without JSON");
    }

    private static SchemaRegistryException refusal(RegistryConfig.Server server, HttpResponse<byte[]> response) {
        int status = response.statusCode();
        JsonNode answer = errorBody(response.body());
        int given = answer.path("error_code").asInt(0);
        String text = answer.path("message").asText("");
        String message = "schema registry at " + server + " answered HTTP " + status
                + (given == 0 ? "" : ", error " + given) + (text.isEmpty() ? "" : ": " + cut(text));
        // A bare 404 (no JSON, or the server's own "no such page") may be a wrong base path or a proxy.
        boolean aboutSchema = given == SCHEMA_NOT_FOUND || (given == 0 && answer.has("error_code"));
        return status == NOT_FOUND && aboutSchema
                ? new UnknownSchemaException(status, given == 0 ? status : given, message)
                : new SchemaRegistryException(status, given == 0 ? status : given, message);
    }

    private static JsonNode errorBody(byte[] body) {
        try {
            JsonNode answer = JSON.readTree(new String(body, StandardCharsets.UTF_8));
            return answer == null ? MissingNode.getInstance() : answer;
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    private static String cut(String text) {
        return text.length() <= MAX_MESSAGE ? text : text.substring(0, MAX_MESSAGE) + "…";
    }
}
