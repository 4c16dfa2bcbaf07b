package dev.signalbox.system.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.BodyFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A family's request and answer, as a caller writes and reads them. */
enum Family {
    OPENAI(VendorFamily.OPENAI, BodyFormat.OPENAI_CHAT_COMPLETIONS),
    ANTHROPIC(VendorFamily.ANTHROPIC, BodyFormat.ANTHROPIC_MESSAGES);

    private static final ObjectMapper JSON = new ObjectMapper();

    final VendorFamily vendorFamily;
    final BodyFormat format;

    Family(VendorFamily vendorFamily, BodyFormat format) {
        this.vendorFamily = vendorFamily;
        this.format = format;
    }

    Family other() {
        return this == OPENAI ? ANTHROPIC : OPENAI;
    }

    /** As vendors are named after it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    byte[] body(String model) {
        return """
                {"model": "%s", "max_tokens": 1024, "messages": [{"role": "user", "content": "Where is my parcel?"}]}
                """.formatted(model).getBytes(StandardCharsets.UTF_8);
    }

    /** The whole text of an answer. */
    String text(byte[] body) {
        JsonNode answer;
        try {
            answer = JSON.readTree(body);
        } catch (IOException notJson) {
            throw new UncheckedIOException(notJson);
        }
        if (this == OPENAI) {
            return answer.at("/choices/0/message/content").asText();
        }
        StringBuilder text = new StringBuilder();
        for (JsonNode block : answer.path("content")) {
            text.append(block.path("text").asText());
        }
        return text.toString();
    }
}
