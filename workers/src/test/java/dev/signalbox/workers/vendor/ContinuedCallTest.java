package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.workers.vendor.VendorClient.Call;
import dev.signalbox.workers.vendor.anthropic.MessagesCodec;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A call that goes on from the text of another one: what is sent, what comes as tokens, and the whole answer. */
@Tag("issue-4")
@Timeout(60)
class ContinuedCallTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TextSoFar SO_FAR = new TextSoFar("The \"lamp\"", 7);
    private static final String MESSAGES = "{\"model\":\"m\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\","
            + "\"content\":\"Tell me.\"}],\"temperature\":0.50}";
    private static final String CHAT = "{\"messages\":[{\"role\":\"user\",\"content\":\"Tell me.\"}],\"model\":\"m\","
            + "\"max_completion_tokens\":100}";
    private static final String MESSAGE = "{\"id\":\"1\",\"type\":\"message\",\"model\":\"c\",\"content\":[{\"type\":"
            + "\"text\",\"text\":\" is lit.\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":9,"
            + "\"output_tokens\":3}}";
    private static final String EVENTS = """
            event: message_start
            data: {"type":"message_start","message":{"id":"1","type":"message","model":"c","content":[],"usage":{"input_tokens":9,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" is"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" lit."}}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}

            event: message_stop
            data: {"type":"message_stop"}

            """;
    private static final String COMPLETION = "{\"id\":\"1\",\"model\":\"g\",\"choices\":[{\"index\":0,\"message\":"
            + "{\"role\":\"assistant\",\"content\":\" is lit.\"},\"finish_reason\":\"stop\"}],\"usage\":"
            + "{\"prompt_tokens\":9,\"completion_tokens\":3}}";

    private final HttpVendorClient client = new HttpVendorClient(
            Map.of(VendorFamily.OPENAI, new OpenAiChatCodec(), VendorFamily.ANTHROPIC, new MessagesCodec()),
            HttpLimits.DEFAULT, System::nanoTime);
    private final StringBuilder tokens = new StringBuilder();

    @AfterEach
    void close() {
        client.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theTextIsTheLastMessageAndTheAnswerIsWhole(boolean streamed) throws Exception {
        try (ScriptedVendor vendor = messages(streamed)) {
            AttemptOutcome.Answered answer = answered(vendor, anthropic(vendor), BodyFormat.ANTHROPIC_MESSAGES,
                    MESSAGES,
                    streamed);
            JsonNode sent = JSON.readTree(vendor.requests.getFirst().body());
            assertThat(sent.get("messages")).hasSize(2);
            assertThat(sent.at("/messages/1/role").asText()).isEqualTo("assistant");
            assertThat(sent.at("/messages/1/content").asText()).isEqualTo(SO_FAR.text());
            assertThat(sent.get("max_tokens").asInt()).as("the whole answer keeps its limit").isEqualTo(93);
            assertThat(new String(vendor.requests.getFirst().body(), StandardCharsets.UTF_8)).contains("0.50");
            assertThat(tokens.toString()).isEqualTo(streamed ? " is lit." : "");
            JsonNode body = JSON.readTree(answer.body());
            assertThat(body.at("/content/0/text").asText()).isEqualTo("The \"lamp\" is lit.");
            assertThat(body.at("/usage/output_tokens").asInt()).as("of this call alone").isEqualTo(3);
            assertThat(answer.usage().orElseThrow().getEstimated()).isFalse();
        }
    }

    @Test
    void aCallerOfTheOtherLanguageGetsTheWholeAnswerInHis() throws Exception {
        try (ScriptedVendor vendor = messages(true)) {
            AttemptOutcome.Answered answer = answered(vendor, anthropic(vendor), BodyFormat.OPENAI_CHAT_COMPLETIONS,
                    CHAT, true);
            assertThat(JSON.readTree(vendor.requests.getFirst().body()).at("/messages/1/content").asText())
                    .isEqualTo(SO_FAR.text());
            assertThat(JSON.readTree(answer.body()).at("/choices/0/message/content").asText())
                    .isEqualTo("The \"lamp\" is lit.");
        }
    }

    @Test
    void anEndpointOfChatCompletionsThatContinuesAMessageDoes() throws Exception {
        try (ScriptedVendor vendor = new ScriptedVendor(
                (_, exchange) -> exchange.whole("200 OK", "application/json", utf8(COMPLETION)))) {
            Deployment deployment = Deployments.openAi(vendor.baseUrl(), CallTimeouts.DEFAULT, true);
            AttemptOutcome.Answered answer = answered(vendor, deployment, BodyFormat.OPENAI_CHAT_COMPLETIONS, CHAT,
                    false);
            JsonNode sent = JSON.readTree(vendor.requests.getFirst().body());
            assertThat(sent.at("/messages/1/content").asText()).isEqualTo(SO_FAR.text());
            assertThat(sent.get("max_completion_tokens").asInt()).isEqualTo(93);
            assertThat(JSON.readTree(answer.body()).at("/choices/0/message/content").asText())
                    .isEqualTo("The \"lamp\" is lit.");
        }
    }

    @Test
    void oneThatIsCutInItsTurnHasBothPartsInItsPartialAnswer() throws Exception {
        try (ScriptedVendor vendor = new ScriptedVendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(EVENTS.substring(0, EVENTS.indexOf(" lit.")));
            exchange.endChunks();
            return false;
        })) {
            AttemptOutcome outcome = call(anthropic(vendor), BodyFormat.ANTHROPIC_MESSAGES, MESSAGES, true);
            byte[] part = ((AttemptOutcome.Failed) outcome).partialBody().orElseThrow();
            assertThat(JSON.readTree(part).at("/content/0/text").asText()).isEqualTo("The \"lamp\" is");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
            "-|{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":8}",
            "-|{\"tools\":[],\"thinking\":{\"type\":\"disabled\"},\"output_config\":{\"effort\":\"low\"},\"messages\":[]}",
            "about as long as|{\"messages\":[],\"max_tokens\":7}",
            "tools|{\"messages\":[],\"tools\":[{\"name\":\"t\"},{\"name\":\"u\"}],\"max_tokens\":80}",
            "tools|{\"messages\":[],\"mcp_servers\":[{\"url\":\"u\"}]}",
            "thinking|{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},\"messages\":[]}",
            "thinking|{\"thinking\":{\"type\":\"adaptive\"},\"messages\":[]}",
            "structured|{\"output_config\":{\"format\":{\"type\":\"json_schema\"}},\"messages\":[]}",
            "structured|{\"output_format\":{\"type\":\"json_schema\"},\"messages\":[]}",
            "citations|{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\",\"citations\":{\"enabled\":true}}]}]}",
            "-|{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\",\"citations\":{\"enabled\":false}}]}]}",
            "begins the answer|{\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\"}]}",
            "-|{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"role\":\"x\"}]},{\"content\":\"y\",\"role\":\"user\"}]}"})
    void whatCannotBeContinuedOfMessages(String expected, String body) {
        assertObstacle(BodyFormat.ANTHROPIC_MESSAGES, expected, body);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
            "-|{\"messages\":[],\"n\":1,\"logprobs\":false,\"reasoning_effort\":\"none\",\"response_format\":{\"type\":\"text\"},\"modalities\":[\"text\"]}",
            "choices|{\"messages\":[],\"n\":2}",
            "probabilities|{\"messages\":[],\"logprobs\":true}",
            "audio|{\"audio\":{\"voice\":\"v\"},\"messages\":[]}",
            "reasoning|{\"reasoning_effort\":\"low\",\"messages\":[]}",
            "structured|{\"response_format\":{\"type\":\"json_object\"},\"messages\":[]}",
            "tools|{\"tools\":[{\"type\":\"function\"}],\"messages\":[]}",
            "tools|{\"functions\":[{\"name\":\"f\"}],\"messages\":[]}",
            "begins the answer|{\"messages\":[{\"role\":\"assistant\",\"content\":\"y\"}]}"})
    void whatCannotBeContinuedOfChat(String expected, String body) {
        assertObstacle(BodyFormat.OPENAI_CHAT_COMPLETIONS, expected, body);
    }

    private static void assertObstacle(BodyFormat format, String expected, String body) {
        Optional<String> found = PrefilledBody.obstacle(format, utf8(body), SO_FAR);
        if (expected == null) {
            assertThat(found).isEmpty();
        } else {
            assertThat(found).get().asString().contains(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "{\"content\":[]}|{\"content\":[{\"type\":\"text\",\"text\":\"ab\"}]}",
            "{\"content\":[{\"text\":\"c\",\"type\":\"text\",\"citations\":null}],\"x\":1}|{\"content\":[{\"text\":\"abc\",\"type\":\"text\",\"citations\":null}],\"x\":1}",
            "{\"content\":[{\"type\":\"thinking\",\"text\":\"t\"},{\"type\":\"text\",\"text\":\"c\"},{\"type\":\"text\",\"text\":\"d\"}]}|{\"content\":[{\"type\":\"thinking\",\"text\":\"t\"},{\"type\":\"text\",\"text\":\"abc\"},{\"type\":\"text\",\"text\":\"d\"}]}",
            "{\"content\":[{\"type\":\"tool_use\",\"input\":{}}]}|{\"content\":[{\"type\":\"text\",\"text\":\"ab\"},{\"type\":\"tool_use\",\"input\":{}}]}"})
    void theBeginningOfAMessage(String answer, String whole) throws IOException {
        assertThat(JSON.readTree(new MessagesCodec().withBeginning(utf8(answer), "ab")))
                .isEqualTo(JSON.readTree(whole));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "{\"choices\":[{\"message\":{\"content\":\"c\"}},{\"message\":{\"content\":\"d\"}}]}|{\"choices\":[{\"message\":{\"content\":\"abc\"}},{\"message\":{\"content\":\"d\"}}]}",
            "{\"choices\":[{\"message\":{\"content\":null,\"role\":\"assistant\"}}]}|{\"choices\":[{\"message\":{\"content\":\"ab\",\"role\":\"assistant\"}}]}",
            "{\"choices\":[{\"message\":{\"role\":\"assistant\"}}]}|{\"choices\":[{\"message\":{\"content\":\"ab\",\"role\":\"assistant\"}}]}",
            "{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"c\"}]}}]}|{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"ab\"},{\"type\":\"text\",\"text\":\"c\"}]}}]}",
            "{\"choices\":[{\"message\":{\"content\":[]}}]}|{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"ab\"}]}}]}"})
    void theBeginningOfACompletion(String answer, String whole) throws IOException {
        assertThat(JSON.readTree(new OpenAiChatCodec().withBeginning(utf8(answer), "ab")))
                .isEqualTo(JSON.readTree(whole));
    }

    private AttemptOutcome.Answered answered(ScriptedVendor vendor, Deployment deployment, BodyFormat format,
            String body, boolean streamed) {
        AttemptOutcome outcome = call(deployment, format, body, streamed);
        assertThat(vendor.requests).hasSize(1);
        assertThat(outcome).isInstanceOf(AttemptOutcome.Answered.class);
        return (AttemptOutcome.Answered) outcome;
    }

    private AttemptOutcome call(Deployment deployment, BodyFormat format, String body, boolean streamed) {
        return client.call(new Call(deployment, format, utf8(body), streamed, Duration.ofMinutes(1), "r",
                Optional.of(SO_FAR)), (kind, _, delta, _) -> {
                    assertThat(kind).isEqualTo(ChunkKind.TEXT);
                    tokens.append(delta);
                });
    }

    private static Deployment anthropic(ScriptedVendor vendor) {
        return Deployments.anthropic(vendor.baseUrl(), CallTimeouts.DEFAULT);
    }

    private static ScriptedVendor messages(boolean streamed) throws IOException {
        return new ScriptedVendor((_, exchange) -> {
            if (!streamed) {
                return exchange.whole("200 OK", "application/json", utf8(MESSAGE));
            }
            exchange.stream();
            exchange.chunk(EVENTS);
            exchange.endChunks();
            return true;
        });
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
