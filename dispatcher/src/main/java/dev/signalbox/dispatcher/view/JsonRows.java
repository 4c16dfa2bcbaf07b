package dev.signalbox.dispatcher.view;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Records that were written as JSON already. */
public final class JsonRows {
    private JsonRows() {
    }

    public static JsonNode tree(byte[] json) {
        try {
            return InstanceAnswer.JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException("JSON of our own", e);
        }
    }
}
