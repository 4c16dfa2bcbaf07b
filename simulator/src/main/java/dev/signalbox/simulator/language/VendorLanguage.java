package dev.signalbox.simulator.language;

import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.meter.Limiter;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** How one vendor family speaks. Pure: bytes in, bytes out. */
public interface VendorLanguage {
    /** What a path asks for. */
    enum Operation {
        CALL,
        MODELS
    }

    /** Paths behind the vendor's prefix: {@code /v1/chat/completions}. */
    List<String> paths(Operation operation);

    /** The credential of a request; empty text if it shows none. */
    String credential(UnaryOperator<String> header);

    sealed interface Reading {
    }

    record Understood(CallRequest request) implements Reading {
    }

    record Refused(ErrorKind kind, String message, String param) implements Reading {
    }

    /** @param header value of a request's header by its name; empty text for none */
    Reading read(UnaryOperator<String> header, byte[] body);

    /**
     * When.
     *
     * @param monotonicMillis the limiter's clock
     * @param wallMillis since 1970
     */
    record Moment(long monotonicMillis, long wallMillis) {
    }

    /** Headers of every response but content type and length. */
    List<Header> headers(String vendorRequestId, double processingMillis, Optional<Limiter> limiter, Moment now);

    /**
     * What an answer is called.
     *
     * @param number of the answer, for its id
     * @param vendorRequestId of the call; empty: it has none
     * @param createdSeconds since 1970
     */
    record CallIds(long number, String vendorRequestId, long createdSeconds) {
    }

    Rendering rendering(CallRequest request, Answer answer, CallIds ids);

    /**
     * Status, body and further headers of an error.
     *
     * @param vendorRequestId of the call; empty: it has none
     */
    HttpAnswer error(ErrorKind kind, ErrorDetail detail, String vendorRequestId);

    HttpAnswer models(Collection<String> models);

    /**
     * What an error may tell.
     *
     * @param message instead of the usual one; empty: the usual one
     * @param contextWindowTokens of the model, for {@link ErrorKind#CONTEXT_LENGTH}
     * @param exceeded the limit in question; empty: a made-up one
     * @param retryAfterSeconds to be said in headers; negative: not said
     */
    record ErrorDetail(String model, String message, String param, int promptTokens, int contextWindowTokens,
            Optional<Limiter.Exceeded> exceeded, double retryAfterSeconds) {
        public static ErrorDetail of(String model, int promptTokens) {
            return new ErrorDetail(model, "", "", promptTokens, 0, Optional.empty(), -1);
        }

        public ErrorDetail withMessage(String text, String about) {
            return new ErrorDetail(model, text, about, promptTokens, contextWindowTokens, exceeded, retryAfterSeconds);
        }

        public ErrorDetail withContextWindow(int tokens) {
            return new ErrorDetail(model, message, param, promptTokens, tokens, exceeded, retryAfterSeconds);
        }

        public ErrorDetail withExceeded(Limiter.Exceeded limit) {
            return new ErrorDetail(model, message, param, promptTokens, contextWindowTokens, Optional.of(limit),
                    limit.retryAfterMillis() / 1000.0);
        }

        public ErrorDetail withRetryAfterSeconds(double seconds) {
            return new ErrorDetail(model, message, param, promptTokens, contextWindowTokens, exceeded, seconds);
        }
    }
}
