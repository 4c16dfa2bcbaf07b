package dev.signalbox.workers.vendor;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.BodyFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalInt;

/**
 * What a request's body asks of a deployment, read by one streaming scan: tools by a non-empty top-level {@code tools},
 * images and documents by the type of a content part, the longest answer by the family's parameter.
 *
 * @param inputTokens estimate: a token for 4 bytes of the body, but {@value #MEDIA_TOKENS} for each image or document
 *        whose data stand in the body
 * @param maxOutputTokens the longest answer asked for; empty: the body does not say
 */
public record BodyNeeds(boolean images, boolean tools, boolean documents, long inputTokens,
        OptionalInt maxOutputTokens) {
    /** About what vendors count for one image. */
    private static final int MEDIA_TOKENS = 1_500;
    private static final int BYTES_PER_TOKEN = 4;
    /** Longer strings under these names are encoded media, not text. */
    private static final int MEDIA_BYTES = 1_024;

    /** @param body valid JSON object; intake has checked it */
    public static BodyNeeds of(BodyFormat format, ByteBuffer body) {
        Scan scan = new Scan(format);
        try (JsonParser parser = VendorJson.FACTORY.createParser(body.array(), body.arrayOffset() + body.position(),
                body.remaining())) {
            scan.run(parser);
        } catch (IOException notJson) {
            scan = new Scan(format);
        }
        long text = Math.max(0, body.remaining() - scan.mediaBytes);
        return new BodyNeeds(scan.images, scan.tools, scan.documents,
                Math.max(1, text / BYTES_PER_TOKEN + scan.mediaParts * MEDIA_TOKENS), scan.maxTokens);
    }

    private static final class Scan {
        private final BodyFormat format;
        private boolean images;
        private boolean tools;
        private boolean documents;
        private long mediaBytes;
        private long mediaParts;
        private OptionalInt maxTokens = OptionalInt.empty();

        Scan(BodyFormat format) {
            this.format = format;
        }

        void run(JsonParser parser) throws IOException {
            int depth = 0;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isStructStart()) {
                    depth++;
                } else if (token.isStructEnd()) {
                    depth--;
                } else if (token == JsonToken.FIELD_NAME && depth == 1 && parser.currentName().equals("tools")) {
                    if (parser.nextToken() == JsonToken.START_ARRAY) {
                        JsonToken first = parser.nextToken();
                        tools = first == JsonToken.START_OBJECT;
                        depth += tools ? 2 : first == JsonToken.END_ARRAY ? 0 : 1;
                    } else {
                        parser.skipChildren();
                    }
                } else if (token == JsonToken.VALUE_NUMBER_INT && depth == 1) {
                    limit(parser);
                } else if (token == JsonToken.VALUE_STRING && depth > 2) {
                    string(parser);
                }
            }
        }

        private void limit(JsonParser parser) throws IOException {
            String name = parser.currentName();
            if (name.equals("max_tokens") || name.equals("max_completion_tokens")) {
                int asked = Math.clamp(parser.getValueAsLong(0), 0, Integer.MAX_VALUE);
                maxTokens = OptionalInt.of(Math.max(maxTokens.orElse(0), asked));
            }
        }

        private void string(JsonParser parser) throws IOException {
            String name = parser.currentName();
            if ("type".equals(name)) {
                String type = parser.getText();
                switch (format) {
                    case OPENAI_CHAT_COMPLETIONS -> {
                        images |= type.equals("image_url");
                        documents |= type.equals("file");
                    }
                    case ANTHROPIC_MESSAGES -> {
                        images |= type.equals("image");
                        documents |= type.equals("document");
                    }
                }
            } else if ("url".equals(name) || "data".equals(name) || "file_data".equals(name)) {
                int length = parser.getTextLength();
                if (length > MEDIA_BYTES) {
                    mediaBytes += length;
                    mediaParts++;
                }
            }
        }
    }
}
