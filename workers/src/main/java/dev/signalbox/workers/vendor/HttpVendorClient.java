package dev.signalbox.workers.vendor;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Secret;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.VendorCodec.Encoded;
import dev.signalbox.workers.vendor.VendorCodec.HttpHeader;
import dev.signalbox.workers.vendor.translation.Translated.Carried;
import dev.signalbox.workers.vendor.translation.Translated.Untranslatable;
import dev.signalbox.workers.vendor.translation.Translation;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.StreamResetException;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/**
 * The one HTTP shell of all vendor families, over connections of its own, so that one shell for each capacity pool
 * keeps them apart. It speaks HTTP/2 where an {@code https} endpoint offers it, else HTTP/1.1. It follows no redirects
 * and sends no request twice: a connection that fails before the request is written may give way to the host's next
 * address, and a request that the server says it has not looked at is sent on another stream. Calls block; their number
 * at once is bounded by the callers' permits.
 */
public final class HttpVendorClient implements VendorClient {
    private static final MediaType JSON = MediaType.get("application/json");
    private static final String USER_AGENT = "signalbox";
    /** How often a request that the server has not looked at is sent. */
    private static final int MOST_SENDS = 4;
    /** A silent HTTP/2 connection would else take call after call into its timeout; HTTP/1.1 has no pings. */
    private static final Duration PING = Duration.ofSeconds(10);

    private final Map<VendorFamily, VendorCodec> codecs;
    /** Parsed once: as many as the configuration has endpoints. */
    private final Map<String, HttpUrl> urls = new ConcurrentHashMap<>();
    /** Of streams and of whole bodies of each deployment: twice as many as there are. */
    private final Map<EstimateKey, UsageEstimate> estimates = new ConcurrentHashMap<>();
    private final HttpLimits limits;
    private final LongSupplier nanoTicker;
    /** For what is only told to callers: when a translated answer was made. */
    private final InstantSource wallClock = InstantSource.system();
    private final BoundedDns dns;
    private final ConnectionShelves connections;
    private final ConnectionAges ages;
    private final CredentialRotation credentials = new CredentialRotation();
    private final AttemptTimer timer;

    /** @param nanoTicker monotonic time in ns, such as {@code System::nanoTime} */
    public HttpVendorClient(Map<VendorFamily, VendorCodec> codecs, HttpLimits limits, LongSupplier nanoTicker) {
        this.codecs = Map.copyOf(codecs);
        this.limits = limits;
        this.nanoTicker = nanoTicker;
        this.dns = new BoundedDns(limits.dnsTime());
        this.connections = new ConnectionShelves(
                new OkHttpClient.Builder().protocols(List.of(Protocol.HTTP_2, Protocol.HTTP_1_1))
                        .pingInterval(PING)
                        .dns(dns)
                        // The five limits are the timer's; the client's own would arm a timer for each read.
                        .connectTimeout(Duration.ZERO).readTimeout(Duration.ZERO).writeTimeout(Duration.ZERO)
                        .callTimeout(Duration.ZERO)
                        // Racing addresses would open a platform thread for each connection.
                        .fastFallback(false).followRedirects(false).followSslRedirects(false)
                        .retryOnConnectionFailure(true).eventListenerFactory(call -> {
                            EventListener watch = call.request().tag(AttemptWatch.class);
                            return watch == null ? EventListener.NONE : watch;
                        }).build(),
                limits);
        this.ages = new ConnectionAges(limits.connectionAge());
        this.timer = new AttemptTimer(nanoTicker);
    }

    @Override
    public AttemptOutcome call(Call asked, TokenSink sink) {
        long startNanos = nanoTicker.getAsLong();
        VendorFamily family = asked.deployment().vendor().family();
        BodyFormat language = Translation.language(family).orElse(asked.format());
        return switch (Translation.request(asked.format(), language, asked.body(),
                asked.deployment().capabilities().maxOutputTokens())) {
            case Carried(byte[] body) -> call(new Attempt(asked.in(language, body), asked.format(), startNanos), sink);
            case Untranslatable(List<String> reasons) -> new Attempt(asked, asked.format(), startNanos).failed(
                    AttemptFailure.of(FailureClass.INVALID_FOR_MODEL,
                            notTranslatable(reasons)));
        };
    }

    /** The reasons name members and types only, so they are shown as they are. */
    private static String notTranslatable(List<String> reasons) {
        String message = "not translatable: " + String.join("; ", reasons);
        return message.length() > ErrorText.MAX_CHARS ? message.substring(0, ErrorText.MAX_CHARS - 1) + "…" : message;
    }

    private AttemptOutcome call(Attempt attempt, TokenSink sink) {
        Call call = attempt.call();
        VendorCodec codec = codecs.get(call.deployment().vendor().family());
        if (codec == null) {
            return attempt.failed(AttemptFailure.of(FailureClass.ENDPOINT_MISCONFIGURED,
                    "no codec for the vendor family " + call.deployment().vendor().family()));
        }
        if (call.timeLeft().isNegative() || call.timeLeft().isZero()) {
            return attempt.failed(AttemptFailure.of(FailureClass.DEADLINE, "no time left"));
        }
        Optional<Secret> credential = credentials.next(call.deployment(), attempt.startNanos());
        credential.ifPresent(attempt::uses);
        AttemptOutcome outcome = switch (encoded(codec, call, credential)) {
            case Encoded.Refused refused -> attempt.failed(refused.failure());
            case Encoded.Ready ready -> exchange(attempt, codec, ready, sink);
        };
        credential.ifPresent(used -> learn(used, outcome));
        return outcome;
    }

    private static Encoded encoded(VendorCodec codec, Call call, Optional<Secret> credential) {
        if (call.continues().isEmpty()) {
            return codec.encode(call, credential);
        }
        try {
            return codec.encode(call.in(call.format(), PrefilledBody.of(call.body(), call.continues().get())),
                    credential);
        } catch (IOException notJson) {
            return new Encoded.Refused(
                    AttemptFailure.of(FailureClass.INVALID_REQUEST,
                            "the request body is not one JSON object in UTF-8"));
        }
    }

    private void learn(Secret used, AttemptOutcome outcome) {
        switch (outcome) {
            case AttemptOutcome.Answered answered -> credentials.answered(used);
            case AttemptOutcome.Failed failed ->
                credentials.failed(used, failed.failure().failureClass(), nanoTicker.getAsLong());
        }
    }

    private AttemptOutcome exchange(Attempt attempt, VendorCodec codec, Encoded.Ready ready, TokenSink sink) {
        Call call = attempt.call();
        AttemptWatch watch = new AttemptWatch(call.deployment().timeouts(), call.streamed(), call.timeLeft(),
                attempt.startNanos(), ages, sink::sent, sink::goesOn, nanoTicker);
        OkHttpClient transport;
        Request request;
        try {
            transport = connections.of(call.deployment().vendor(), timer.size());
            request = request(call, ready, watch);
        } catch (IOException unreadable) {
            return attempt.failed(AttemptFailure.of(FailureClass.ENDPOINT_MISCONFIGURED,
                    "the vendor's ca_file cannot be read or holds no certificate"));
        } catch (IllegalArgumentException badSetting) {
            return attempt.failed(AttemptFailure.of(FailureClass.ENDPOINT_MISCONFIGURED,
                    "the deployment's URL or credential cannot stand in an HTTP request"));
        }
        timer.start(watch);
        try (Response response = response(transport, request, watch)) {
            return attempt.outcome(whole(codec, call.continues(),
                    new ResponseReader(codec, limits, nanoTicker, watch, attempt, estimate(call)).read(response, ready,
                            sink)));
        } catch (IOException noResponse) {
            return attempt.outcome(unanswered(attempt.call(), estimate(call), watch, whyLost(watch, noResponse)));
        } finally {
            timer.stop(watch);
        }
    }

    private record EstimateKey(DeploymentName deployment, boolean streamed) {
    }

    private UsageEstimate estimate(Call call) {
        return estimates.computeIfAbsent(new EstimateKey(call.deployment().name(), call.streamed()),
                key -> new UsageEstimate());
    }

    private static Decoded whole(VendorCodec codec, Optional<TextSoFar> continues, Decoded decoded) {
        if (continues.isEmpty()) {
            return decoded;
        }
        String text = continues.get().text();
        return switch (decoded) {
            case Decoded.Answer(var body, var finish, var model, var usage, var warnings) ->
                new Decoded.Answer(codec.withBeginning(body, text), finish, model, usage, warnings);
            case Decoded.NoAnswer(var failure, var partial, var usage) ->
                new Decoded.NoAnswer(failure, partial.map(part -> codec.withBeginning(part, text)), usage);
        };
    }

    /** A vendor that has the request and is not waited for any longer has read it at least, and will charge for that. */
    private static Decoded unanswered(Call call, UsageEstimate estimate, AttemptWatch watch, AttemptFailure failure) {
        boolean givenUp = switch (failure.failureClass()) {
            case TIMEOUT, DEADLINE, CANCELLED -> watch.sent();
            default -> false;
        };
        return new Decoded.NoAnswer(failure, Optional.empty(), givenUp
                ? Optional.of(estimate.of(Optional.empty(), call.body(), UsageEstimate.Received.NOTHING))
                : Optional.empty());
    }

    private static Response response(OkHttpClient transport, Request request, AttemptWatch watch)
            throws IOException {
        for (int sends = 1;; sends++) {
            okhttp3.Call httpCall = transport.newCall(request);
            watch.guards(httpCall);
            try {
                return httpCall.execute();
            } catch (StreamResetException reset) {
                // RFC 9113, 8.7: such a request has not been processed. So are those above a GOAWAY's last stream.
                if (reset.errorCode != ErrorCode.REFUSED_STREAM || sends == MOST_SENDS
                        || watch.failure().isPresent()) {
                    throw reset;
                }
                watch.refused();
            }
        }
    }

    private Request request(Call call, Encoded.Ready ready, AttemptWatch watch) {
        Request.Builder request = new Request.Builder().url(urls.computeIfAbsent(ready.url(), HttpUrl::get))
                .header("User-Agent", USER_AGENT)
                .tag(AttemptWatch.class, watch).post(new Body(ready.body()));
        call.trace().forEach(request::header);
        call.deployment().headers().forEach(request::header);
        for (HttpHeader header : ready.headers()) {
            request.header(header.name(), header.value());
        }
        return request.build();
    }

    /** Why a connection gave out: our limit, our interruption, or the network. */
    static AttemptFailure whyLost(AttemptWatch watch, IOException cause) {
        Optional<AttemptFailure> limit = watch.failure();
        if (limit.isPresent()) {
            return limit.get();
        }
        if (Thread.currentThread().isInterrupted()) {
            return AttemptFailure.of(FailureClass.CANCELLED, "the call was interrupted");
        }
        if (cause instanceof SocketTimeoutException) {
            return AttemptFailure.of(FailureClass.TIMEOUT, "the connection timed out");
        }
        String why = cause.getMessage();
        return AttemptFailure.of(FailureClass.CONNECTION_LOST,
                ErrorText.of(cause.getClass().getSimpleName() + (why == null ? "" : ": " + why)));
    }

    /** Connections that are kept open, in use or not. */
    public int connections() {
        return connections.connections();
    }

    /** Connections that no call uses. */
    public int idleConnections() {
        return connections.idle();
    }

    /** Attempts that are running. */
    public int running() {
        return timer.size();
    }

    /** Running calls are not waited for; whoever closes it has drained them. */
    @Override
    public void close() {
        timer.close();
        dns.close();
        connections.close();
    }

    /** A body that may be sent once only, which keeps the client from repeating a request by itself. */
    private static final class Body extends RequestBody {
        private final byte[] bytes;

        Body(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public MediaType contentType() {
            return JSON;
        }

        @Override
        public long contentLength() {
            return bytes.length;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.write(bytes);
        }
    }

    /** One attempt's times, and what must not be seen in its outcome. */
    final class Attempt {
        private final Call call;
        private final BodyFormat callersFormat;
        private final long startNanos;
        private long firstTokenNanos = -1;
        private @Nullable Secret used;

        private Attempt(Call call, BodyFormat callersFormat, long startNanos) {
            this.call = call;
            this.callersFormat = callersFormat;
            this.startNanos = startNanos;
        }

        Call call() {
            return call;
        }

        long startNanos() {
            return startNanos;
        }

        /** Its value may be newer than the configuration's. */
        private void uses(Secret credential) {
            used = credential;
        }

        void firstToken(long nowNanos) {
            firstTokenNanos = nowNanos - startNanos;
        }

        AttemptOutcome failed(AttemptFailure failure) {
            return outcome(new Decoded.NoAnswer(failure, Optional.empty(), Optional.empty()));
        }

        AttemptOutcome outcome(Decoded decoded) {
            Duration duration = Duration.ofNanos(nanoTicker.getAsLong() - startNanos);
            AttemptOutcome.CallTimes times = new AttemptOutcome.CallTimes(duration,
                    firstTokenNanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(firstTokenNanos)));
            return switch (Translation.answer(call.format(), callersFormat, decoded,
                    wallClock.instant().getEpochSecond())) {
                case Decoded.Answer(var body, var finish, var model, var usage, var warnings) ->
                    new AttemptOutcome.Answered(body, finish, model, usage, warnings, times);
                case Decoded.NoAnswer(var failure, var partial, var usage) ->
                    new AttemptOutcome.Failed(withoutSecrets(failure), partial, usage, times);
            };
        }

        private AttemptFailure withoutSecrets(AttemptFailure failure) {
            String message = failure.message();
            for (Secret secret : call.deployment().credentials()) {
                message = without(secret, message);
            }
            message = used == null ? message : without(used, message);
            return new AttemptFailure(failure.failureClass(), failure.httpStatus(), message, failure.retryAfter(),
                    failure.shouldRetry());
        }

        private static String without(Secret secret, String message) {
            return secret.value().length() < 4 ? message : ErrorText.without(message, secret.value());
        }
    }
}
