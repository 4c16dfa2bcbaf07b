package dev.signalbox.workers.vendor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * JSON as the vendor stage reads and writes it: streaming only, at most {@value #MAX_DEPTH} levels deep, text of any
 * length that fits the bounds of requests and answers.
 */
public final class VendorJson {
    public static final int MAX_DEPTH = 500;

    /** Its buffers are pooled apart from threads, since a virtual thread makes one call and ends. */
    public static final JsonFactory FACTORY = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.newConcurrentDequePool())
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(Integer.MAX_VALUE).build())
            .build();

    private VendorJson() {
    }

    /**
     * The bytes of the value that the parser stands at, as they were written; the parser then stands at its end.
     *
     * @param bytes what the parser reads, from {@code offset}
     */
    public static byte[] raw(JsonParser parser, byte[] bytes, int offset) throws IOException {
        long start = parser.currentTokenLocation().getByteOffset();
        finish(parser);
        long end = parser.currentLocation().getByteOffset();
        return Arrays.copyOfRange(bytes, offset + (int) start, offset + (int) end);
    }

    /** Reads to the end of the value that the parser stands at. */
    public static void finish(JsonParser parser) throws IOException {
        if (parser.currentToken().isStructStart()) {
            parser.skipChildren();
        } else {
            parser.finishToken();
        }
    }

    /** The text of a string value; else null, with anything nested skipped. */
    public static @Nullable String text(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
            return parser.getText();
        }
        parser.skipChildren();
        return null;
    }
}
