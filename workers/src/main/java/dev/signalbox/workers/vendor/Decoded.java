package dev.signalbox.workers.vendor;

import dev.signalbox.schemas.avro.TokenUsage;
import java.util.List;
import java.util.Optional;

/** What the bytes of a response came to: an {@link AttemptOutcome} without its times. */
public sealed interface Decoded {
    record Answer(byte[] body, Optional<String> finishReason, Optional<String> vendorModel,
            Optional<TokenUsage> usage, List<String> warnings) implements Decoded {
    }

    /** @param partialBody what there was of an answer, in the form of a whole one */
    record NoAnswer(AttemptFailure failure, Optional<byte[]> partialBody, Optional<TokenUsage> usage)
            implements
                Decoded {
    }
}
