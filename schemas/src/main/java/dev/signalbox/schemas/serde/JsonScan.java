package dev.signalbox.schemas.serde;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Checks JSON as a stream, without a tree: well-formed, UTF-8, at most {@value #MAX_DEPTH} deep. Never quotes content. */
public final class JsonScan {
    /** Deepest nesting of a body. */
    public static final int MAX_DEPTH = 200;
    private static final JsonFactory FACTORY = factory(Integer.MAX_VALUE, MAX_DEPTH);

    private JsonScan() {
    }

    static JsonFactory factory(int maxStringLength, int maxDepth) {
        return JsonFactory.builder().disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(maxDepth)
                        .maxStringLength(maxStringLength).build())
                .build();
    }

    /** Why the buffer's remaining bytes are not one JSON object, with line and column; empty if they are. */
    public static Optional<String> objectFault(ByteBuffer json) {
        byte[] bytes;
        int from;
        int length = json.remaining();
        if (json.hasArray()) {
            bytes = json.array();
            from = json.arrayOffset() + json.position();
        } else {
            bytes = new byte[length];
            json.duplicate().get(bytes);
            from = 0;
        }
        return objectFault(bytes, from, length);
    }

    private static Optional<String> objectFault(byte[] bytes, int from, int length) {
        Optional<String> encoding = encodingFault(bytes, from, length);
        if (encoding.isPresent()) {
            return encoding;
        }
        try (JsonParser parser = FACTORY.createParser(bytes, from, length)) {
            return objectFault(parser);
        } catch (IOException e) {
            throw new UncheckedIOException("reading an array", e);
        }
    }

    private static Optional<String> objectFault(JsonParser parser) throws IOException {
        try {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                return Optional.of(first == null ? "is empty" : "must be a JSON object");
            }
            parser.skipChildren();
            return parser.nextToken() == null
                    ? Optional.empty()
                    : Optional.of("has more after its object, " + place(parser.currentTokenLocation()));
        } catch (JsonProcessingException e) {
            return Optional.of(problem(e) + ", " + place(locationOf(e, parser)));
        }
    }

    /** Where it went wrong; a limit that was passed carries no place of its own. */
    static JsonLocation locationOf(JsonProcessingException e, JsonParser parser) {
        return e.getLocation() == null ? parser.currentLocation() : e.getLocation();
    }

    /** UTF-8 without a byte order mark: the parser would guess at UTF-16 and UTF-32 and skip the mark. */
    static Optional<String> encodingFault(byte[] bytes, int from, int length) {
        for (int i = from; i < from + Math.min(4, length); i++) {
            if (bytes[i] == 0) {
                return Optional.of("is not JSON in UTF-8");
            }
        }
        if (length >= 3 && bytes[from] == (byte) 0xEF && bytes[from + 1] == (byte) 0xBB
                && bytes[from + 2] == (byte) 0xBF) {
            return Optional.of("begins with a byte order mark, which JSON must not");
        }
        int invalid = Utf8.firstInvalid(bytes, from, from + length);
        return invalid < 0 ? Optional.empty() : Optional.of("is not UTF-8 at byte " + (invalid - from));
    }

    /** What is wrong, in words of our own: the parser's quote content. */
    static String problem(JsonProcessingException e) {
        if (e instanceof JsonEOFException) {
            return "ends too early";
        }
        return e instanceof StreamConstraintsException
                ? "is nested deeper than " + MAX_DEPTH + " levels, or has an overlong key, number or string"
                : "is not well-formed JSON";
    }

    private static String place(JsonLocation location) {
        return "line " + location.getLineNr() + ", column " + location.getColumnNr();
    }
}
