package dev.signalbox.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.schemas.SampleRecords;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.avro.TokenChunk;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-2")
class JsonRecordsTest {
    private final JsonRecords json = new JsonRecords();

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private InvalidRecordException refused(String request) {
        return catchThrowableOfType(InvalidRecordException.class, () -> json.parseRequest(bytes(request)));
    }

    @Test
    void everyRecordComesBackAsItWasForRandomContents() {
        long seed = 7;
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 300; i++) {
            LlmRequest request = (LlmRequest) SampleRecords.random(LlmRequest.getClassSchema(), random);
            LlmReply reply = (LlmReply) SampleRecords.random(LlmReply.getClassSchema(), random);
            TokenChunk chunk = (TokenChunk) SampleRecords.random(TokenChunk.getClassSchema(), random);
            AttemptEvent event = (AttemptEvent) SampleRecords.random(AttemptEvent.getClassSchema(), random);
            assertThat(json.parseRequest(json.write(request))).as("seed %d, %d", seed, i).isEqualTo(request);
            assertThat(json.parseReply(json.write(reply))).as("seed %d, %d", seed, i).isEqualTo(reply);
            assertThat(json.parseChunk(json.write(chunk))).as("seed %d, %d", seed, i).isEqualTo(chunk);
            assertThat(json.parseAttempt(json.write(event))).as("seed %d, %d", seed, i).isEqualTo(event);
        }
    }

    @Test
    void theSmallestRequestHasTheDefaultsOfTheSchema() {
        LlmRequest request = json.parseRequest(bytes("{\"id\":\"a\",\"model\":\"m\",\"body\":{}}"));
        assertThat(request).isEqualTo(
                LlmRequest.newBuilder().setId("a").setModel("m").setBody(SampleRecords.utf8("{}")).build());
        request.getLabels().put("one", "only");
        assertThat(json.parseRequest(bytes("{\"id\":\"a\",\"model\":\"m\",\"body\":{}}")).getLabels()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{ }", "{\"a\" : 1.50,\n \"a\":1e400 }", "{\"ü\":\"\\u00e9 🚦\",\"b\":[[],{\"c\":null}]}"})
    void theBodyKeepsItsBytes(String body) {
        String request = "\n{ \"body\" :\t" + body + " , \"labels\":{\"ü\":\"🚦\"},\"id\":\"a\",\"model\":\"m\"}\n";
        LlmRequest parsed = json.parseRequest(bytes(request));
        assertThat(parsed.getBody()).isEqualTo(SampleRecords.utf8(body));
        assertThat(new String(json.write(parsed), StandardCharsets.UTF_8)).contains("\"body\":" + body);
    }

    @Test
    void enumsAreReadInAnyCase() {
        LlmRequest request = json.parseRequest(bytes(
                "{\"id\":\"a\",\"model\":\"m\",\"body\":{},\"bodyFormat\":\"anthropic_messages\",\"streamPolicy\":\"Fail\"}"));
        assertThat(request.getBodyFormat()).isEqualTo(BodyFormat.ANTHROPIC_MESSAGES);
        assertThat(request.getStreamPolicy()).isEqualTo(StreamPolicy.FAIL);
    }

    @Test
    void aReplyIsPlainForJq() throws IOException {
        LlmReply reply = LlmReply.newBuilder().setRequestId("r").setStatus(ReplyStatus.COMPLETED).setRequestHash("00")
                .setBody(SampleRecords.utf8("{\"choices\":[]}")).setCost(new BigDecimal("0.000120000"))
                .setAnsweredBy(SampleRecords.attempt(1)).setTimings(new ReplyTimings(5L, null, 10L)).build();
        String written = new String(json.write(reply), StandardCharsets.UTF_8);
        assertThat(written).contains("\"cost\":0.00012,", "\"body\":{\"choices\":[]}", "\"source\":\"7\"")
                .doesNotContain("null");
        JsonNode tree = new ObjectMapper().readTree(written);
        assertThat(tree.at("/status").asText()).isEqualTo("COMPLETED");
        assertThat(tree.at("/body/choices").isArray()).isTrue();
        assertThat(json.parseReply(bytes(written)).getCost()).isEqualTo(new BigDecimal("0.000120000"));
    }

    @Test
    void anUnknownKeyIsNamedWithPlaceAndSuggestion() {
        InvalidRecordException refused = refused("{\"id\":\"a\",\n  \"use_case\":\"x\"}");
        assertThat(refused).hasMessageContaining("unknown key \"use_case\", did you mean \"useCase\"?");
        assertThat(refused.pointer()).isEqualTo("/use_case");
        assertThat(refused.line()).isEqualTo(2);
        assertThat(refused.column()).isEqualTo(3);
        assertThat(refused("{\"zzzzzzzzzz\":1}")).hasMessageContaining("\"zzzzzzzzzz\"")
                .hasMessageNotContaining("did you mean");
        assertThat(refused("{\"promptTemplate\":{\"id\":\"a\",\"versoin\":\"1\"}}"))
                .hasMessageContaining("did you mean \"version\"")
                .hasMessageContaining("/promptTemplate/versoin");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{\"id\":\"a\",\"model\":\"m\"}|the key \"body\" is missing",
            "{\"id\":null}|/id (line 1, column 7): must not be null",
            "{\"id\":5}|/id (line 1, column 7): must be a string",
            "{\"id\":\"a\",\"id\":\"b\"}|the key stands twice",
            "{\"body\":[]}|/body (line 1, column 9): must be a JSON object",
            "{\"body\":\"{}\"}|must be a JSON object",
            "{\"streamPolicy\":\"never\"}|must be one of RESTART, CONTINUE, FAIL",
            "{\"timeToLiveMillis\":1.5}|must be a whole number",
            "{\"timeToLiveMillis\":99999999999999999999}|must be a whole number",
            "{\"streamTokens\":\"true\"}|must be true or false",
            "{\"labels\":{\"a\":1}}|/labels/a (line 1, column 16): must be a string",
            "{\"labels\":{\"a\":\"1\",\"a\":\"2\"}}|/labels/a", "{\"residency\":{\"vendors\":\"x\"}}|must be an array",
            "[]|must be an object", "``|is empty", "{\"id\":\"a\"|ends too early",
            "{\"id\":\"a\",}|is not well-formed JSON",
            "{\"id\": secret}|is not well-formed JSON",
            "{\"id\":\"a\",\"model\":\"m\",\"body\":{}} {}|there is more after the record"})
    void wrongRequestsAreRefusedWithTheirPlace(String request, String expected) {
        assertThat(refused(request)).hasMessageContaining(expected).hasMessageNotContaining("secret");
    }

    @Test
    void depthIsBounded() {
        String deep = "{\"id\":\"a\",\"model\":\"m\",\"body\":" + "{\"a\":".repeat(199) + "{}" + "}".repeat(199) + "}";
        assertThat(json.parseRequest(bytes(deep)).getBody().remaining()).isGreaterThan(1000);
        String deeper = deep.replace("{}", "{\"private\":{}}");
        assertThat(refused(deeper)).hasMessageContaining("deeper than 200").hasMessageContaining("/body (line 1")
                .hasMessageNotContaining("private");
        assertThat(refused("{\"body\":" + "[".repeat(1_000_000))).isNotNull();
    }

    @Test
    void sizeIsBounded() {
        assertThatThrownBy(() -> new JsonRecords(10).parseRequest(bytes("{\"id\":\"abc\"}")))
                .isInstanceOf(InvalidRecordException.class).hasMessageContaining("more than the limit of 10");
    }

    @Test
    void whatIsNotUtf8IsRefused() {
        byte[] good = bytes("{\"id\":\"a\",\"model\":\"m\",\"body\":{\"a\":\"xxxx\"}}");
        byte[][] bad = {{(byte) 0xC0, (byte) 0xAF}, {(byte) 0xED, (byte) 0xA0, (byte) 0x80}, {(byte) 0xFF},
                {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80}, {(byte) 0xE2, (byte) 0x82}, {(byte) 0x80}};
        for (byte[] sequence : bad) {
            byte[] broken = good.clone();
            System.arraycopy(sequence, 0, broken, new String(good, StandardCharsets.UTF_8).indexOf("xxxx"),
                    sequence.length);
            assertThatThrownBy(() -> json.parseRequest(broken)).hasMessageContaining("is not UTF-8");
        }
        assertThatThrownBy(() -> json.parseRequest("{\"id\":\"a\"}".getBytes(StandardCharsets.UTF_16LE)))
                .hasMessageContaining("not JSON in UTF-8");
        assertThatThrownBy(() -> json.parseRequest(bytes("\uFEFF{}"))).hasMessageContaining("byte order mark");
    }

    @Test
    void onlyJsonBodiesAreWritten() {
        LlmRequest request = SampleRecords.request("r");
        for (String body : List.of("", "[]", "{", "{} {}", "no")) {
            request.setBody(SampleRecords.utf8(body));
            assertThatThrownBy(() -> json.write(request)).isInstanceOf(InvalidRecordException.class)
                    .hasMessageContaining("/body");
        }
    }

    @Test
    void randomDamageIsRefusedAndNeverAnythingElse() {
        long seed = 99;
        SplittableRandom random = new SplittableRandom(seed);
        byte[] good = json.write((LlmRequest) SampleRecords.random(LlmRequest.getClassSchema(), random));
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = good.clone();
            for (int k = random.nextInt(1, 4); k > 0; k--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            try {
                json.parseRequest(bad);
            } catch (InvalidRecordException expected) {
                assertThat(expected.getMessage()).as("seed %d, %d", seed, i).isNotBlank();
            }
        }
    }
}
