package dev.signalbox.workers.router;

import java.time.Duration;
import java.util.Optional;

/** What an ended call teaches about its deployment. */
public sealed interface CallLesson {
    /** Nothing: it was ended by us, or its request is under suspicion itself. */
    record Nothing() implements CallLesson {
    }

    /**
     * It was answered.
     *
     * @param outputTokens as the vendor counted them; 0: not told
     * @param streamNanos from the first token to the end; 0: not streamed
     */
    record Answered(long outputTokens, long streamNanos) implements CallLesson {
    }

    /** @param delay that the vendor asked for before the next call */
    record Failed(Blame blame, Optional<Duration> delay) implements CallLesson {
    }

    /** Whose failure it was. */
    enum Blame {
        /** The request's own: the vendor works. */
        REQUEST,
        /** Nobody's: too many calls. */
        RATE,
        SERVICE,
        /** The service says itself that it is dead. */
        SERVICE_AT_ONCE,
        MODEL,
        CREDENTIAL
    }

    CallLesson NOTHING = new Nothing();
}
