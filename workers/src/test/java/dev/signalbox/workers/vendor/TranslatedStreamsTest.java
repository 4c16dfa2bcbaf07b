package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.RecordedExchanges.Exchange;
import dev.signalbox.workers.vendor.StreamRun.End;
import dev.signalbox.workers.vendor.VendorClient.Call;
import dev.signalbox.workers.vendor.VendorCodec.Encoded;
import dev.signalbox.workers.vendor.anthropic.MessagesCodec;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import dev.signalbox.workers.vendor.translation.ChatChunks;
import dev.signalbox.workers.vendor.translation.MessageEvents;
import dev.signalbox.workers.vendor.translation.Translation;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Recorded streams of one vendor, told in the other's language over HTTP, are what the other's official SDK reads. */
@Tag("issue-3")
class TranslatedStreamsTest {
    private static final BodyFormat CHAT = BodyFormat.OPENAI_CHAT_COMPLETIONS;
    private static final BodyFormat MESSAGES = BodyFormat.ANTHROPIC_MESSAGES;

    private final AtomicReference<String> wire = new AtomicReference<>("");

    /** A recorded stream of a family that came to an answer. */
    private record Recorded(Exchange exchange, byte[] stream, Decoded.Answer answer) {
    }

    @Test
    void everyAnthropicStreamIsReadByTheOpenAiSdk() throws Exception {
        int read = 0;
        try (ScriptedVendor vendor = new ScriptedVendor(this::serve)) {
            OpenAIClient sdk = OpenAIOkHttpClient.builder().baseUrl(vendor.baseUrl().toString()).apiKey("k")
                    .maxRetries(0).responseValidation(true).build();
            for (Recorded recorded : answered(MESSAGES, "anthropic-messages")) {
                String where = recorded.exchange().toString();
                StringBuilder events = new StringBuilder();
                ChatChunks chunks = new ChatChunks("chatcmpl-1", "m", 1,
                        data -> events.append("data: ").append(data).append("\n\n"));
                byte[] body = ((Decoded.Answer) Translation.answer(MESSAGES, CHAT, decode(MESSAGES, recorded, chunks),
                        1)).body();
                chunks.end(body);
                wire.set(events.toString());
                ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
                try (var stream = sdk.chat().completions().createStreaming(
                        ChatCompletionCreateParams.builder().model("m").addUserMessage("?").build())) {
                    stream.stream().forEach(accumulator::accumulate);
                }
                ChatCompletion completion = accumulator.chatCompletion();
                JsonNode expected = RecordedExchanges.JSON.readTree(body);
                var message = completion.choices().getFirst().message();
                assertThat(message.content().orElse("")).as(where)
                        .isEqualTo(expected.at("/choices/0/message/content").asText(""));
                assertThat(completion.choices().getFirst().finishReason().asString()).as(where)
                        .isEqualTo(expected.at("/choices/0/finish_reason").asText());
                List<String> calls = new ArrayList<>();
                message.toolCalls().ifPresent(all -> all.forEach(call -> calls.add(call.asFunction().id()
                        + call.asFunction().function().name() + call.asFunction().function().arguments())));
                List<String> expectedCalls = new ArrayList<>();
                for (JsonNode call : expected.at("/choices/0/message/tool_calls")) {
                    String arguments = call.at("/function/arguments").asText();
                    expectedCalls.add(call.get("id").asText() + call.at("/function/name").asText() + arguments);
                }
                assertThat(calls.stream().map(TranslatedStreamsTest::plain)).as(where)
                        .isEqualTo(expectedCalls.stream().map(TranslatedStreamsTest::plain).toList());
                assertThat(completion.usage().orElseThrow().completionTokens()).as(where)
                        .isEqualTo(expected.at("/usage/completion_tokens").asLong());
                read++;
            }
        }
        assertThat(read).isEqualTo(44);
    }

    @Test
    void everyOpenAiStreamIsReadByTheAnthropicSdk() throws Exception {
        int read = 0;
        try (ScriptedVendor vendor = new ScriptedVendor(this::serve)) {
            AnthropicClient sdk = AnthropicOkHttpClient.builder().baseUrl(vendor.baseUrl().toString()).apiKey("k")
                    .maxRetries(0).responseValidation(true).build();
            for (Recorded recorded : answered(CHAT, "openai-chat")) {
                String where = recorded.exchange().toString();
                StringBuilder events = new StringBuilder();
                MessageEvents rendered = new MessageEvents("msg_1", "m", (type, data) -> events.append("event: ")
                        .append(type).append("\ndata: ").append(data).append("\n\n"));
                byte[] body = ((Decoded.Answer) Translation.answer(CHAT, MESSAGES, decode(CHAT, recorded, rendered),
                        1)).body();
                rendered.end(body);
                wire.set(events.toString());
                MessageAccumulator accumulator = MessageAccumulator.create();
                try (var stream = sdk.messages().createStreaming(
                        MessageCreateParams.builder().model("m").maxTokens(9).addUserMessage("?").build())) {
                    stream.stream().forEach(accumulator::accumulate);
                }
                Message message = accumulator.message();
                JsonNode expected = RecordedExchanges.JSON.readTree(body);
                StringBuilder text = new StringBuilder();
                List<String> calls = new ArrayList<>();
                message.content().forEach(block -> {
                    block.text().ifPresent(part -> text.append(part.text()));
                    block.toolUse().ifPresent(use -> calls.add(use.id() + use.name()));
                });
                StringBuilder expectedText = new StringBuilder();
                List<String> expectedCalls = new ArrayList<>();
                expected.get("content").forEach(block -> {
                    expectedText.append(block.path("text").asText(""));
                    if (block.get("type").asText().equals("tool_use")) {
                        expectedCalls.add(block.get("id").asText() + block.get("name").asText());
                    }
                });
                assertThat(text.toString()).as(where).isEqualTo(expectedText.toString());
                assertThat(calls).as(where).isEqualTo(expectedCalls);
                assertThat(message.stopReason().orElseThrow().asString()).as(where)
                        .isEqualTo(expected.get("stop_reason").asText());
                assertThat(message.usage().outputTokens()).as(where)
                        .isEqualTo(expected.at("/usage/output_tokens").asLong());
                read++;
            }
        }
        assertThat(read).isGreaterThanOrEqualTo(74);
    }

    /** JSON spacing is a vendor's own. */
    private static String plain(String call) {
        return call.replaceAll("[\\s{}]", "");
    }

    private boolean serve(ScriptedVendor.Request request, ScriptedVendor.Exchange exchange) throws Exception {
        return exchange.whole("200 OK", "text/event-stream", wire.get().getBytes(StandardCharsets.UTF_8));
    }

    private static Decoded decode(BodyFormat language, Recorded recorded, TokenSink sink) {
        Call call = call(language, recorded.exchange());
        VendorCodec codec = codec(language);
        StreamDecoder decoder = codec.decoder(call, (Encoded.Ready) codec.encode(call, Optional.empty()),
                new UsageEstimate(), sink);
        SseReader reader = new SseReader(1 << 20, 1 << 20, decoder);
        reader.feed(recorded.stream(), 0, recorded.stream().length);
        reader.end();
        return decoder.finish();
    }

    private static List<Recorded> answered(BodyFormat language, String shape) throws Exception {
        Map<String, JsonNode> expected = RecordedExchanges.rows("expected-streams.jsonl");
        List<Recorded> answered = new ArrayList<>();
        for (Exchange exchange : RecordedExchanges.of("stream", vendor -> language == MESSAGES
                ? vendor.contains("anthropic")
                : vendor.equals("openai") || vendor.startsWith("openai-compatible"))) {
            if (!expected.get(exchange.id()).get("shape").asText().equals(shape)) {
                continue;
            }
            byte[] stream = lastAnswer(exchange.stream());
            StreamRun run = StreamRun.of(codec(language), call(language, exchange), stream, stream.length, List.of(),
                    End.CLEAN);
            if (run.decoded() instanceof Decoded.Answer answer) {
                answered.add(new Recorded(exchange, stream, answer));
            }
        }
        return answered;
    }

    /** Four recordings hold several answers in a row. */
    private static byte[] lastAnswer(byte[] stream) {
        int at = new String(stream, StandardCharsets.ISO_8859_1).lastIndexOf("event: message_start");
        return at <= 0 ? stream : Arrays.copyOfRange(stream, at, stream.length);
    }

    private static VendorCodec codec(BodyFormat language) {
        return language == MESSAGES ? new MessagesCodec() : new OpenAiChatCodec();
    }

    private static Call call(BodyFormat language, Exchange exchange) {
        URI anywhere = URI.create("http://localhost");
        return Deployments.ownCall(language == MESSAGES
                ? Deployments.anthropic(anywhere, CallTimeouts.DEFAULT)
                : Deployments.openAi(anywhere, CallTimeouts.DEFAULT, true), exchange.request(), true);
    }
}
