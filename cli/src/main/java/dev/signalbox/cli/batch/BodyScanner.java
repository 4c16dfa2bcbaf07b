package dev.signalbox.cli.batch;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Reads what the plan needs out of a Chat Completions or Messages body, in one pass and without building a tree. */
final class BodyScanner {
    private static final int CHARACTERS_PER_TOKEN = 4;
    private static final int TOKENS_PER_MESSAGE = 4;
    private static final int TOKENS_PER_IMAGE = 765;

    private final LineFaults faults;
    private final String name;
    private @Nullable String model;
    private int modelColumn = 1;
    private boolean streamed;
    private long characters;
    private long images;
    private int messages;
    private boolean hasMessages;
    private OptionalLong maxOutputTokens = OptionalLong.empty();
    private int choices = 1;

    /** @param name of the body in its line, for the faults: {@code body} or {@code params} */
    BodyScanner(LineFaults faults, String name) {
        this.name = name;
        this.faults = faults;
    }

    /** Reads the object that the parser stands at the start of, to its end; null if a fault was found. */
    @Nullable
    BodyShape scan(JsonParser parser) throws IOException {
        int bodyColumn = faults.column(parser);
        int before = faults.count();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (field) {
                case "model" -> readModel(parser, value);
                case "stream" -> readStream(parser, value);
                case "messages" -> readMessages(parser, value);
                case "system", "tools", "functions", "response_format" -> readTexts(parser, value);
                case "max_tokens", "max_completion_tokens" -> readMaxTokens(parser, value, field);
                case "n" -> readChoices(parser, value);
                default -> parser.skipChildren();
            }
        }
        if (model == null && faults.count() == before) {
            faults.add(bodyColumn, name + " has no \"model\"");
        }
        if (!hasMessages && faults.count() == before) {
            faults.add(bodyColumn, name + " has no \"messages\"");
        }
        if (model == null || faults.count() > before) {
            return null;
        }
        long inputTokens = characters / CHARACTERS_PER_TOKEN + (long) messages * TOKENS_PER_MESSAGE
                + images * TOKENS_PER_IMAGE;
        return new BodyShape(model, modelColumn, streamed, inputTokens, maxOutputTokens, choices);
    }

    private void readModel(JsonParser parser, JsonToken value) throws IOException {
        modelColumn = faults.column(parser);
        if (value == JsonToken.VALUE_STRING && !parser.getText().isBlank()) {
            model = parser.getText();
        } else {
            faults.add(modelColumn, "\"model\" must be a model's name");
            parser.skipChildren();
        }
    }

    private void readStream(JsonParser parser, JsonToken value) throws IOException {
        switch (value) {
            case VALUE_TRUE -> streamed = true;
            case VALUE_FALSE, VALUE_NULL -> streamed = false;
            default -> {
                faults.add(faults.column(parser), "\"stream\" must be true or false");
                parser.skipChildren();
            }
        }
    }

    private void readMessages(JsonParser parser, JsonToken value) throws IOException {
        hasMessages = true;
        int column = faults.column(parser);
        if (value != JsonToken.START_ARRAY) {
            faults.add(column, "\"messages\" must be a list");
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            messages++;
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                faults.add(faults.column(parser), "a message must be an object with \"role\" and \"content\"");
            }
            readTexts(parser, parser.currentToken());
        }
        if (messages == 0) {
            faults.add(column, "\"messages\" is empty");
        }
    }

    private void readMaxTokens(JsonParser parser, JsonToken value, String field) throws IOException {
        if (value == JsonToken.VALUE_NUMBER_INT && parser.getLongValue() > 0) {
            maxOutputTokens = OptionalLong.of(parser.getLongValue());
        } else if (value != JsonToken.VALUE_NULL) {
            faults.add(faults.column(parser), "\"" + field + "\" must be a positive whole number");
            parser.skipChildren();
        }
    }

    private void readChoices(JsonParser parser, JsonToken value) throws IOException {
        if (value == JsonToken.VALUE_NUMBER_INT && parser.getLongValue() > 0 && parser.getLongValue() <= 128) {
            choices = parser.getIntValue();
        } else if (value != JsonToken.VALUE_NULL) {
            faults.add(faults.column(parser), "\"n\" must be a whole number from 1 to 128");
            parser.skipChildren();
        }
    }

    /** Counts the characters of all strings in the value, and each inline image as one. */
    private void readTexts(JsonParser parser, JsonToken value) throws IOException {
        int depth = 0;
        JsonToken token = value;
        while (true) {
            if (token == JsonToken.VALUE_STRING) {
                countString(parser);
            } else if (token.isStructStart()) {
                depth++;
            } else if (token.isStructEnd()) {
                depth--;
            }
            if (depth == 0) {
                return;
            }
            token = parser.nextToken();
        }
    }

    private void countString(JsonParser parser) throws IOException {
        if ("url".equals(parser.currentName()) || "data".equals(parser.currentName())) {
            images++;
        } else {
            characters += parser.getTextLength();
        }
    }
}
