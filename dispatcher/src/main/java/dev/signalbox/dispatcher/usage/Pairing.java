package dev.signalbox.dispatcher.usage;

import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.UsageRecord;
import org.jspecify.annotations.Nullable;

/**
 * Pairs the start and the end of each vendor call, by its event id. Either may come twice (a worker sends an event again
 * if it cannot know whether the first one arrived), the start may be missing (it is older than what was read), and so may
 * the end (its worker died).
 */
final class Pairing {
    private Pairing() {
    }

    /** What is remembered of a call that is over: so that nothing of it counts twice. */
    enum Mark {
        /** Its end was seen. */
        ENDED('E'),
        /** It was published as unpaired. */
        UNPAIRED('U');

        private final byte code;

        Mark(char code) {
            this.code = (byte) code;
        }

        /** As stored; never changed. */
        byte code() {
            return code;
        }
    }

    /** What an event comes to. */
    sealed interface Step {
        /** A call is under way: keep it. */
        record Open(UsageRecord begun) implements Step {
        }

        /** A call is over: publish it, keep the mark, forget the open call. */
        record Over(UsageRecord usage, Mark mark) implements Step {
        }

        /** Nothing new. */
        record Known() implements Step {
        }
    }

    /**
     * @param startedMillis when the call began, if it is under way
     * @param mark what is remembered of it, if it is over
     * @param appendedMillis when the event was appended, broker time
     */
    static Step onEvent(AttemptEvent event, String eventId, @Nullable Long startedMillis, @Nullable Mark mark,
            long appendedMillis) {
        return switch (event.getPhase()) {
            case CLAIMED -> new Step.Known();
            case STARTED -> startedMillis == null && mark == null
                    ? new Step.Open(CallUsage.begun(event, eventId, appendedMillis))
                    : new Step.Known();
            case ENDED -> mark == Mark.ENDED
                    ? new Step.Known()
                    : new Step.Over(
                            CallUsage.ended(event, eventId, startedMillis, appendedMillis, mark == Mark.UNPAIRED),
                            Mark.ENDED);
        };
    }

    /** Whether a call is so old that its end will hardly come. */
    static boolean isLost(long startedMillis, long nowMillis, long longestCallMillis) {
        return nowMillis - startedMillis > longestCallMillis;
    }

    /** A call whose end never came. */
    static Step.Over lost(UsageRecord open) {
        return new Step.Over(open, Mark.UNPAIRED);
    }
}
