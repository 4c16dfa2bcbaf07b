package dev.signalbox.schemas.serde;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;

/** Writes a record in the order of its schema, leaving out what is null. */
final class JsonRecordWriter {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS).build();
    private static final int INITIAL_BYTES = 512;

    private final JsonGenerator json;

    private JsonRecordWriter(JsonGenerator json) {
        this.json = json;
    }

    static byte[] write(SpecificRecord value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(INITIAL_BYTES);
        try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
            new JsonRecordWriter(json).record(value);
        } catch (IOException e) {
            throw new UncheckedIOException("writing an array", e);
        }
        return bytes.toByteArray();
    }

    private void record(SpecificRecord value) throws IOException {
        json.writeStartObject();
        for (Schema.Field field : value.getSchema().getFields()) {
            Object content = value.get(field.pos());
            if (content == null) {
                continue;
            }
            json.writeFieldName(field.name());
            if (RecordShape.isJsonString(field)) {
                json.writeString(content.toString());
            } else {
                value(RecordShape.present(field.schema()), content);
            }
        }
        json.writeEndObject();
    }

    private void value(Schema schema, Object content) throws IOException {
        switch (schema.getType()) {
            case RECORD -> record((SpecificRecord) content);
            case STRING, ENUM -> json.writeString(content.toString());
            case BYTES -> {
                if (content instanceof BigDecimal amount) {
                    json.writeNumber(plain(amount));
                } else {
                    embedded((ByteBuffer) content);
                }
            }
            case INT -> json.writeNumber((Integer) content);
            case LONG -> json.writeNumber((Long) content);
            case DOUBLE -> number((Double) content);
            case BOOLEAN -> json.writeBoolean((Boolean) content);
            case ARRAY -> {
                json.writeStartArray();
                for (Object element : (List<?>) content) {
                    value(schema.getElementType(), element);
                }
                json.writeEndArray();
            }
            case MAP -> {
                json.writeStartObject();
                for (Map.Entry<?, ?> entry : ((Map<?, ?>) content).entrySet()) {
                    json.writeFieldName(entry.getKey().toString());
                    value(schema.getValueType(), entry.getValue());
                }
                json.writeEndObject();
            }
            case UNION, FIXED, FLOAT, NULL -> throw new AssertionError("no such field in our schemas: " + schema);
        }
    }

    /** JSON has no infinity: a score out of reach is written as null. */
    private void number(double value) throws IOException {
        if (Double.isFinite(value)) {
            json.writeNumber(value);
        } else {
            json.writeNull();
        }
    }

    private static String plain(BigDecimal amount) {
        return amount.signum() == 0 ? "0" : amount.stripTrailingZeros().toPlainString();
    }

    private void embedded(ByteBuffer body) throws IOException {
        JsonScan.objectFault(body).ifPresent(fault -> {
            throw new InvalidRecordException(fault, json.getOutputContext().pathAsPointer().toString(), 0, 0);
        });
        byte[] bytes = new byte[body.remaining()];
        body.duplicate().get(bytes);
        json.writeRawValue(new RawJson(bytes));
    }
}
