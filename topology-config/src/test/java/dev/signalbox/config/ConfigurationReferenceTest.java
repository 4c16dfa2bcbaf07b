package dev.signalbox.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Schema and reference say the same; {@code -Dsignalbox.update=true} writes the reference anew. */
@Tag("issue-2")
class ConfigurationReferenceTest {
    private static final Path PAGE = Path.of(System.getProperty("signalbox.root", ".."), "docs", "configuration.md");
    private static final Pattern ROW = Pattern.compile("^\\| `([^`]+)` \\|", Pattern.MULTILINE);
    /** What the schema may say beyond JSON Schema. */
    private static final Set<String> ANNOTATIONS = Set.of("x-key", "x-later", "x-restart", "x-secret", "x-minimum",
            "x-maximum");

    @Test
    void the_page_is_what_the_schema_generates() throws IOException {
        if (Boolean.getBoolean("signalbox.update")) {
            Files.createDirectories(PAGE.getParent());
            Files.writeString(PAGE, ConfigurationReference.page());
        }
        assertThat(Files.readString(PAGE)).isEqualTo(ConfigurationReference.page());
    }

    @Test
    void every_key_of_the_schema_has_a_row_and_every_row_a_key() throws IOException {
        Set<String> rows = new TreeSet<>();
        Matcher matcher = ROW.matcher(Files.readString(PAGE));
        while (matcher.find()) {
            rows.add(matcher.group(1).substring(matcher.group(1).lastIndexOf('.') + 1));
        }
        Set<String> keys = new TreeSet<>();
        properties(ConfigurationSchema.root(), keys, new ArrayList<>());
        assertThat(rows.stream().filter(row -> !row.contains("<")).map(row -> row.replace("[]", "")).distinct())
                .containsExactlyInAnyOrderElementsOf(keys);
    }

    @Test
    void every_key_has_a_description_and_a_type() {
        List<String> poor = new ArrayList<>();
        properties(ConfigurationSchema.root(), new TreeSet<>(), poor);
        assertThat(poor).isEmpty();
    }

    @Test
    void every_default_is_within_its_own_bounds() {
        JsonNode defaults = com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.objectNode();
        ConfigurationSchema.fillDefaults(defaults);
        assertThat(ConfigurationSchema.validate(defaults)).extracting(error -> error.getProperty()).containsOnly(
                "pools",
                "deployments", "routes");
    }

    /** All named keys, wherever in the schema. */
    private static void properties(JsonNode schema, Set<String> keys, List<String> poor) {
        schema.path("properties").properties().forEach(entry -> {
            JsonNode whole = ConfigurationSchema.resolve(entry.getValue());
            keys.add(entry.getKey());
            if (whole.path("description").asText().isBlank() || !whole.has("type")) {
                poor.add(entry.getKey());
            }
        });
        schema.properties().forEach(entry -> {
            assertThat(entry.getKey().startsWith("x-") && !ANNOTATIONS.contains(entry.getKey())).as(entry.getKey())
                    .isFalse();
            if (entry.getValue().isContainerNode()) {
                properties(entry.getValue(), keys, poor);
            }
        });
        if (schema.isArray()) {
            schema.forEach(item -> properties(item, keys, poor));
        }
    }
}
