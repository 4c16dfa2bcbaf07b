package dev.signalbox.workers.vendor;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.avro.BodyFormat;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** Makes one vendor call. Blocking; meant for a virtual thread. Interrupting the thread closes the connection. */
public interface VendorClient extends AutoCloseable {
    /** Never throws for anything that the vendor, the network or the request did: those are outcomes. */
    AttemptOutcome call(Call call, TokenSink sink);

    /** Lets go of its connections. Running calls are not waited for; whoever closes it has drained them. */
    @Override
    default void close() {
    }

    /**
     * @param format the caller's language; where the deployment speaks another one, request and answer are translated
     * @param body the request's JSON as the caller wrote it, in {@code format}
     * @param streamed whether the vendor is asked to stream
     * @param timeLeft the total limit: what is left of the request's time to live, at most the deployment's own total
     * @param requestId for logs and the vendor's request-id header
     * @param continues the text that the vendor is to go on from; tokens come without it, the outcome's body holds it
     * @param trace headers that tell the vendor of the trace; empty where it is not to know
     */
    record Call(Deployment deployment, BodyFormat format, byte[] body, boolean streamed, Duration timeLeft,
            String requestId, Optional<TextSoFar> continues, Map<String, String> trace) {
        /** A call that the vendor is told no trace of. */
        public Call(Deployment deployment, BodyFormat format, byte[] body, boolean streamed, Duration timeLeft,
                String requestId, Optional<TextSoFar> continues) {
            this(deployment, format, body, streamed, timeLeft, requestId, continues, Map.of());
        }

        /** A call for a whole answer. */
        public Call(Deployment deployment, BodyFormat format, byte[] body, boolean streamed, Duration timeLeft,
                String requestId) {
            this(deployment, format, body, streamed, timeLeft, requestId, Optional.empty());
        }

        /** The same call, which tells the vendor of its trace. */
        public Call traced(Map<String, String> headers) {
            return headers.isEmpty()
                    ? this
                    : new Call(deployment, format, body, streamed, timeLeft, requestId, continues, headers);
        }

        /** The same call with its request in another language. */
        Call in(BodyFormat language, byte[] translated) {
            return new Call(deployment, language, translated, streamed, timeLeft, requestId, continues, trace);
        }
    }
}
