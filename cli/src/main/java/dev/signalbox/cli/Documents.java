package dev.signalbox.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.PrintStream;

/** Nested data as one JSON or YAML document, where {@link Rows} are too flat. */
public final class Documents {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT)
            .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN);
    private static final ObjectMapper YAML = YAMLMapper.builder().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .disable(YAMLGenerator.Feature.SPLIT_LINES).enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN).build();

    private Documents() {
    }

    /** @param document maps, lists and plain values, or a tree of JSON */
    public static void print(Object document, Rows.Form form, PrintStream out) {
        try {
            switch (form) {
                case TABLE -> throw new IllegalArgumentException("a document is no table");
                case JSON -> out.println(JSON.writeValueAsString(document));
                case YAML -> out.print(YAML.writeValueAsString(document));
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a document of plain values", e);
        }
    }
}
