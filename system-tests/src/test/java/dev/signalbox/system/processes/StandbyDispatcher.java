package dev.signalbox.system.processes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.cli.Main;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** One {@code signalbox dispatcher} process, whose pages ask for a token. */
final class StandbyDispatcher implements AutoCloseable {
    private static final String TOKEN = "a-token-of-this-test-alone";
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final Pattern ADMIN = Pattern.compile("deployments at (http://\\S+)");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Child child;

    private StandbyDispatcher(Child child) {
        this.child = child;
    }

    /** Starts it without waiting. */
    static StandbyDispatcher start(String name, Path folder, Path configuration, String bootstrapServers,
            String registryUrl, int standbyReplicas) throws IOException {
        Path token = Files.writeString(folder.resolve("token"), TOKEN + "\n");
        return new StandbyDispatcher(Child.start(name, folder, System.getProperty("java.class.path"),
                List.of("-Xmx320m"), Main.class,
                List.of("dispatcher", "--bootstrap-server", bootstrapServers, "--schema-registry-url", registryUrl,
                        "--config", configuration.toString(), "--admin-port", "0", "--admin-token",
                        "${file:" + token + "}", "--data", folder.resolve(name).toString(), "--standby-replicas",
                        Integer.toString(standbyReplicas))));
    }

    Child process() {
        return child;
    }

    /** What a page answers. */
    record Page(int status, String body) {
        JsonNode json() throws IOException {
            return JSON.readTree(body);
        }
    }

    Page get(String path) throws IOException, InterruptedException {
        Matcher admin = ADMIN.matcher(child.printed());
        if (!admin.find()) {
            throw new IOException("not listening yet");
        }
        HttpResponse<String> response = HTTP.send(
                HttpRequest.newBuilder(URI.create(admin.group(1) + path)).timeout(Duration.ofSeconds(10))
                        .header("Authorization", "Bearer " + TOKEN).build(),
                HttpResponse.BodyHandlers.ofString());
        return new Page(response.statusCode(), response.body());
    }

    /** Waits until a page is such, and returns it. */
    Page await(String path, Predicate<Page> wanted) {
        return Awaitility.await(child.name() + path).atMost(Duration.ofSeconds(120))
                .pollInterval(Duration.ofMillis(50)).ignoreExceptionsInstanceOf(IOException.class).until(() -> {
                    if (!child.isAlive()) {
                        throw new IllegalStateException(child.tail());
                    }
                    return get(path);
                }, wanted);
    }

    /** The sum of the metric's lines that contain a text. */
    double metric(String metric, String containing) throws IOException, InterruptedException {
        return get("/metrics").body().lines().filter(line -> line.startsWith(metric) && line.contains(containing))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .filter(value -> !Double.isNaN(value)).sum();
    }

    @Override
    public void close() {
        child.close();
    }
}
