package dev.signalbox.dispatcher.alerts;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Posts JSON to exactly the configured address: it follows no redirect, and reads nothing of the answer but its status. */
final class AlertPost implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration TOTAL = Duration.ofSeconds(10);
    private static final int REQUEST_TIMEOUT = 408;
    private static final int TOO_MANY_REQUESTS = 429;

    /** What became of it; what could name an address with a key in it is not part of it. */
    enum Outcome {
        /** A status of 200 to 299. */
        DELIVERED,
        /** No answer, or one that says that it may work later. */
        FAILED,
        /** An answer that says that it never will, a redirect, or an address that is none. */
        REFUSED;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final HttpClient client = HttpClient.newBuilder().followRedirects(Redirect.NEVER).connectTimeout(CONNECT)
            .build();

    /** Waits for the answer, at most 10 s. */
    Outcome send(String url, byte[] json) {
        HttpRequest request;
        try {
            request = HttpRequest.newBuilder(URI.create(url.strip())).timeout(TOTAL)
                    .header("Content-Type", "application/json").POST(BodyPublishers.ofByteArray(json)).build();
        } catch (IllegalArgumentException e) {
            return Outcome.REFUSED; // Not logged: the text may hold the address.
        }
        CompletableFuture<HttpResponse<Void>> answer = client.sendAsync(request, BodyHandlers.discarding());
        try {
            return outcome(answer.get(TOTAL.toMillis(), TimeUnit.MILLISECONDS).statusCode());
        } catch (ExecutionException | TimeoutException e) {
            answer.cancel(true);
            return Outcome.FAILED;
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            return Outcome.FAILED;
        }
    }

    private static Outcome outcome(int status) {
        if (status >= 200 && status < 300) {
            return Outcome.DELIVERED;
        }
        return status >= 500 || status == REQUEST_TIMEOUT || status == TOO_MANY_REQUESTS
                ? Outcome.FAILED
                : Outcome.REFUSED;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
