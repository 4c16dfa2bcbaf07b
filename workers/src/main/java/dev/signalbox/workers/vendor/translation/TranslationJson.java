package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/** JSON trees of the translation; numbers keep the digits that the caller wrote. */
final class TranslationJson {
    static final ObjectMapper MAPPER = new ObjectMapper(VendorJson.FACTORY)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private static final ObjectReader ANSWERS = MAPPER.reader()
            .without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private TranslationJson() {
    }

    /** The object that the bytes hold; empty if they hold anything else. */
    static Optional<ObjectNode> object(byte[] json) {
        try {
            return MAPPER.readTree(json) instanceof ObjectNode object ? Optional.of(object) : Optional.empty();
        } catch (IOException notJson) {
            return Optional.empty();
        }
    }

    /** The object that an answer begins with; what a vendor writes behind it is not read by anybody. */
    static Optional<ObjectNode> answer(byte[] json) {
        try {
            return ANSWERS.readTree(json) instanceof ObjectNode object ? Optional.of(object) : Optional.empty();
        } catch (IOException notJson) {
            return Optional.empty();
        }
    }

    static Optional<ObjectNode> object(String json) {
        try {
            return MAPPER.readTree(json) instanceof ObjectNode object ? Optional.of(object) : Optional.empty();
        } catch (IOException notJson) {
            return Optional.empty();
        }
    }

    static byte[] bytes(JsonNode tree) {
        try {
            return MAPPER.writeValueAsBytes(tree);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    static String text(JsonNode tree) {
        try {
            return MAPPER.writeValueAsString(tree);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** {@code {"type":"text","text":…}}, alike in both languages. */
    static ObjectNode textPart(String text) {
        return MAPPER.createObjectNode().put("type", "text").put("text", text);
    }

    static ArrayNode array() {
        return MAPPER.createArrayNode();
    }

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }
}
