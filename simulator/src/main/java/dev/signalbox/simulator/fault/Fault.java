package dev.signalbox.simulator.fault;

import java.util.Map;

/**
 * What goes wrong with one call. Positions count tokens: "after 40" lets 40 tokens through. On an answer that is not
 * streamed the same happens where the 40th token ends in the body.
 */
public sealed interface Fault {
    /**
     * An error of the vendor's own form.
     *
     * @param status 0: the one that the vendor's family has for it
     * @param retryAfterSeconds said in the vendor's header; negative: none is said
     */
    record VendorError(ErrorKind kind, int status, double retryAfterSeconds) implements Fault {
    }

    /** Any HTTP response at all. */
    record Response(int status, Map<String, String> headers, String body) implements Fault {
        public Response {
            if (status < 200 || status > 599) {
                throw new IllegalArgumentException("status " + status + " is not within 200 to 599");
            }
            headers = Map.copyOf(headers);
        }
    }

    /** How a connection ends before its time. */
    enum Ending {
        /** An orderly end of the connection, without the end of the response. */
        FIN,
        /** A reset. What was sent before has 50 ms to be read, for a reset makes the reader's system forget it. */
        RST
    }

    /** The connection ends before any byte of the answer. */
    record NoAnswer(Ending how) implements Fault {
    }

    /** Takes the request and says nothing; after that time it resets the connection. */
    record Silent(long millis) implements Fault {
    }

    /** Headers come that late, then all as usual. */
    record LateHeaders(long millis) implements Fault {
    }

    /** Headers at once, the first token that late. */
    record LateFirstToken(long millis) implements Fault {
    }

    /** The connection ends after that many tokens. */
    record Cut(int afterTokens, Ending how) implements Fault {
    }

    /**
     * No token for that long after that many, then the rest.
     *
     * @param pingMillis between signs of life that a stream gives meanwhile, at least 1; {@link Long#MAX_VALUE}: silence
     */
    record Stall(int afterTokens, long millis, long pingMillis) implements Fault {
        public Stall {
            if (pingMillis < 1) {
                throw new IllegalArgumentException("pings " + pingMillis + " ms apart");
            }
        }
    }

    /** A healthy answer whose header tells to come back later: no reason to. */
    record RetryHint(long millis) implements Fault {
    }

    /** One event that is no JSON after that many tokens, then the rest; not streamed: a body that is no JSON. */
    record Malformed(int afterTokens) implements Fault {
    }

    /** Everything but the end marker. */
    record NoEndMarker() implements Fault {
    }

    /** All tokens, then a clean end: no finish reason, no usage, no end marker. */
    record NoFinish() implements Fault {
    }

    /** An error event after that many tokens, then the end marker and a clean end; not streamed: an error at once. */
    record StreamError(int afterTokens, ErrorKind kind) implements Fault {
    }

    /** Tokens that far apart, from the first. */
    record Trickle(long millisPerToken) implements Fault {
    }

    /** The right bytes under the wrong content type. */
    record WrongContentType(String contentType) implements Fault {
    }

    /** Status 200 and a page of HTML. */
    record NotJson() implements Fault {
    }

    /** Spaces inside the answer (one event, one string) of that many bytes. */
    record Oversized(long bytes) implements Fault {
    }

    /** Bytes after the end: events after the end marker; not streamed: after the response, on the connection. */
    record GarbageAfterEnd() implements Fault {
    }

    /** The answer ends with that finish reason: {@code length}, {@code content_filter}. */
    record Finish(String reason) implements Fault {
        public Finish {
            if (!reason.matches("[a-z_]{1,40}")) {
                throw new IllegalArgumentException("'" + reason + "' is no finish reason");
            }
        }
    }

    /** No tokens at all, then the usual end. */
    record Empty() implements Fault {
    }

    /** Refuses a request whose last message is the assistant's own, as many models do; others are answered. */
    record RejectPrefill() implements Fault {
    }
}
