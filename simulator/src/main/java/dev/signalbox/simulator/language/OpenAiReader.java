package dev.signalbox.simulator.language;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.CallRequest.Asked;
import dev.signalbox.simulator.language.CallRequest.PromptPrefix;
import dev.signalbox.simulator.language.CallRequest.Wanted;
import dev.signalbox.simulator.language.VendorLanguage.Reading;
import dev.signalbox.simulator.language.VendorLanguage.Refused;
import dev.signalbox.simulator.language.VendorLanguage.Understood;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a Chat Completions request in one pass over its bytes; only one with tools or a response format is read as a
 * tree. One use each.
 */
final class OpenAiReader {
    private static final JsonFactory FACTORY = Json.MAPPER.getFactory();
    /** OpenAI caches prompts from 1,024 tokens, at four characters a token. */
    private static final int CACHED_PREFIX_CHARS = 4096;
    private static final int CACHED_TOKENS = 1024;
    private static final int TOKENS_PER_MESSAGE = 3;
    private static final int TOKENS_PER_IMAGE = 765;

    private final byte[] body;
    private String model = "";
    private boolean streamed;
    private boolean includeUsage;
    private boolean needsTree;
    private int maxTokens = Integer.MAX_VALUE;
    private int choices = 1;
    private final List<String> stops = new ArrayList<>(0);
    private int messages;
    private long chars;
    private int images;
    private String lastRole = "";
    private long prefixHash = 1;
    private int prefixLeft = CACHED_PREFIX_CHARS;

    OpenAiReader(byte[] body) {
        this.body = body;
        if (body.length <= CACHED_PREFIX_CHARS) {
            prefixLeft = 0;
        }
    }

    Reading read() {
        try (JsonParser parser = FACTORY.createParser(body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return notJson();
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                field(parser.currentName(), parser);
            }
            return reading();
        } catch (IOException e) {
            return notJson();
        }
    }

    private static Refused notJson() {
        return new Refused(ErrorKind.INVALID_REQUEST, "We could not parse the JSON body of your request. (HINT: This "
                + "likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, "
                + "but what was sent was not valid JSON.)", "");
    }

    private void field(String name, JsonParser parser) throws IOException {
        JsonToken value = parser.nextToken();
        switch (name) {
            case "model" -> model = value == JsonToken.VALUE_STRING ? parser.getText() : "";
            case "stream" -> streamed = value == JsonToken.VALUE_TRUE;
            case "max_tokens", "max_completion_tokens" -> {
                if (value == JsonToken.VALUE_NUMBER_INT) {
                    maxTokens = Math.clamp(parser.getLongValue(), 0, Integer.MAX_VALUE);
                }
            }
            case "n" -> choices = parser.getValueAsInt(1);
            case "stream_options" -> streamOptions(parser);
            case "messages" -> messages(parser);
            case "stop" -> stops(parser);
            case "tools", "response_format" -> {
                needsTree |= value != JsonToken.VALUE_NULL;
                parser.skipChildren();
            }
            default -> parser.skipChildren();
        }
    }

    private void streamOptions(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            return;
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            includeUsage |= name.equals("include_usage") && value == JsonToken.VALUE_TRUE;
            parser.skipChildren();
        }
    }

    private void stops(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
            stops.add(parser.getText());
        } else if (parser.currentToken() == JsonToken.START_ARRAY) {
            while (parser.nextToken() == JsonToken.VALUE_STRING) {
                stops.add(parser.getText());
            }
        } else {
            parser.skipChildren();
        }
    }

    private void messages(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            parser.skipChildren();
            return;
        }
        int depth = 1;
        while (depth > 0) {
            switch (parser.nextToken()) {
                case START_OBJECT, START_ARRAY -> {
                    messages += depth == 1 ? 1 : 0;
                    depth++;
                }
                case END_OBJECT, END_ARRAY -> depth--;
                case VALUE_STRING -> text(parser, depth);
                case null -> throw new IOException("ends in the middle");
                default -> {
                    // numbers, names and the like weigh nothing
                }
            }
        }
    }

    private void text(JsonParser parser, int depth) throws IOException {
        String name = parser.currentName();
        if (name == null) {
            return;
        }
        switch (name) {
            case "role" -> lastRole = depth == 2 ? parser.getText() : lastRole;
            case "url" -> images++;
            case "content", "text", "arguments", "refusal" -> {
                int length = parser.getTextLength();
                chars += length;
                if (prefixLeft > 0) {
                    hash(parser.getTextCharacters(), parser.getTextOffset(), Math.min(length, prefixLeft));
                }
            }
            default -> {
                // data of images and files, ids: no text
            }
        }
    }

    private void hash(char[] text, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            prefixHash = 31 * prefixHash + text[i];
        }
        prefixLeft -= length;
    }

    private Reading reading() throws IOException {
        if (model.isEmpty()) {
            return new Refused(ErrorKind.INVALID_REQUEST, "you must provide a model parameter", "");
        }
        if (messages == 0) {
            return new Refused(ErrorKind.INVALID_REQUEST,
                    "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array "
                            + "instead.",
                    "messages");
        }
        if (maxTokens == 0) {
            return new Refused(ErrorKind.INVALID_REQUEST, "Invalid 'max_completion_tokens': integer below minimum "
                    + "value. Expected a value >= 1, but got 0 instead.", "max_completion_tokens");
        }
        if (choices != 1) {
            return new Refused(ErrorKind.INVALID_REQUEST, "The simulator answers with one choice only (n = 1)", "n");
        }
        Asked asked = CallRequest.TEXT;
        if (needsTree) {
            JsonNode tree = Json.MAPPER.readTree(body);
            asked = OpenAiAsked.of(tree);
            chars += tree.path("tools").toString().length();
        }
        int promptTokens = (int) Math.min(Integer.MAX_VALUE / 2,
                3 + (chars + 3) / 4 + (long) TOKENS_PER_MESSAGE * messages + (long) TOKENS_PER_IMAGE * images);
        boolean cacheable = body.length > CACHED_PREFIX_CHARS && prefixLeft == 0;
        List<PromptPrefix> prefixes = cacheable ? List.of(new PromptPrefix(prefixHash, CACHED_TOKENS)) : List.of();
        return new Understood(new CallRequest(model, streamed, includeUsage, promptTokens, prefixes,
                lastRole.equals("assistant"), new Wanted(asked, maxTokens, false, "", stops)));
    }
}
