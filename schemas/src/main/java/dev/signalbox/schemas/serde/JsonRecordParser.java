package dev.signalbox.schemas.serde;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;
import org.jspecify.annotations.Nullable;

/** One pass over one JSON value, led by an Avro schema. */
final class JsonRecordParser {
    private static final int MAX_QUOTED_NAME = 64;

    private final byte[] input;
    private final JsonParser json;
    /** Pointer to the embedded object that is being skipped: what is inside is content and stays out of error texts. */
    private @Nullable String embedded;

    private JsonRecordParser(byte[] input, JsonParser json) {
        this.input = input;
        this.json = json;
    }

    /** @throws InvalidRecordException if the bytes are not exactly one record of that schema */
    static SpecificRecord parse(JsonFactory factory, byte[] input, Schema schema) {
        JsonScan.encodingFault(input, 0, input.length).ifPresent(fault -> {
            throw new InvalidRecordException(fault, "", 0, 0);
        });
        try (JsonParser json = factory.createParser(input)) {
            JsonRecordParser parser = new JsonRecordParser(input, json);
            try {
                json.nextToken();
                SpecificRecord parsed = parser.record(RecordShape.of(schema));
                if (json.nextToken() != null) {
                    throw parser.fault("there is more after the record");
                }
                return parsed;
            } catch (JsonProcessingException e) {
                JsonLocation at = JsonScan.locationOf(e, json);
                throw new InvalidRecordException(JsonScan.problem(e), parser.pointer(), at.getLineNr(),
                        at.getColumnNr());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("reading an array", e);
        }
    }

    private SpecificRecord record(RecordShape shape) throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw fault(json.currentToken() == null ? "is empty" : "must be an object");
        }
        SpecificRecord result = shape.newRecord();
        boolean[] seen = new boolean[shape.fields().size()];
        for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
            Integer position = shape.positions().get(name);
            if (position == null) {
                throw fault("unknown key \"" + quotable(name) + "\""
                        + Suggestion.of(quotable(name), shape.positions().keySet()));
            }
            if (seen[position]) {
                throw fault("the key stands twice");
            }
            seen[position] = true;
            json.nextToken();
            result.put(position, value(shape.fields().get(position)));
        }
        for (Schema.Field field : shape.fields()) {
            if (!seen[field.pos()]) {
                if (!field.hasDefaultValue()) {
                    throw fault("the key \"" + field.name() + "\" is missing");
                }
                result.put(field.pos(), defaultOf(field));
            }
        }
        return result;
    }

    private static @Nullable Object defaultOf(Schema.Field field) {
        Object value = SpecificData.get().getDefaultValue(field);
        return value == null ? null : SpecificData.get().deepCopy(field.schema(), value);
    }

    private @Nullable Object value(Schema.Field field) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            if (field.schema().isNullable()) {
                return null;
            }
            throw fault("must not be null");
        }
        if (RecordShape.isJsonString(field) && json.currentToken() == JsonToken.VALUE_STRING) {
            try {
                return Long.parseLong(json.getText());
            } catch (NumberFormatException e) {
                throw fault("must be a 64-bit integer in decimal");
            }
        }
        return value(RecordShape.present(field.schema()));
    }

    private Object value(Schema schema) throws IOException {
        return switch (schema.getType()) {
            case RECORD -> record(RecordShape.of(schema));
            case STRING -> text();
            case ENUM -> symbol(schema);
            case BYTES -> schema.getLogicalType() instanceof LogicalTypes.Decimal decimal
                    ? decimal(decimal)
                    : embeddedObject();
            case INT -> (int) integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
            case LONG -> integer(Long.MIN_VALUE, Long.MAX_VALUE);
            case DOUBLE -> number().doubleValue();
            case BOOLEAN -> truth();
            case ARRAY -> list(schema.getElementType());
            case MAP -> map(schema.getValueType());
            case UNION, FIXED, FLOAT, NULL -> throw new AssertionError("no such field in our schemas: " + schema);
        };
    }

    private String text() throws IOException {
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            throw fault("must be a string");
        }
        return json.getText();
    }

    private Object symbol(Schema schema) throws IOException {
        String name = text().toUpperCase(Locale.ROOT);
        if (!schema.hasEnumSymbol(name)) {
            throw fault("must be one of " + String.join(", ", schema.getEnumSymbols()));
        }
        return SpecificData.get().createEnum(name, schema);
    }

    private BigDecimal decimal(LogicalTypes.Decimal type) throws IOException {
        BigDecimal value = number();
        // The guard comes first: rounding 1e999999999 would try to write it out.
        if (value.precision() - (long) value.scale() > type.getPrecision() - type.getScale()) {
            throw fault("is too large for an amount of money");
        }
        return value.setScale(type.getScale(), RoundingMode.HALF_EVEN);
    }

    private BigDecimal number() throws IOException {
        if (!json.currentToken().isNumeric()) {
            throw fault("must be a number");
        }
        return json.getDecimalValue();
    }

    private long integer(long least, long most) throws IOException {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
                || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                || json.getLongValue() < least || json.getLongValue() > most) {
            throw fault("must be a whole number from " + least + " to " + most);
        }
        return json.getLongValue();
    }

    private boolean truth() throws IOException {
        if (!json.currentToken().isBoolean()) {
            throw fault("must be true or false");
        }
        return json.getBooleanValue();
    }

    /** The object's bytes exactly as they stand in the input. */
    private ByteBuffer embeddedObject() throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw fault("must be a JSON object");
        }
        int from = (int) json.currentTokenLocation().getByteOffset();
        embedded = json.getParsingContext().getParent().pathAsPointer().toString();
        json.skipChildren();
        embedded = null;
        int to = (int) json.currentLocation().getByteOffset();
        byte[] bytes = new byte[to - from];
        System.arraycopy(input, from, bytes, 0, bytes.length);
        return ByteBuffer.wrap(bytes);
    }

    private List<Object> list(Schema element) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw fault("must be an array");
        }
        List<Object> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            values.add(value(element));
        }
        return values;
    }

    private Map<String, Object> map(Schema element) throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw fault("must be an object");
        }
        Map<String, Object> values = new HashMap<>();
        for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
            json.nextToken();
            if (values.put(name, value(element)) != null) {
                throw fault("the key stands twice");
            }
        }
        return values;
    }

    private InvalidRecordException fault(String problem) {
        JsonLocation at = json.currentTokenLocation();
        return new InvalidRecordException(problem, pointer(), at.getLineNr(), at.getColumnNr());
    }

    private String pointer() {
        return embedded != null ? embedded : json.getParsingContext().pathAsPointer().toString();
    }

    /** A key as it may stand in an error text: cut, printable. */
    private static String quotable(String name) {
        String cut = name.length() > MAX_QUOTED_NAME ? name.substring(0, MAX_QUOTED_NAME) : name;
        return cut.replaceAll("[^\\x20-\\x7E]|\"", "?");
    }
}
