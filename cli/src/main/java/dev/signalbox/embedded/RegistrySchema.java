package dev.signalbox.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;

/** The schema of a request's body, or why it is none. */
sealed interface RegistrySchema {
    /** @param text the form that is stored and compared: the parsed schema written again, with its docs */
    record Valid(Schema schema, String text) implements RegistrySchema {
    }

    record Invalid(RegistryDecision answer) implements RegistrySchema {
    }

    static RegistrySchema of(JsonNode body) {
        if (!body.path("schema").isTextual()) {
            return invalid("there is no text in the field 'schema'");
        }
        String type = body.path("schemaType").asText("AVRO");
        if (!type.equals("AVRO") && !type.equals("null")) {
            return invalid("the embedded registry takes schemaType AVRO only, not " + type);
        }
        if (!body.path("references").isEmpty()) {
            return invalid("the embedded registry takes no references: write the named types out");
        }
        try {
            Schema schema = parse(body.path("schema").asText());
            return new Valid(schema, schema.toString());
        } catch (AvroRuntimeException e) {
            return invalid(String.valueOf(e.getMessage()));
        }
    }

    /** Parses a text that was stored before. */
    static Schema parse(String text) {
        return new Schema.Parser().parse(text);
    }

    private static Invalid invalid(String why) {
        return new Invalid(RegistryDecision.error(42201, "Invalid schema: " + why));
    }
}
