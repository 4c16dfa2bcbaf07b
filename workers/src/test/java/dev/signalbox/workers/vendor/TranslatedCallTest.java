package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.VendorClient.Call;
import dev.signalbox.workers.vendor.anthropic.MessagesCodec;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A caller of one language, a deployment of the other. */
@Tag("issue-3")
class TranslatedCallTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MESSAGE = "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\","
            + "\"content\":[{\"type\":\"text\",\"text\":\"hello\"}],\"stop_reason\":\"max_tokens\",\"stop_sequence\":null,"
            + "\"usage\":{\"input_tokens\":3,\"cache_read_input_tokens\":4,\"output_tokens\":2}}";
    private static final String EVENTS = """
            event: message_start
            data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: ping
            data: {"type":"ping"}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hel"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"output_tokens":2}}

            event: message_stop
            data: {"type":"message_stop"}

            """;

    private final HttpVendorClient client = new HttpVendorClient(
            Map.of(VendorFamily.OPENAI, new OpenAiChatCodec(), VendorFamily.ANTHROPIC, new MessagesCodec()),
            HttpLimits.DEFAULT, System::nanoTime);

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void aChatCallerIsAnsweredByAnAnthropicDeploymentStreamedAndNot() throws Exception {
        try (ScriptedVendor vendor = new ScriptedVendor((request, exchange) -> {
            boolean streamed = JSON.readTree(request.body()).path("stream").asBoolean();
            return streamed
                    ? exchange.whole("200 OK", "text/event-stream", EVENTS.getBytes(StandardCharsets.UTF_8))
                    : exchange.whole("200 OK", "application/json", MESSAGE.getBytes(StandardCharsets.UTF_8));
        })) {
            StringBuilder tokens = new StringBuilder();
            for (boolean streamed : new boolean[]{false, true}) {
                AttemptOutcome outcome = client.call(call(vendor, "{\"model\":\"m\",\"messages\":["
                        + "{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":5}", streamed),
                        (kind, index, delta, tool) -> tokens.append(delta));
                assertThat(outcome).isInstanceOf(AttemptOutcome.Answered.class);
                AttemptOutcome.Answered answered = (AttemptOutcome.Answered) outcome;
                JsonNode body = JSON.readTree(answered.body());
                assertThat(body.get("object").asText()).isEqualTo("chat.completion");
                assertThat(body.get("created").asLong()).isPositive();
                assertThat(body.at("/choices/0/message/content").asText()).isEqualTo("hello");
                assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("length");
                assertThat(body.at("/usage/prompt_tokens").asInt()).isEqualTo(7);
                assertThat(answered.finishReason()).contains("length");
                assertThat(answered.usage().orElseThrow().getInputTokens()).isEqualTo(7);
                assertThat(answered.usage().orElseThrow().getCachedInputTokens()).isEqualTo(4);
            }
            assertThat(tokens.toString()).isEqualTo("hello");
            ScriptedVendor.Request sent = vendor.requests.getFirst();
            assertThat(sent.head()).startsWith("POST /v1/messages ");
            assertThat(sent.header("x-api-key")).isEqualTo(Deployments.SECRET);
            assertThat(sent.header("anthropic-version")).isEqualTo("2023-06-01");
            assertThat(sent.header("authorization")).isEmpty();
            JsonNode asked = JSON.readTree(sent.body());
            assertThat(asked.get("model").asText()).isEqualTo("claude-sonnet-4-20250514");
            assertThat(asked.get("max_tokens").asInt()).isEqualTo(5);
        }
    }

    @Test
    void whatCannotBeTranslatedIsNotSent() throws Exception {
        try (ScriptedVendor vendor = new ScriptedVendor((request, exchange) -> false)) {
            AttemptOutcome outcome = client.call(
                    call(vendor, "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"seed\":7}", false),
                    TokenSink.NONE);
            AttemptFailure failure = ((AttemptOutcome.Failed) outcome).failure();
            assertThat(failure.failureClass()).isEqualTo(FailureClass.INVALID_FOR_MODEL);
            assertThat(failure.message()).isEqualTo("not translatable: no counterpart of `seed`");
            assertThat(vendor.requests).isEmpty();
        }
    }

    @Test
    void aCutStreamsPartIsInTheCallersLanguageToo() throws Exception {
        String part = EVENTS.substring(0, EVENTS.indexOf("event: content_block_stop"));
        try (ScriptedVendor vendor = new ScriptedVendor((request, exchange) -> exchange.whole("200 OK",
                "text/event-stream", part.getBytes(StandardCharsets.UTF_8)))) {
            AttemptOutcome outcome = client.call(
                    call(vendor, "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}", true), TokenSink.NONE);
            AttemptOutcome.Failed failed = (AttemptOutcome.Failed) outcome;
            assertThat(failed.failure().failureClass()).isEqualTo(FailureClass.TRUNCATED);
            assertThat(JSON.readTree(failed.partialBody().orElseThrow()).at("/choices/0/message/content").asText())
                    .isEqualTo("hello");
        }
    }

    private static Call call(ScriptedVendor vendor, String body, boolean streamed) {
        return new Call(Deployments.anthropic(vendor.baseUrl(), CallTimeouts.DEFAULT),
                BodyFormat.OPENAI_CHAT_COMPLETIONS, body.getBytes(StandardCharsets.UTF_8), streamed,
                Duration.ofMinutes(1), "request-1");
    }
}
