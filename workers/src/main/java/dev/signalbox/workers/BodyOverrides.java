package dev.signalbox.workers;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * A request body with some of its top-level parameters changed: their values are replaced wherever they stand, those that
 * are missing go first, and every other byte stays what the caller wrote.
 */
final class BodyOverrides {
    private BodyOverrides() {
    }

    /**
     * @param body one JSON object in UTF-8; intake has checked it
     * @param overrides parameters and their values, as JSON values: strings, numbers, booleans, null, lists and maps
     * @return the body itself if there is nothing to change
     */
    static byte[] splice(byte[] body, Map<String, Object> overrides) {
        if (overrides.isEmpty()) {
            return body;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(body.length + 256);
        try (JsonParser parser = VendorJson.FACTORY.createParser(body)) {
            Set<String> missing = new HashSet<>(overrides.keySet());
            ByteArrayOutputStream rest = new ByteArrayOutputStream(body.length);
            parser.nextToken();
            int at = (int) parser.currentTokenLocation().getByteOffset() + 1;
            boolean empty = true;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                empty = false;
                String name = parser.currentName();
                parser.nextToken();
                int valueStart = (int) parser.currentTokenLocation().getByteOffset();
                VendorJson.finish(parser);
                if (overrides.containsKey(name)) {
                    rest.write(body, at, valueStart - at);
                    rest.writeBytes(json(overrides.get(name)));
                    at = (int) parser.currentLocation().getByteOffset();
                    missing.remove(name);
                }
            }
            rest.write(body, at, body.length - at);
            out.write('{');
            boolean first = true;
            for (Map.Entry<String, Object> override : overrides.entrySet()) {
                if (missing.contains(override.getKey())) {
                    if (!first) {
                        out.write(',');
                    }
                    first = false;
                    out.writeBytes(json(override.getKey()));
                    out.write(':');
                    out.writeBytes(json(override.getValue()));
                }
            }
            if (!first && !empty) {
                out.write(',');
            }
            rest.writeTo(out);
        } catch (IOException notJson) {
            throw new UncheckedIOException("intake has checked that the body is JSON", notJson);
        }
        return out.toByteArray();
    }

    private static byte[] json(@org.jspecify.annotations.Nullable Object value) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream(32);
        try (JsonGenerator generator = VendorJson.FACTORY.createGenerator(out)) {
            write(generator, value);
        }
        return out.toByteArray();
    }

    private static void write(JsonGenerator generator, @org.jspecify.annotations.Nullable Object value)
            throws IOException {
        switch (value) {
            case Map<?, ?> map -> {
                generator.writeStartObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    generator.writeFieldName(String.valueOf(entry.getKey()));
                    write(generator, entry.getValue());
                }
                generator.writeEndObject();
            }
            case Iterable<?> list -> {
                generator.writeStartArray();
                for (Object element : list) {
                    write(generator, element);
                }
                generator.writeEndArray();
            }
            case null -> generator.writeNull();
            default -> scalar(generator, value);
        }
    }

    private static void scalar(JsonGenerator generator, Object value) throws IOException {
        switch (value) {
            case Boolean flag -> generator.writeBoolean(flag);
            case Integer number -> generator.writeNumber(number);
            case Long number -> generator.writeNumber(number);
            case Double number -> generator.writeNumber(number);
            case java.math.BigDecimal number -> generator.writeNumber(number);
            case java.math.BigInteger number -> generator.writeNumber(number);
            default -> generator.writeString(value.toString());
        }
    }
}
