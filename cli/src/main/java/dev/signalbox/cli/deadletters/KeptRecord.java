package dev.signalbox.cli.deadletters;

import dev.signalbox.schemas.DeadLetter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * A record of {@code llm.dead-letters}.
 *
 * @param place {@code <partition>-<offset>} there, which names it
 * @param atMillis when it became one, ms on the broker's clock
 * @param key of the original, as text
 * @param value the original's, null if it had none
 * @param headers the original's own
 */
public record KeptRecord(String place, long atMillis, Optional<String> key, byte @Nullable [] value,
        List<Header> headers, DeadLetter why) {

    /** The original's own headers, as a record has them. */
    public RecordHeaders recordHeaders() {
        return new RecordHeaders(headers);
    }

    /** {@code <topic>-<partition>@<offset>} that it had, as far as it had one. */
    public String origin() {
        return why.partition() < 0 ? why.topic() : why.topic() + "-" + why.partition() + "@" + why.offset();
    }

    /** Bytes as text, where they are UTF-8, else as {@code base64:…}. */
    public static String shown(byte @Nullable [] bytes) {
        if (bytes == null) {
            return "-";
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            return "base64:" + Base64.getEncoder().encodeToString(bytes);
        }
    }
}
