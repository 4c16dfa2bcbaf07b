package dev.signalbox.workers.vendor.anthropic;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.BodySplice;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;

/**
 * A request body made fit for a deployment by the smallest splice: {@code model} is the deployment's and {@code stream}
 * is as the call is made; every other byte stays what the caller wrote. A key that stands more than once is treated
 * alike each time.
 */
final class MessagesRequestBody {
    private MessagesRequestBody() {
    }

    /** @throws IOException if the body is not one JSON object in UTF-8 */
    static byte[] splice(byte[] body, String modelId, boolean streamed) throws IOException {
        BodySplice changes = new BodySplice(body);
        byte[] model = BodySplice.quoted(modelId);
        boolean modelSeen = false;
        boolean streamSeen = false;
        boolean members = false;
        try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
            changes.open(parser);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                members = true;
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("model")) {
                    modelSeen = true;
                    changes.replace(parser, model);
                } else if (name.equals("stream")) {
                    streamSeen = true;
                    if (value != (streamed ? JsonToken.VALUE_TRUE : JsonToken.VALUE_FALSE)) {
                        changes.replace(parser, streamed ? BodySplice.TRUE : BodySplice.FALSE);
                    }
                } else {
                    parser.skipChildren();
                }
            }
            if (parser.nextToken() != null) {
                throw new IOException("more than one JSON value");
            }
        }
        if (streamed && !streamSeen) {
            changes.insert("stream", BodySplice.TRUE);
        }
        if (!modelSeen) {
            changes.insert("model", model);
        }
        return changes.apply(members);
    }
}
