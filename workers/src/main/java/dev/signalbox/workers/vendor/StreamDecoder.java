package dev.signalbox.workers.vendor;

/**
 * Reads the events of one streamed answer, passes its tokens on and puts the answer together. Not for several threads.
 */
public interface StreamDecoder extends SseReader.Listener {
    /** Deltas with content so far; comments, pings and empty deltas are none. */
    long tokens();

    /** What came of the answer so far. */
    UsageEstimate.Received received();

    /** Whether nothing that may still come matters: the end marker or an error was read. */
    boolean done();

    /** The result of a stream that ended in good order; an answer only if its own terminal signal was read. */
    Decoded finish();

    /** The result of a stream that was lost or given up; still an answer, with a warning, after its terminal signal. */
    Decoded cut(AttemptFailure cause);
}
