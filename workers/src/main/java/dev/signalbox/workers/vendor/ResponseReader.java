package dev.signalbox.workers.vendor;

import dev.signalbox.workers.vendor.HttpVendorClient.Attempt;
import dev.signalbox.workers.vendor.VendorCodec.Encoded;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/** Reads one response to its end, on the calling thread, within the shell's bounds. */
final class ResponseReader {
    private static final int BUFFER_BYTES = 8_192;
    private static final int ERROR_BYTES = 64 << 10;
    /** The client's own bound for HTTP/1.1; it has none for HTTP/2. */
    private static final long HEADER_BYTES = 256 << 10;

    private final VendorCodec codec;
    private final HttpLimits limits;
    private final LongSupplier nanoTicker;
    private final AttemptWatch watch;
    private final Attempt attempt;
    private final UsageEstimate estimate;
    /** Of a body that is not a stream, so far. */
    private long bodyBytes;

    ResponseReader(VendorCodec codec, HttpLimits limits, LongSupplier nanoTicker, AttemptWatch watch,
            Attempt attempt, UsageEstimate estimate) {
        this.codec = codec;
        this.limits = limits;
        this.nanoTicker = nanoTicker;
        this.watch = watch;
        this.attempt = attempt;
        this.estimate = estimate;
    }

    Decoded read(Response response, Encoded.Ready request, TokenSink sink) {
        if (response.headers().byteCount() > HEADER_BYTES) {
            return noAnswer(new AttemptFailure(FailureClass.TRUNCATED, OptionalInt.of(response.code()),
                    "the response's headers are over the limit of " + HEADER_BYTES + " bytes", Optional.empty()));
        }
        String contentType = response.header("Content-Type");
        sink.responded(LimitHeaders.of(response::header));
        boolean eventStream = contentType == null
                ? attempt.call().streamed()
                : contentType.toLowerCase(Locale.ROOT).contains("event-stream");
        if (response.code() < 200 || response.code() > 299) {
            watch.responded(false);
            return error(response);
        }
        watch.responded(eventStream);
        if (eventStream) {
            StreamDecoder decoder = codec.decoder(attempt.call(), request, estimate, sink);
            return learnt(stream(response.body().source(), decoder), decoder.received());
        }
        return unary(response, contentType);
    }

    private Decoded learnt(Decoded decoded, UsageEstimate.Received received) {
        if (decoded instanceof Decoded.Answer answer) {
            answer.usage().ifPresent(usage -> estimate.learn(attempt.call().body(), received, usage));
        }
        return decoded;
    }

    private Decoded stream(BufferedSource source, StreamDecoder decoder) {
        SseReader events = new SseReader(limits.lineBytes(), limits.eventBytes(), decoder);
        byte[] buffer = new byte[BUFFER_BYTES];
        long bytes = 0;
        long tokens = 0;
        try {
            while (!decoder.done()) {
                int read = source.read(buffer, 0, buffer.length);
                if (read < 0) {
                    watch.delivering();
                    events.end();
                    return decoder.finish();
                }
                long readAt = nanoTicker.getAsLong();
                bytes += read;
                watch.delivering();
                boolean inBounds = events.feed(buffer, 0, read) && bytes <= limits.answerBytes();
                boolean tokenSeen = decoder.tokens() > tokens;
                if (tokenSeen) {
                    if (tokens == 0) {
                        attempt.firstToken(readAt);
                    }
                    tokens = decoder.tokens();
                }
                watch.delivered(tokenSeen, tokens > 0, nanoTicker.getAsLong());
                if (!inBounds) {
                    return decoder.cut(tooLarge("stream"));
                }
            }
            return decoder.finish();
        } catch (IOException lost) {
            return decoder.cut(HttpVendorClient.whyLost(watch, lost));
        }
    }

    private Decoded unary(Response response, @Nullable String contentType) {
        byte[] body;
        try {
            body = body(response, limits.answerBytes());
        } catch (IOException lost) {
            return lost(HttpVendorClient.whyLost(watch, lost));
        }
        if (body.length > limits.answerBytes()) {
            return lost(tooLarge("answer"));
        }
        Decoded decoded = learnt(codec.decode(attempt.call(), body), new UsageEstimate.Received(0, body.length, 0));
        if (decoded instanceof Decoded.NoAnswer(var failure, var partial, var usage) && contentType != null
                && !contentType.contains("json") && failure.failureClass() == FailureClass.SERVER_ERROR) {
            return new Decoded.NoAnswer(new AttemptFailure(FailureClass.SERVER_ERROR, failure.httpStatus(),
                    ErrorText.of("an answer of type " + contentType), Optional.empty()), partial, usage);
        }
        if (decoded instanceof Decoded.Answer) {
            attempt.firstToken(nanoTicker.getAsLong());
        }
        return decoded;
    }

    private Decoded error(Response response) {
        byte[] body;
        try {
            body = body(response, ERROR_BYTES);
        } catch (IOException cut) {
            if (watch.failure().isPresent() || Thread.currentThread().isInterrupted()) {
                return noAnswer(HttpVendorClient.whyLost(watch, cut));
            }
            // The status alone must do.
            body = new byte[0];
        }
        Map<String, String> headers = new HashMap<>();
        response.headers().forEach(header -> headers.put(header.getFirst().toLowerCase(Locale.ROOT),
                header.getSecond()));
        return noAnswer(codec.classify(new VendorError(response.code(), headers, body)));
    }

    /** The whole body, or as much of it as shows that it is over the limit. */
    private byte[] body(Response response, long limit) throws IOException {
        BufferedSource source = response.body().source();
        long announced = response.body().contentLength();
        byte[] bytes = new byte[(int) Math.min(announced >= 0 ? announced : 4_096, limit + 1)];
        int length = 0;
        while (true) {
            if (length == bytes.length) {
                if (length > limit || source.exhausted()) {
                    return bytes;
                }
                bytes = Arrays.copyOf(bytes, (int) Math.min(limit + 1, Math.max(4_096, length * 2L)));
            }
            int read = source.read(bytes, length, bytes.length - length);
            if (read < 0) {
                return Arrays.copyOf(bytes, length);
            }
            length += read;
            bodyBytes = length;
        }
    }

    private AttemptFailure tooLarge(String what) {
        return new AttemptFailure(FailureClass.TRUNCATED, OptionalInt.of(200),
                "the " + what + " is over the limit of " + limits.answerBytes() + " bytes or of its lines",
                Optional.empty());
    }

    /** An answer that the vendor had begun to send: it has cost at least what came. */
    private Decoded lost(AttemptFailure failure) {
        return new Decoded.NoAnswer(failure, Optional.empty(), Optional.of(estimate.of(Optional.empty(),
                attempt.call().body(), new UsageEstimate.Received(0, bodyBytes, 0))));
    }

    private static Decoded noAnswer(AttemptFailure failure) {
        return new Decoded.NoAnswer(failure, Optional.empty(), Optional.empty());
    }
}
