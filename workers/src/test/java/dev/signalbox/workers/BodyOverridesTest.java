package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BodyOverridesTest {
    @Test
    void valuesAreReplacedWhereTheyStandAndMissingOnesGoFirst() {
        Map<String, Object> overrides = new LinkedHashMap<>();
        overrides.put("temperature", 0.2);
        overrides.put("reasoning_effort", "low");
        overrides.put("stop", List.of("a", "b"));
        overrides.put("metadata", Map.of("n", 1));
        assertThat(splice("{ \"temperature\" : 1 , \"messages\": [ {\"temperature\": 9} ],\"stop\":\"x\" }", overrides))
                .isEqualTo("{\"reasoning_effort\":\"low\",\"metadata\":{\"n\":1}, \"temperature\" : 0.2 , "
                        + "\"messages\": [ {\"temperature\": 9} ],\"stop\":[\"a\",\"b\"] }");
    }

    @Test
    void anEmptyObjectAndRepeatedKeysAreTakenAsTheyAre() {
        assertThat(splice("{}", Map.of("a", true))).isEqualTo("{\"a\":true}");
        assertThat(splice("{\"a\":1,\"é\":\"ü\",\"a\":{\"b\":2}}", Map.of("a", 3)))
                .isEqualTo("{\"a\":3,\"é\":\"ü\",\"a\":3}");
    }

    @Test
    void withoutOverridesTheBodyIsTheCallersOwn() {
        byte[] body = "{\"a\":1}".getBytes(StandardCharsets.UTF_8);
        assertThat(BodyOverrides.splice(body, Map.of())).isSameAs(body);
    }

    private static String splice(String body, Map<String, Object> overrides) {
        return new String(BodyOverrides.splice(body.getBytes(StandardCharsets.UTF_8), overrides),
                StandardCharsets.UTF_8);
    }
}
