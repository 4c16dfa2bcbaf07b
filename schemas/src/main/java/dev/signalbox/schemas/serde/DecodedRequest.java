package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.avro.LlmRequest;
import java.util.List;

/** What a request record's value turned out to be. */
public sealed interface DecodedRequest {

    /** A request that may be dispatched. */
    record Valid(LlmRequest request) implements DecodedRequest {
    }

    /**
     * Readable, but against the rules of {@link RequestValidation}: it can be answered REJECTED.
     *
     * @param faults all of them, each {@code field: what is wrong}, free of content
     */
    record Invalid(LlmRequest request, List<String> faults) implements DecodedRequest {
        public Invalid {
            faults = List.copyOf(faults);
        }
    }

    /**
     * Not a request at all: wrong bytes, broken JSON, or a schema that the registry does not know.
     *
     * @param reason one sentence, free of content
     */
    record Unreadable(String reason) implements DecodedRequest {
    }
}
