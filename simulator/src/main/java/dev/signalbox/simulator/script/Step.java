package dev.signalbox.simulator.script;

import dev.signalbox.simulator.fault.Fault.Ending;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import java.util.List;

/** One thing to do on the wire. */
public sealed interface Step {
    /** Waits from when the step before was due, not from when it was done: a late timer is caught up with. */
    record Pause(long nanos) implements Step {
    }

    /** @param contentLength of the body; negative: not said, the body is chunked */
    record Head(int status, List<Header> headers, long contentLength) implements Step {
    }

    /** The event of one token. */
    record Piece(int index) implements Step {
    }

    /**
     * Bytes of the body, not copied; or behind it, if the head states a smaller length.
     *
     * @param tokens of the answer that they hold, for the meters
     */
    record Bytes(byte[] bytes, int tokens) implements Step {
    }

    /** That many spaces in the body, as fast as the caller reads. */
    record Filler(long bytes) implements Step {
    }

    /** The proper end of the response. */
    record End() implements Step {
    }

    /** The end of the connection. */
    record Disconnect(Ending how) implements Step {
    }
}
