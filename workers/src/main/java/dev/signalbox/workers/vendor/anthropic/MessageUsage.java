package dev.signalbox.workers.vendor.anthropic;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.VendorJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The {@code usage} object of a message. A stream tells it in parts, each of which overrides what came before, but not
 * by null. The vendor counts cached input apart; we count it as input too.
 */
final class MessageUsage {
    private final Map<String, byte[]> members = new LinkedHashMap<>();

    /** Reads a part; the parser stands at the object's start and ends at its end. */
    void read(JsonParser parser, byte[] bytes, int offset) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            byte[] raw = VendorJson.raw(parser, bytes, offset);
            if (value != JsonToken.VALUE_NULL || !members.containsKey(name)) {
                members.put(name, raw);
            }
        }
    }

    boolean isEmpty() {
        return members.isEmpty();
    }

    Optional<TokenUsage> counts() {
        if (members.isEmpty()) {
            return Optional.empty();
        }
        TokenUsage usage = new TokenUsage();
        Long input = count("input_tokens");
        Long read = count("cache_read_input_tokens");
        Long written = count("cache_creation_input_tokens");
        usage.setInputTokens(
                input == null ? null : input + (read == null ? 0 : read) + (written == null ? 0 : written));
        usage.setCachedInputTokens(read);
        usage.setCacheWriteTokens(written);
        usage.setOutputTokens(count("output_tokens"));
        usage.setReasoningTokens(thinking());
        return Optional.of(usage);
    }

    private @Nullable Long count(String name) {
        byte[] raw = members.get(name);
        return raw == null ? null : number(new String(raw, StandardCharsets.UTF_8));
    }

    private @Nullable Long thinking() {
        byte[] details = members.get("output_tokens_details");
        if (details == null || details[0] != '{') {
            return null;
        }
        Long found = null;
        try (JsonParser parser = VendorJson.FACTORY.createParser(details)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean it = parser.currentName().equals("thinking_tokens");
                if (parser.nextToken() == JsonToken.VALUE_NUMBER_INT && it) {
                    found = parser.getLongValue();
                }
                parser.skipChildren();
            }
        } catch (IOException impossible) {
            // It was read whole before.
            throw new UncheckedIOException(impossible);
        }
        return found;
    }

    private static @Nullable Long number(String text) {
        try {
            return Long.valueOf(text);
        } catch (NumberFormatException notACount) {
            return null;
        }
    }

    /** As one object. */
    byte[] json() {
        return object(members);
    }

    /** Writes members as they came. */
    static byte[] object(Map<String, byte[]> members) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        char before = '{';
        for (Map.Entry<String, byte[]> member : members.entrySet()) {
            out.write(before);
            out.writeBytes(dev.signalbox.workers.vendor.BodySplice.quoted(member.getKey()));
            out.write(':');
            out.writeBytes(member.getValue());
            before = ',';
        }
        if (members.isEmpty()) {
            out.write('{');
        }
        out.write('}');
        return out.toByteArray();
    }
}
