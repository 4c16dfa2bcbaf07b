package dev.signalbox.workers.vendor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.BodyFormat;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What a request's body asks of a deployment, read by one streaming scan: tools by a non-empty top-level {@code tools},
 * images by a content part of type {@code image_url} (OpenAI) or {@code image} (Anthropic).
 */
public record BodyNeeds(boolean images, boolean tools) {
    private static final JsonFactory JSON = new JsonFactory();

    /** @param body valid JSON object; intake has checked it */
    public static BodyNeeds of(BodyFormat format, ByteBuffer body) {
        String imageType = switch (format) {
            case OPENAI_CHAT_COMPLETIONS -> "image_url";
            case ANTHROPIC_MESSAGES -> "image";
        };
        boolean images = false;
        boolean tools = false;
        try (JsonParser parser = JSON.createParser(body.array(), body.arrayOffset() + body.position(),
                body.remaining())) {
            int depth = 0;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isStructStart()) {
                    depth++;
                } else if (token.isStructEnd()) {
                    depth--;
                } else if (token == JsonToken.FIELD_NAME && depth == 1 && parser.currentName().equals("tools")) {
                    tools = parser.nextToken() == JsonToken.START_ARRAY && parser.nextToken() == JsonToken.START_OBJECT;
                    depth += tools ? 2 : 0;
                } else if (token == JsonToken.VALUE_STRING && depth > 2 && "type".equals(parser.currentName())) {
                    images |= parser.getText().equals(imageType);
                }
            }
        } catch (IOException notJson) {
            return new BodyNeeds(false, false);
        }
        return new BodyNeeds(images, tools);
    }
}
