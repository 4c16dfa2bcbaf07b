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

    Reading read(byte[] body);

    /** Headers of every response but content type and length. */
    List<Header> headers(String vendorRequestId, double processingMillis, Optional<Limiter> limiter, long nowMillis);

    /**
     * @param number of the call, for its id
     * @param createdSeconds since 1970
     */
    Rendering rendering(CallRequest request, Answer answer, long number, long createdSeconds);

    /** Body and further headers of an error. */
    HttpAnswer error(ErrorKind kind, ErrorDetail detail);

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
