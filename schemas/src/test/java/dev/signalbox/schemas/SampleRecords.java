package dev.signalbox.schemas;

import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.TokenChunk;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;

/** Records for tests: plain ones, and random ones that fill any field of any schema here. */
public final class SampleRecords {
    private static final String[] TEXTS = {"", "plain", "Grüße, \"quoted\"\n", "日本語", "🚦 signal", "\u0000\u001f\u007f",
            "</script>"};

    private SampleRecords() {
    }

    public static LlmRequest request(String id) {
        return LlmRequest.newBuilder().setId(id).setModel("gpt-4.1").setTenant("tenant-a")
                .setBody(utf8("{\"model\":\"gpt-4.1\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"))
                .build();
    }

    public static AttemptId attempt(int number) {
        return new AttemptId(0, 1, number, 7L);
    }

    public static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    public static List<Schema> schemas() {
        return List.of(LlmRequest.getClassSchema(), LlmReply.getClassSchema(), TokenChunk.getClassSchema(),
                AttemptEvent.getClassSchema());
    }

    /** A record of that schema with random contents; byte fields hold a JSON object. */
    public static SpecificRecord random(Schema schema, SplittableRandom random) {
        SpecificRecord made = (SpecificRecord) SpecificData.newInstance(SpecificData.get().getClass(schema), schema);
        for (Schema.Field field : schema.getFields()) {
            made.put(field.pos(), value(field.schema(), random));
        }
        return made;
    }

    private static Object value(Schema schema, SplittableRandom random) {
        return switch (schema.getType()) {
            case RECORD -> random(schema, random);
            case UNION -> value(schema.getTypes().get(random.nextInt(2)), random);
            case NULL -> null;
            case STRING -> TEXTS[random.nextInt(TEXTS.length)] + random.nextInt(1000);
            case ENUM -> SpecificData.get().createEnum(
                    schema.getEnumSymbols().get(random.nextInt(schema.getEnumSymbols().size())), schema);
            case BYTES -> schema.getLogicalType() instanceof LogicalTypes.Decimal decimal
                    ? BigDecimal.valueOf(random.nextLong(1_000_000_000_000L), decimal.getScale())
                    : utf8("{ \"a\" :[1, 2.50,\n\t\"\\u00fc 🚦 " + random.nextInt() + "\"] }");
            case INT -> random.nextInt();
            case LONG -> random.nextLong();
            case DOUBLE -> random.nextDouble();
            case BOOLEAN -> random.nextBoolean();
            case ARRAY -> {
                List<Object> values = new ArrayList<>();
                for (int i = random.nextInt(3); i > 0; i--) {
                    values.add(value(schema.getElementType(), random));
                }
                yield values;
            }
            case MAP -> {
                Map<String, Object> values = new HashMap<>();
                for (int i = random.nextInt(3); i > 0; i--) {
                    values.put("key" + i, value(schema.getValueType(), random));
                }
                yield values;
            }
            default -> throw new AssertionError(schema);
        };
    }
}
