package dev.signalbox.workers.vendor.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatRequestBodyTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "{\"model\":\"a\",\"messages\":[]} | {\"model\":\"dep\",\"messages\":[]}",
            "{\"messages\":[],\"model\":\"a\"} | {\"messages\":[],\"model\":\"dep\"}",
            "{ \"messages\" : [ 1 ,2.50e1 ] ,\t\"model\" : \"a\\u0041\" } | { \"messages\" : [ 1 ,2.50e1 ] ,\t\"model\" : \"dep\" }",
            "{\"model\":\"a\",\"x\":{\"model\":\"b\",\"stream\":1},\"model\":\"c\"} | {\"model\":\"dep\",\"x\":{\"model\":\"b\",\"stream\":1},\"model\":\"dep\"}",
            "{\"mod\\u0065l\":\"a\"} | {\"mod\\u0065l\":\"dep\"}",
            "{\"model\":null,\"stream\":true} | {\"model\":\"dep\",\"stream\":false}",
            "{\"model\":{\"model\":1},\"stream\": false} | {\"model\":\"dep\",\"stream\": false}",
            "{} | {\"model\":\"dep\"}",
            "{\"a\":1} | {\"model\":\"dep\",\"a\":1}",
            "{\"model\":\"a\", \"stream_options\" : {\"include_usage\":true} , \"b\":1} | {\"model\":\"dep\" , \"b\":1}",
            "{\"stream_options\":{},\"model\":\"a\"} | {\"model\":\"dep\"}",
            "{\"model\":\"a\",\"stream_options\":{}} | {\"model\":\"dep\"}",
            "{\"stream_options\":{},\"stream_options\":{}} | {\"model\":\"dep\"}",
            "{\"stream_options\":{},\"model\":\"a\",\"stream_options\":[]} | {\"model\":\"dep\"}"})
    void anUnstreamedCall(String before, String after) throws IOException {
        assertThat(splice(before, false)).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "{\"model\":\"a\",\"stream\":false} | {\"stream_options\":{\"include_usage\":true},\"model\":\"dep\",\"stream\":true}",
            "{\"model\":\"a\",\"stream\": true,\"stream_options\":{ \"include_usage\" : true }} | {\"model\":\"dep\",\"stream\": true,\"stream_options\":{ \"include_usage\" : true }}",
            "{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":false,\"o\":1}} | {\"model\":\"dep\",\"stream\":true,\"stream_options\":{\"include_usage\":true,\"o\":1}}",
            "{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"o\":{\"include_usage\":0}}} | {\"model\":\"dep\",\"stream\":true,\"stream_options\":{\"include_usage\":true,\"o\":{\"include_usage\":0}}}",
            "{\"model\":\"a\",\"stream\":null,\"stream_options\":null} | {\"model\":\"dep\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
            "{\"model\":\"a\",\"stream\":true,\"stream_options\":{}} | {\"model\":\"dep\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"})
    void aStreamedCall(String before, String after) throws IOException {
        assertThat(splice(before, true)).isEqualTo(after);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "1", "{\"model\":\"a\"", "{\"model\":\"a\"}{}", "{\"model\":\"a\"} x",
            "nonsense"})
    void whatIsNotOneObjectIsRefused(String body) {
        assertThatThrownBy(() -> splice(body, true)).isInstanceOf(IOException.class);
    }

    @Test
    void otherEncodingsAreRefused() {
        byte[] utf16 = "{\"model\":\"a\"}".getBytes(StandardCharsets.UTF_16LE);
        assertThatThrownBy(() -> ChatRequestBody.splice(utf16, "dep", false)).isInstanceOf(IOException.class);
    }

    @Test
    void theNumberOfChoicesIsRead() throws IOException {
        assertThat(ChatRequestBody.splice(utf8("{\"model\":\"a\",\"n\":3}"), "dep", false).choices()).isEqualTo(3);
        assertThat(ChatRequestBody.splice(utf8("{\"model\":\"a\",\"n\":null}"), "dep", false).choices()).isEqualTo(1);
    }

    @Test
    void aModelIdIsEscaped() throws IOException {
        assertThat(new String(ChatRequestBody.splice(utf8("{\"model\":\"a\"}"), "a\"é", false).bytes(),
                StandardCharsets.UTF_8)).isEqualTo("{\"model\":\"a\\\"é\"}");
    }

    /** Against a tree: whatever stands around them, only the three members differ, and the rest is there byte for byte. */
    @Test
    void anyOrderAndSpacing() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        ObjectMapper json = new ObjectMapper();
        List<String> others = List.of("\"messages\":[{\"role\":\"user\",\"content\":\"größe \\\"model\\\": \\\\ 😀\"}]",
                "\"tools\":[{\"model\":\"x\",\"stream\":true,\"stream_options\":{}}]", "\"temperature\":1.50",
                "\"metadata\":{\"a\":{\"b\":[{},[],\"\"]}}", "\"n\":2");
        for (int i = 0; i < 5_000; i++) {
            List<String> members = new ArrayList<>(others.subList(0, random.nextInt(others.size() + 1)));
            List<String> ours = List.of("\"model\":\"logical\"", "\"stream\":" + random.nextBoolean(),
                    "\"stream_options\":{\"include_usage\":" + random.nextBoolean() + ",\"k\":[1]}");
            for (String own : ours) {
                if (random.nextBoolean()) {
                    members.add(own);
                }
            }
            Collections.shuffle(members, random);
            String space = List.of("", " ", "\n\t", "  \r\n").get(random.nextInt(4));
            String body = space + "{" + space + String.join(space + "," + space, members) + space + "}" + space;
            boolean streamed = random.nextBoolean();
            String spliced = splice(body, streamed);
            assertThat(spliced).as("seed %d, %s", seed, body).satisfies(text -> json.readTree(text));
            JsonNode expected = json.readTree(body);
            ((ObjectNode) expected).put("model", "dep");
            if (streamed) {
                ((ObjectNode) expected).put("stream", true);
                ObjectNode options = expected.has("stream_options")
                        ? (ObjectNode) expected.get("stream_options")
                        : ((ObjectNode) expected).putObject("stream_options");
                options.put("include_usage", true);
            } else {
                if (expected.has("stream")) {
                    ((ObjectNode) expected).put("stream", false);
                }
                ((ObjectNode) expected).remove("stream_options");
            }
            assertThat(json.readTree(spliced)).as("seed %d, %s", seed, body).isEqualTo(expected);
            for (String other : others) {
                assertThat(spliced.contains(other)).as("seed %d, %s", seed, body).isEqualTo(members.contains(other));
            }
        }
    }

    private static String splice(String body, boolean streamed) throws IOException {
        return new String(ChatRequestBody.splice(utf8(body), "dep", streamed).bytes(), StandardCharsets.UTF_8);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
