package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.AvroTrust;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;

/** What the JSON form needs to know of one record type, worked out once: the Avro schema is its only source. */
record RecordShape(Schema schema, Class<?> type, List<Schema.Field> fields, Map<String, Integer> positions) {
    /** Field property that makes a long a decimal string in JSON. */
    private static final String JSON_PROPERTY = "json";
    /** One entry per generated record type. */
    private static final Map<String, RecordShape> SHAPES = new ConcurrentHashMap<>();

    static {
        AvroTrust.install();
    }

    static RecordShape of(Schema schema) {
        return SHAPES.computeIfAbsent(schema.getFullName(), name -> {
            Map<String, Integer> positions = new HashMap<>();
            for (Schema.Field field : schema.getFields()) {
                positions.put(field.name(), field.pos());
            }
            return new RecordShape(schema, SpecificData.get().getClass(schema), schema.getFields(),
                    Map.copyOf(positions));
        });
    }

    SpecificRecord newRecord() {
        return (SpecificRecord) SpecificData.newInstance(type, schema);
    }

    /** Whether a number of this field is written as a string. */
    static boolean isJsonString(Schema.Field field) {
        return "string".equals(field.getProp(JSON_PROPERTY));
    }

    /** The other branch of a union with null, or the schema itself: our schemas have no other unions. */
    static Schema present(Schema schema) {
        if (schema.getType() != Schema.Type.UNION) {
            return schema;
        }
        Schema first = schema.getTypes().get(0);
        return first.getType() == Schema.Type.NULL ? schema.getTypes().get(1) : first;
    }
}
