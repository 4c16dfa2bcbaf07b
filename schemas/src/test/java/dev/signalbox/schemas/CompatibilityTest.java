package dev.signalbox.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * FULL_TRANSITIVE: each schema can read, and be read by, every released version of itself, which is kept in
 * {@code src/test/resources/released/<version>/}. A release adds its folder; nothing there is ever changed.
 */
@Tag("issue-2")
class CompatibilityTest {
    private static final Path CURRENT = Path.of("src/main/avro");
    private static final Path RELEASED = Path.of("src/test/resources/released");

    @Test
    void everySchemaIsCompatibleWithEveryReleasedVersionBothWays() throws IOException {
        Map<String, Schema> current = read(CURRENT);
        assertThat(current).containsKeys("LlmRequest", "LlmReply", "TokenChunk", "AttemptEvent");
        List<Path> versions = folders();
        assertThat(versions).isNotEmpty();
        for (Path version : versions) {
            read(version).forEach((name, released) -> assertThat(faults(current.get(name), released))
                    .as("%s against %s", name, version.getFileName()).isEmpty());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "a new field without a default|{\"name\":\"id\",\"type\":\"string\"|{\"name\":\"extra\",\"type\":\"int\"},{\"name\":\"id\",\"type\":\"string\"",
            "a field of another type|{\"name\":\"version\",\"type\":\"string\"|{\"name\":\"version\",\"type\":\"int\"",
            "a renamed field|{\"name\":\"version\"|{\"name\":\"edition\"",
            "a widened type, which only new readers take|\"type\":[\"null\",\"string\"]|\"type\":[\"null\",\"string\",\"long\"]",
            "a renamed record|\"name\":\"PromptTemplate\"|\"name\":\"Template\""})
    void anIncompatibleChangeIsRefused(String what, String before, String after) throws IOException {
        Schema released = read(CURRENT).get("PromptTemplate");
        String json = released.toString();
        String changed = json.replace(before, after);
        assertThat(changed).as("the planted change applies: %s", json).isNotEqualTo(json);
        assertThat(faults(new Schema.Parser().parse(changed), released)).as(what).isNotEmpty();
    }

    @Test
    void aRemovedOrAddedEnumSymbolIsJudgedByItsDefault() {
        Schema with = new Schema.Parser()
                .parse("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"],\"default\":\"A\"}");
        Schema less = new Schema.Parser()
                .parse("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"default\":\"A\"}");
        Schema none = new Schema.Parser().parse("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}");
        assertThat(faults(with, less)).isEmpty();
        assertThat(faults(with, none)).isNotEmpty();
    }

    @Test
    void everyFieldSaysWhatItIs() throws IOException {
        List<String> undocumented = new ArrayList<>();
        read(CURRENT).values().forEach(schema -> undocumented(schema, schema.getName(), undocumented));
        assertThat(undocumented).isEmpty();
    }

    @Test
    void moneyIsDecimal() throws IOException {
        for (String record : List.of("LlmReply", "AttemptEvent")) {
            Schema cost = read(CURRENT).get(record).getField("cost").schema().getTypes().get(1);
            assertThat(cost.getLogicalType().getName()).isEqualTo("decimal");
        }
    }

    private static void undocumented(Schema schema, String path, List<String> found) {
        switch (schema.getType()) {
            case RECORD -> {
                if (schema.getDoc() == null) {
                    found.add(path);
                }
                for (Schema.Field field : schema.getFields()) {
                    if (field.doc() == null || field.doc().isBlank()) {
                        found.add(path + "." + field.name());
                    }
                    undocumented(field.schema(), path + "." + field.name(), found);
                }
            }
            case ENUM -> {
                if (schema.getDoc() == null) {
                    found.add(path);
                }
            }
            case UNION -> schema.getTypes().forEach(branch -> undocumented(branch, path, found));
            case ARRAY -> undocumented(schema.getElementType(), path, found);
            case MAP -> undocumented(schema.getValueType(), path, found);
            default -> {
            }
        }
    }

    private static List<String> faults(Schema now, Schema before) {
        List<String> faults = new ArrayList<>();
        if (now == null) {
            return List.of("the schema is gone");
        }
        check(now, before, "cannot read old records", faults);
        check(before, now, "old readers cannot read new records", faults);
        return faults;
    }

    private static void check(Schema reader, Schema writer, String what, List<String> faults) {
        var result = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer);
        if (result.getType() != SchemaCompatibilityType.COMPATIBLE) {
            faults.add(what + ": " + result.getResult().getIncompatibilities());
        }
    }

    private static List<Path> folders() throws IOException {
        try (Stream<Path> folders = Files.list(RELEASED)) {
            return folders.filter(Files::isDirectory).toList();
        }
    }

    /** By simple name; files may name each other's types, so they are taken as their names become known. */
    private static Map<String, Schema> read(Path folder) throws IOException {
        List<File> files;
        try (Stream<Path> found = Files.list(folder)) {
            files = new ArrayList<>(
                    found.map(Path::toFile).filter(file -> file.getName().endsWith(".avsc")).sorted().toList());
        }
        Map<String, Schema> schemas = new TreeMap<>();
        Schema.Parser parser = new Schema.Parser();
        while (!files.isEmpty()) {
            int before = files.size();
            for (File file : List.copyOf(files)) {
                Schema.Parser attempt = new Schema.Parser();
                attempt.addTypes(parser.getTypes().values());
                try {
                    Schema schema = attempt.parse(file);
                    schemas.put(schema.getName(), schema);
                    parser = attempt;
                    files.remove(file);
                } catch (org.apache.avro.SchemaParseException | org.apache.avro.AvroTypeException e) {
                    assertThat(e).as("waits for a type of another file").isNotNull();
                }
            }
            assertThat(files.size()).as("files of %s that cannot be parsed: %s", folder, files).isLessThan(before);
        }
        return schemas;
    }
}
