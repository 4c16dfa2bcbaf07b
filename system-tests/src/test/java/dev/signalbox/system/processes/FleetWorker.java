package dev.signalbox.system.processes;

import dev.signalbox.cli.Main;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** One {@code signalbox worker} process. */
final class FleetWorker implements AutoCloseable {
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final Pattern ADMIN = Pattern.compile("health and metrics at (http://\\S+)");

    private final Child child;

    private FleetWorker(Child child) {
        this.child = child;
    }

    /** Starts it without waiting. */
    static FleetWorker start(String name, Path folder, String classPath, Path configuration, String bootstrapServers,
            String registryUrl, List<String> jvmOptions) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("worker", "--bootstrap-server", bootstrapServers,
                "--schema-registry-url", registryUrl, "--config", configuration.toString(), "--admin-port", "0",
                "--command-property", "session.timeout.ms=6000", "--command-property", "heartbeat.interval.ms=1000"));
        List<String> options = new ArrayList<>(List.of("-Xmx256m"));
        options.addAll(jvmOptions);
        return new FleetWorker(Child.start(name, folder, classPath, options, Main.class, arguments));
    }

    Child process() {
        return child;
    }

    String name() {
        return child.name();
    }

    /** Waits until it owns partitions and takes requests from all of them. */
    void awaitReady() {
        Awaitility.await(name()).atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100))
                .ignoreExceptionsInstanceOf(IOException.class).until(() -> {
                    if (!child.isAlive()) {
                        throw new IllegalStateException(child.tail());
                    }
                    return get("/readyz").statusCode() == 200;
                });
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        Matcher admin = ADMIN.matcher(child.printed());
        if (!admin.find()) {
            throw new IOException("not listening yet");
        }
        return HTTP.send(
                HttpRequest.newBuilder(URI.create(admin.group(1) + path)).timeout(Duration.ofSeconds(2)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** The sum of a metric over its labels; empty if it cannot be asked. */
    OptionalDouble metric(String metric) {
        return metric(metric, "");
    }

    /** The same of those whose labels, sorted by name, have this part. */
    OptionalDouble metric(String metric, String labels) {
        try {
            return get("/metrics").body().lines()
                    .filter(line -> line.startsWith(metric + "{") || line.startsWith(metric + " "))
                    .filter(line -> line.contains(labels))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .reduce(Double::sum);
        } catch (IOException e) {
            return OptionalDouble.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OptionalDouble.empty();
        }
    }

    /** Requests that it holds, waiting, running or being published, as it last said. */
    int pending() {
        return (int) metric("signalbox_intake_pending").orElse(0);
    }

    @Override
    public void close() {
        child.close();
    }
}
