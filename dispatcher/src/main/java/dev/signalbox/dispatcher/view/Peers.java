package dev.signalbox.dispatcher.view;

import dev.signalbox.config.Secret;
import dev.signalbox.dispatcher.view.FleetAnswer.Told;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.streams.state.HostInfo;

/**
 * Asks other instances what they hold, by HTTP at their {@code application.server}, with the token that this instance asks
 * for itself. No answer takes longer than {@link #PATIENCE} or has more than {@value #MOST_BYTES} bytes.
 */
public final class Peers implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(1);
    static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final long MOST_BYTES = 64 << 20;

    private final Optional<Secret> token;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT)
            .proxy(HttpClient.Builder.NO_PROXY).followRedirects(HttpClient.Redirect.NEVER).build();

    public Peers(Optional<Secret> token) {
        this.token = token;
    }

    /** Never completes exceptionally. */
    CompletableFuture<Told> ask(HostInfo instance, String path, Map<String, String> parameters) {
        String query = parameters.entrySet().stream().map(parameter -> parameter.getKey() + "="
                + URLEncoder.encode(parameter.getValue(), StandardCharsets.UTF_8)).collect(Collectors.joining("&"));
        try {
            HttpRequest.Builder request = HttpRequest
                    .newBuilder(URI.create("http://" + place(instance) + path + "?" + query)).timeout(PATIENCE);
            token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret.value()));
            return http
                    .sendAsync(request.build(),
                            HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MOST_BYTES))
                    .thenApply(Peers::told).orTimeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .exceptionally(failure -> new Told.Nothing(why(failure)));
        } catch (IllegalArgumentException e) {
            return CompletableFuture.completedFuture(new Told.Nothing("has an address that cannot be asked"));
        }
    }

    private static String place(HostInfo instance) {
        return (instance.host().contains(":") ? "[" + instance.host() + "]" : instance.host()) + ":" + instance.port();
    }

    private static Told told(HttpResponse<byte[]> response) {
        if (response.statusCode() != 200) {
            return new Told.Nothing(response.statusCode() == 401
                    ? "asks for another token than this instance's"
                    : "answers " + response.statusCode());
        }
        try {
            return new Told.Rows(InstanceAnswer.of(response.body()));
        } catch (IOException e) {
            return new Told.Nothing("answers something else: is it an instance of the dispatcher?");
        }
    }

    private static String why(Throwable failure) {
        Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
        return switch (cause) {
            case ConnectException _ -> "cannot be reached";
            case HttpTimeoutException _ -> "did not answer in time";
            case TimeoutException _ -> "did not answer in time";
            default -> "cannot be asked (" + cause.getClass().getSimpleName() + ")";
        };
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }
}
