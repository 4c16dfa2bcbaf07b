package dev.signalbox.workers.vendor.openai;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A request body made fit for a deployment by the smallest splice: {@code model} is the deployment's, {@code stream}
 * and {@code stream_options.include_usage} are as the call is made; every other byte stays what the caller wrote. A key
 * that stands more than once is treated alike each time, so that it does not matter which one a vendor reads.
 *
 * @param bytes the body to send
 * @param choices how many answers it asks for ({@code n}), at least 1
 */
record ChatRequestBody(byte[] bytes, int choices) {
    private static final byte[] TRUE = ascii("true");
    private static final byte[] FALSE = ascii("false");
    private static final byte[] INCLUDE_USAGE = ascii("{\"include_usage\":true}");
    private static final byte[] NOTHING = {};

    /** Bytes {@code from} to {@code to} of the caller's body give way to others. */
    private record Edit(int from, int to, byte[] replacement) {
    }

    /** @throws IOException if the body is not one JSON object in UTF-8 */
    static ChatRequestBody splice(byte[] body, String modelId, boolean streamed) throws IOException {
        return new Splice(body, modelId, streamed).run();
    }

    private static final class Splice {
        private final byte[] body;
        private final byte[] model;
        private final boolean streamed;
        private final List<Edit> edits = new ArrayList<>(4);
        private boolean modelSeen;
        private boolean streamSeen;
        private boolean optionsSeen;
        private boolean keptBefore;
        private int choices = 1;

        Splice(byte[] body, String modelId, boolean streamed) {
            this.body = body;
            this.streamed = streamed;
            byte[] quoted = JsonStringEncoder.getInstance().quoteAsUTF8(modelId);
            this.model = new byte[quoted.length + 2];
            this.model[0] = '"';
            System.arraycopy(quoted, 0, model, 1, quoted.length);
            this.model[quoted.length + 1] = '"';
        }

        ChatRequestBody run() throws IOException {
            try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
                if (parser.nextToken() != JsonToken.START_OBJECT) {
                    throw new IOException("not a JSON object");
                }
                int open = start(parser);
                if (open < 0 || body[open] != '{') {
                    throw new IOException("not UTF-8");
                }
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    member(parser);
                }
                if (parser.nextToken() != null) {
                    throw new IOException("more than one JSON value");
                }
                return new ChatRequestBody(apply(open + 1), choices);
            }
        }

        private void member(JsonParser parser) throws IOException {
            String name = parser.currentName();
            int nameStart = start(parser);
            JsonToken value = parser.nextToken();
            boolean removed = false;
            switch (name) {
                case "model" -> {
                    modelSeen = true;
                    replace(parser, model);
                }
                case "stream" -> {
                    streamSeen = true;
                    if (value != (streamed ? JsonToken.VALUE_TRUE : JsonToken.VALUE_FALSE)) {
                        replace(parser, streamed ? TRUE : FALSE);
                    }
                }
                case "stream_options" -> {
                    optionsSeen = true;
                    if (streamed) {
                        includeUsage(parser);
                    } else {
                        VendorJson.finish(parser);
                        remove(nameStart, end(parser));
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
                edits.add(new Edit(back(nameStart, ','), valueEnd, NOTHING));
            } else {
                int next = skipSpace(valueEnd);
                edits.add(new Edit(nameStart, body[next] == ',' ? next + 1 : valueEnd, NOTHING));
            }
        }

        private void includeUsage(JsonParser parser) throws IOException {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                replace(parser, INCLUDE_USAGE);
                return;
            }
            int open = start(parser);
            boolean found = false;
            boolean empty = true;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                empty = false;
                boolean wanted = parser.currentName().equals("include_usage");
                JsonToken value = parser.nextToken();
                if (wanted && value != JsonToken.VALUE_TRUE) {
                    replace(parser, TRUE);
                } else {
                    parser.skipChildren();
                }
                found |= wanted;
            }
            if (!found) {
                edits.add(new Edit(open + 1, open + 1, ascii("\"include_usage\":true" + (empty ? "" : ","))));
            }
        }

        private void replace(JsonParser parser, byte[] replacement) throws IOException {
            int from = start(parser);
            VendorJson.finish(parser);
            edits.add(new Edit(from, end(parser), replacement));
        }

        /** What is missing goes first, so that nothing behind it needs to be known. */
        private byte[] apply(int afterOpen) {
            ByteArrayOutputStream out = new ByteArrayOutputStream(body.length + 128);
            out.write(body, 0, afterOpen);
            boolean first = true;
            if (streamed && !optionsSeen) {
                first = insert(out, ascii("\"stream_options\":"), INCLUDE_USAGE, first);
            }
            if (streamed && !streamSeen) {
                first = insert(out, ascii("\"stream\":"), TRUE, first);
            }
            if (!modelSeen) {
                first = insert(out, ascii("\"model\":"), model, first);
            }
            if (!first && keptBefore) {
                out.write(',');
            }
            int at = afterOpen;
            for (Edit edit : edits) {
                out.write(body, at, edit.from() - at);
                out.writeBytes(edit.replacement());
                at = edit.to();
            }
            out.write(body, at, body.length - at);
            return out.toByteArray();
        }

        /** Always false: what is inserted next is not the first. */
        private static boolean insert(ByteArrayOutputStream out, byte[] name, byte[] value, boolean first) {
            if (!first) {
                out.write(',');
            }
            out.writeBytes(name);
            out.writeBytes(value);
            return false;
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

        private static int start(JsonParser parser) {
            return (int) parser.currentTokenLocation().getByteOffset();
        }

        private static int end(JsonParser parser) {
            return (int) parser.currentLocation().getByteOffset();
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
