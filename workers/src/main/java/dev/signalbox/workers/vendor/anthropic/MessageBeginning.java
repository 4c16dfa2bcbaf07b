package dev.signalbox.workers.vendor.anthropic;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.BodySplice;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Puts the text that a message went on from in front of its own; every other byte stays. */
final class MessageBeginning {
    /** A text block's text: from and to in bytes. */
    private record Found(int from, int to, String text) {
    }

    private MessageBeginning() {
    }

    /** @param message as it was decoded */
    static byte[] put(byte[] message, String beginning) {
        BodySplice changes = new BodySplice(message);
        try (JsonParser parser = VendorJson.FACTORY.createParser(message)) {
            changes.open(parser);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean content = parser.currentName().equals("content");
                if (parser.nextToken() == JsonToken.START_ARRAY && content) {
                    into(parser, beginning, changes);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (IOException impossible) {
            // It was read whole before.
            throw new UncheckedIOException(impossible);
        }
        return changes.apply(true);
    }

    private static void into(JsonParser parser, String beginning, BodySplice changes) throws IOException {
        int open = BodySplice.end(parser);
        Optional<Found> found = Optional.empty();
        boolean empty = true;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            empty = false;
            Optional<Found> text = text(parser);
            found = found.isPresent() ? found : text;
        }
        if (found.isPresent()) {
            Found text = found.get();
            changes.replace(text.from, text.to, BodySplice.quoted(beginning + text.text));
        } else {
            String quoted = new String(BodySplice.quoted(beginning), StandardCharsets.UTF_8);
            changes.replace(open, open, ("{\"type\":\"text\",\"text\":" + quoted + "}" + (empty ? "" : ","))
                    .getBytes(StandardCharsets.UTF_8));
        }
    }

    private static Optional<Found> text(JsonParser block) throws IOException {
        if (block.currentToken() != JsonToken.START_OBJECT) {
            block.skipChildren();
            return Optional.empty();
        }
        boolean isText = false;
        Optional<Found> found = Optional.empty();
        while (block.nextToken() == JsonToken.FIELD_NAME) {
            String name = block.currentName();
            JsonToken value = block.nextToken();
            if (name.equals("type")) {
                isText = "text".equals(VendorJson.text(block));
            } else if (name.equals("text") && value == JsonToken.VALUE_STRING) {
                int from = BodySplice.start(block);
                String text = block.getText();
                block.finishToken();
                found = Optional.of(new Found(from, BodySplice.end(block), text));
            } else {
                block.skipChildren();
            }
        }
        return isText ? found : Optional.empty();
    }
}
