package dev.signalbox.system.processes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** One dispatcher process with a state folder of its own. */
final class FleetDispatcher implements AutoCloseable {
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern READY = Pattern.compile("READY (\\d+)");

    private final Child child;

    private FleetDispatcher(Child child) {
        this.child = child;
    }

    static FleetDispatcher start(String name, Path folder, Path configuration, String bootstrapServers,
            String registryUrl, List<String> jvmOptions) throws IOException {
        List<String> options = new ArrayList<>(List.of("-Xmx384m"));
        options.addAll(jvmOptions);
        return new FleetDispatcher(Child.start(name, folder, System.getProperty("java.class.path"), options,
                DispatcherMain.class, List.of(bootstrapServers, registryUrl,
                        configuration.toString(), folder.resolve("state-" + name).toString())));
    }

    Child process() {
        return child;
    }

    /** Waits until all its tasks run. */
    void awaitReady() {
        Awaitility.await(child.name()).atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(200))
                .ignoreExceptionsInstanceOf(IOException.class).until(() -> {
                    if (!child.isAlive()) {
                        throw new IllegalStateException(child.tail());
                    }
                    return get("/readyz").statusCode() == 200;
                });
    }

    /** A deployment as its view shows it; null while it cannot be asked. */
    @Nullable
    JsonNode deployment(String name) throws InterruptedException {
        try {
            HttpResponse<String> answer = get("/deployments/" + name);
            return answer.statusCode() == 200 ? JSON.readTree(answer.body()) : null;
        } catch (IOException e) {
            return null;
        }
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        Matcher ready = READY.matcher(child.printed());
        if (!ready.find()) {
            throw new IOException("not listening yet");
        }
        return HTTP.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ready.group(1) + path))
                .timeout(Duration.ofSeconds(2)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        child.close();
    }
}
