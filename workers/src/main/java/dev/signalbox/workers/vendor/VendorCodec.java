package dev.signalbox.workers.vendor;

import dev.signalbox.config.Secret;
import dev.signalbox.workers.vendor.VendorClient.Call;
import java.util.List;
import java.util.Optional;

/**
 * A vendor family's language: requests to HTTP, bytes to tokens and answers, errors to classes. Pure and shared by all
 * calls; what one call needs lives in its {@link StreamDecoder}.
 */
public interface VendorCodec {
    /**
     * The HTTP request of a call. It never throws for what the caller wrote: a body that cannot be sent is refused. Its
     * URL is the deployment's base URL and the family's path: nothing of the request goes into it.
     *
     * @param credential the one of the deployment's to use; empty where it asks for none
     */
    Encoded encode(Call call, Optional<Secret> credential);

    /**
     * A decoder for one streamed answer.
     *
     * @param estimate of the call's deployment
     */
    StreamDecoder decoder(Call call, Encoded.Ready request, UsageEstimate estimate, TokenSink sink);

    /** Reads a whole unstreamed answer that came with a good status. */
    Decoded decode(Call call, byte[] body);

    /**
     * The whole of an answer that went on from a text.
     *
     * @param answer what was decoded, or a part of it: it has none of the text
     */
    byte[] withBeginning(byte[] answer, String text);

    /** Why an answer with another status than 2xx is none. */
    AttemptFailure classify(VendorError error);

    /** What became of a call's request. */
    sealed interface Encoded {
        /** @param choices how many answers the request asks for */
        record Ready(String url, List<HttpHeader> headers, byte[] body, int choices) implements Encoded {
        }

        record Refused(AttemptFailure failure) implements Encoded {
        }
    }

    /** A request header. Its value may be a secret, so it has no text form. */
    record HttpHeader(String name, String value) {
        @Override
        public String toString() {
            return name;
        }
    }
}
