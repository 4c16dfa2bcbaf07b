package dev.signalbox.simulator.language;

import dev.signalbox.simulator.fault.ErrorKind;

/** One answer in one language. Each method adds whole events of a stream, but for {@link #whole}. */
public interface Rendering {
    /** What a stream begins with. */
    void opening(ByteWriter out);

    void piece(int index, ByteWriter out);

    /** Why it ended, and usage where asked for. */
    void finish(String reason, ByteWriter out);

    /** The end marker. */
    void endMarker(ByteWriter out);

    void error(ErrorKind kind, ByteWriter out);

    /** An event whose data is no JSON. */
    void malformed(ByteWriter out);

    /** The body of an answer that is not streamed. */
    Whole whole(String reason);

    /** @param answerStart offset of the answer's first token in {@code bytes}, which are not copied */
    record Whole(byte[] bytes, int answerStart) {
    }

    /** Bytes that the first {@code tokens} tokens take in {@link #whole}. */
    int lengthOf(int tokens);
}
