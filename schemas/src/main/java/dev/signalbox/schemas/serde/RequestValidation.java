package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.avro.LlmRequest;
import java.util.List;

/** The rules that every request keeps, whoever sent it. */
@SuppressWarnings("DoNotCallSuggester")
public final class RequestValidation {

    private RequestValidation() {
    }

    /** All faults, each {@code field: what is wrong}, free of content; empty if the request is good. */
    public static List<String> faults(LlmRequest request) {
        throw new UnsupportedOperationException("not yet");
    }
}
