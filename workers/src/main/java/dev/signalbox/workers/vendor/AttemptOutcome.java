package dev.signalbox.workers.vendor;

import dev.signalbox.schemas.avro.TokenUsage;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What an attempt came to. */
public sealed interface AttemptOutcome {
    /** Times of the call. */
    CallTimes times();

    /** Tokens as the vendor counted them or, on a cut stream, an estimate that says so; empty: nothing was spent or known. */
    Optional<TokenUsage> usage();

    /**
     * A whole answer.
     *
     * @param body UTF-8 JSON as an unstreamed call returns it, in the caller's language; of an unstreamed call in that
     *        language the vendor's own bytes
     * @param finishReason why it ended, a word of the caller's language, if the vendor said one
     * @param vendorModel the model's name in the answer
     * @param warnings such as a missing end marker after a complete stream
     */
    record Answered(byte[] body, Optional<String> finishReason, Optional<String> vendorModel,
            Optional<TokenUsage> usage, List<String> warnings, CallTimes times) implements AttemptOutcome {
    }

    /**
     * No answer, or not a whole one.
     *
     * @param partialBody what a cut stream gave, in the form of {@link Answered#body}; empty if it gave nothing
     */
    record Failed(AttemptFailure failure, Optional<byte[]> partialBody, Optional<TokenUsage> usage, CallTimes times)
            implements
                AttemptOutcome {
        /** The same for another reason. */
        public Failed because(AttemptFailure other) {
            return new Failed(other, partialBody, usage, times);
        }
    }

    /**
     * @param duration of the whole call
     * @param timeToFirstToken from the start of the call to the first token of a stream, or to the end of the body of
     *        an unstreamed answer; empty if none came
     */
    record CallTimes(Duration duration, Optional<Duration> timeToFirstToken) {
    }
}
