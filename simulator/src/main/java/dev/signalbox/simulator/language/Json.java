package dev.signalbox.simulator.language;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Texts as JSON. */
final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {
    }

    /** With its quotes. */
    static byte[] bytes(String text) {
        try {
            return MAPPER.writeValueAsBytes(text);
        } catch (IOException e) {
            throw new IllegalStateException("a string that is no JSON: " + text.length() + " characters", e);
        }
    }

    static String text(String text) {
        return new String(bytes(text), StandardCharsets.UTF_8);
    }

    /** Without its quotes. */
    static byte[] inside(String text) {
        byte[] quoted = bytes(text);
        return Arrays.copyOfRange(quoted, 1, quoted.length - 1);
    }
}
