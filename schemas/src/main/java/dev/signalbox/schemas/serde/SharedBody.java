package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.avro.LlmRequest;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Lets a request's body be a view of the record that it was read from, so that who keeps both keeps it once. */
final class SharedBody {
    /** What stands behind the body in a record is short; where it is longer, the body stays a copy. */
    private static final int MAX_BEHIND = 1_024;
    /** Not worth a look. */
    private static final int MIN_BODY = 256;

    private SharedBody() {
    }

    /** @param value the record that the request was decoded from */
    static void share(LlmRequest request, byte[] value) {
        ByteBuffer body = request.getBody();
        int length = body.remaining();
        if (length < MIN_BODY || !body.hasArray()) {
            return;
        }
        int start = body.arrayOffset() + body.position();
        int last = value.length - length;
        for (int at = last; at >= Math.max(0, last - MAX_BEHIND); at--) {
            if (Arrays.equals(value, at, at + length, body.array(), start, start + length)) {
                request.setBody(ByteBuffer.wrap(value, at, length).slice());
                return;
            }
        }
    }
}
