package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.BodySplice;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.IOException;

/**
 * A request body made fit for a deployment by the smallest splice: {@code model} is the deployment's, {@code stream}
 * and {@code stream_options.include_usage} are as the call is made; every other byte stays what the caller wrote. A key
 * that stands more than once is treated alike each time, so that it does not matter which one a vendor reads.
 *
 * @param bytes the body to send
 * @param choices how many answers it asks for ({@code n}), at least 1
 */
record ChatRequestBody(byte[] bytes, int choices) {
    private static final byte[] INCLUDE_USAGE = BodySplice.ascii("{\"include_usage\":true}");
    private static final byte[] NOTHING = {};

    /** @throws IOException if the body is not one JSON object in UTF-8 */
    static ChatRequestBody splice(byte[] body, String modelId, boolean streamed) throws IOException {
        return new Splice(body, modelId, streamed).run();
    }

    private static final class Splice {
        private final byte[] body;
        private final byte[] model;
        private final boolean streamed;
        private final BodySplice changes;
        private boolean modelSeen;
        private boolean streamSeen;
        private boolean optionsSeen;
        private boolean keptBefore;
        private int choices = 1;

        Splice(byte[] body, String modelId, boolean streamed) {
            this.body = body;
            this.streamed = streamed;
            this.changes = new BodySplice(body);
            this.model = BodySplice.quoted(modelId);
        }

        ChatRequestBody run() throws IOException {
            try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
                changes.open(parser);
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    member(parser);
                }
                if (parser.nextToken() != null) {
                    throw new IOException("more than one JSON value");
                }
                return new ChatRequestBody(apply(), choices);
            }
        }

        private void member(JsonParser parser) throws IOException {
            String name = parser.currentName();
            int nameStart = BodySplice.start(parser);
            JsonToken value = parser.nextToken();
            boolean removed = false;
            switch (name) {
                case "model" -> {
                    modelSeen = true;
                    changes.replace(parser, model);
                }
                case "stream" -> {
                    streamSeen = true;
                    if (value != (streamed ? JsonToken.VALUE_TRUE : JsonToken.VALUE_FALSE)) {
                        changes.replace(parser, streamed ? BodySplice.TRUE : BodySplice.FALSE);
                    }
                }
                case "stream_options" -> {
                    optionsSeen = true;
                    if (streamed) {
                        includeUsage(parser);
                    } else {
                        VendorJson.finish(parser);
                        remove(nameStart, BodySplice.end(parser));
                        removed = true;
                    }
                }
                case "n" -> {
                    if (value == JsonToken.VALUE_NUMBER_INT) {
                        choices = Math.clamp(parser.getValueAsLong(1), 1, 1_000);
                    }
                    parser.skipChildren();
                }
                default -> parser.skipChildren();
            }
            keptBefore |= !removed;
        }

        /** Vendors refuse {@code stream_options} of a call that is not streamed. */
        private void remove(int nameStart, int valueEnd) {
            if (keptBefore) {
                changes.replace(back(nameStart, ','), valueEnd, NOTHING);
            } else {
                int next = skipSpace(valueEnd);
                changes.replace(nameStart, body[next] == ',' ? next + 1 : valueEnd, NOTHING);
            }
        }

        private void includeUsage(JsonParser parser) throws IOException {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                changes.replace(parser, INCLUDE_USAGE);
                return;
            }
            int open = BodySplice.start(parser);
            boolean found = false;
            boolean empty = true;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                empty = false;
                boolean wanted = parser.currentName().equals("include_usage");
                JsonToken value = parser.nextToken();
                if (wanted && value != JsonToken.VALUE_TRUE) {
                    changes.replace(parser, BodySplice.TRUE);
                } else {
                    parser.skipChildren();
                }
                found |= wanted;
            }
            if (!found) {
                changes.replace(open + 1, open + 1,
                        BodySplice.ascii("\"include_usage\":true" + (empty ? "" : ",")));
            }
        }

        private byte[] apply() {
            if (streamed && !optionsSeen) {
                changes.insert("stream_options", INCLUDE_USAGE);
            }
            if (streamed && !streamSeen) {
                changes.insert("stream", BodySplice.TRUE);
            }
            if (!modelSeen) {
                changes.insert("model", model);
            }
            return changes.apply(keptBefore);
        }

        private int back(int from, char wanted) {
            int at = from - 1;
            while (body[at] != wanted) {
                at--;
            }
            return at;
        }

        private int skipSpace(int from) {
            int at = from;
            while (body[at] == ' ' || body[at] == '\n' || body[at] == '\r' || body[at] == '\t') {
                at++;
            }
            return at;
        }
    }
}
