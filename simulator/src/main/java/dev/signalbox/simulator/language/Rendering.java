package dev.signalbox.simulator.language;

import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.Answer.Finish;

/** One answer in one language. Each method adds whole events of a stream, but for {@link #whole}. */
public interface Rendering {
    /** An answer's reason to end, in this language. */
    String reason(Finish finish);

    /** A reason that an operator wrote, in this language where it has a word for it. */
    String reason(String word);

    /** What a stream begins with. */
    void opening(ByteWriter out);

    void piece(int index, ByteWriter out);

    /** Whether a whole answer says how many tokens it took. */
    boolean tellsUsage();

    /** Why it ended, and usage where asked for. */
    void finish(String reason, ByteWriter out);

    /** The end marker. */
    void endMarker(ByteWriter out);

    /** An error in mid-stream and whatever this vendor still sends behind it. */
    void error(ErrorKind kind, ByteWriter out);

    /** A sign of life that is no progress. */
    void ping(ByteWriter out);

    /** An event whose data is no JSON. */
    void malformed(ByteWriter out);

    /** An event that says nothing, up to the inside of a JSON string; {@value #PADDING_END} ends it. */
    void padding(ByteWriter out);

    String PADDING_END = "\"}\n\n";

    /** What a caller should not read any more, behind the end. */
    void garbage(ByteWriter out);

    /** The body of an answer that is not streamed. */
    Whole whole(String reason);

    /** @param answerStart offset of the answer's first token in {@code bytes}, which are not copied */
    record Whole(byte[] bytes, int answerStart) {
    }

    /** Bytes that the first {@code tokens} tokens take in {@link #whole}. */
    int lengthOf(int tokens);
}
