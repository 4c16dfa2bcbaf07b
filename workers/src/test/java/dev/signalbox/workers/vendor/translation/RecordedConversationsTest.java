package dev.signalbox.workers.vendor.translation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.RecordedExchanges;
import dev.signalbox.workers.vendor.RecordedExchanges.Exchange;
import dev.signalbox.workers.vendor.translation.Translated.Carried;
import dev.signalbox.workers.vendor.translation.Translated.Untranslatable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What callers really asked and vendors really answered, taken into the other language and back. */
@Tag("issue-3")
class RecordedConversationsTest {
    private static final BodyFormat CHAT = BodyFormat.OPENAI_CHAT_COMPLETIONS;
    private static final BodyFormat MESSAGES = BodyFormat.ANTHROPIC_MESSAGES;

    @Test
    void conversationsTakenAcrossAndBackKeepTheirMeaning() throws IOException {
        int carried = 0;
        Map<String, Integer> refused = new TreeMap<>();
        for (Asked asked : requests()) {
            BodyFormat from = asked.format();
            ObjectNode request = asked.request();
            BodyFormat to = from == CHAT ? MESSAGES : CHAT;
            switch (Translation.request(from, to, TranslationJson.bytes(request), OptionalInt.empty())) {
                case Carried there -> {
                    JsonNode across = RecordedExchanges.JSON.readTree(there.body());
                    assertThat(meaning(to, across)).as(request.toString()).isEqualTo(meaning(from, request));
                    Translated again = Translation.request(to, from, there.body(), OptionalInt.empty());
                    assertThat(again).as(request.toString()).isInstanceOf(Carried.class);
                    JsonNode back = RecordedExchanges.JSON.readTree(((Carried) again).body());
                    assertThat(meaning(from, back)).as(request.toString()).isEqualTo(meaning(from, request));
                    carried++;
                }
                case Untranslatable not -> {
                    assertThat(not.reasons()).isNotEmpty();
                    not.reasons().forEach(reason -> refused.merge(from + ": " + reason, 1, Integer::sum));
                }
            }
        }
        assertThat(carried).as("refused: " + refused).isGreaterThanOrEqualTo(100);
        // Each of them is a thing that the other language cannot say.
        assertThat(refused.keySet()).allSatisfy(reason -> assertThat(reason).doesNotContain("…"));
    }

    @Test
    void answersTakenAcrossAndBackKeepTheirMeaning() throws IOException {
        int messages = 0;
        int completions = 0;
        for (Exchange exchange : RecordedExchanges.of("unary",
                vendor -> vendor.contains("anthropic") || vendor.contains("openai"))) {
            JsonNode answer = RecordedExchanges.JSON.readTree(exchange.body());
            BodyFormat from = answer.path("content").isArray() && answer.path("type").asText().equals("message")
                    ? MESSAGES
                    : CHAT;
            boolean said = answer.at("/choices/0/message").isObject()
                    && !answer.at("/choices/0/message/content").isArray();
            if (from == CHAT && !said) {
                continue;
            }
            BodyFormat to = from == CHAT ? MESSAGES : CHAT;
            Decoded.Answer there = translate(from, to, exchange.body());
            Decoded.Answer back = translate(to, from, there.body());
            List<String> meant = answer(from, answer);
            assertThat(answer(to, RecordedExchanges.JSON.readTree(there.body()))).as(exchange.toString())
                    .isEqualTo(meant);
            assertThat(answer(from, RecordedExchanges.JSON.readTree(back.body()))).as(exchange.toString())
                    .isEqualTo(meant);
            messages += from == MESSAGES ? 1 : 0;
            completions += from == CHAT ? 1 : 0;
        }
        assertThat(messages).isGreaterThanOrEqualTo(50);
        assertThat(completions).isGreaterThanOrEqualTo(80);
    }

    private static Decoded.Answer translate(BodyFormat from, BodyFormat to, byte[] body) {
        return (Decoded.Answer) Translation.answer(from, to,
                new Decoded.Answer(body, Optional.empty(), Optional.empty(), Optional.empty(), List.of()), 1);
    }

    private static List<String> answer(BodyFormat format, JsonNode answer) {
        return format == CHAT ? Meaning.ofCompletion(answer) : Meaning.ofMessage(answer);
    }

    private static List<String> meaning(BodyFormat format, JsonNode request) {
        return format == CHAT ? Meaning.ofChat(request) : Meaning.ofMessages(request);
    }

    /** A recorded request and the language that its vendor speaks. */
    private record Asked(BodyFormat format, ObjectNode request) {
    }

    /** Distinct requests; those recorded at Bedrock say their version in the body, which is of its transport. */
    private static List<Asked> requests() throws IOException {
        List<Asked> requests = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (String category : List.of("stream", "unary")) {
            for (Exchange exchange : RecordedExchanges.of(category, vendor -> true)) {
                Optional<ObjectNode> request = TranslationJson
                        .object(exchange.row().path("request_body").asText("").getBytes(
                                java.nio.charset.StandardCharsets.UTF_8));
                boolean ours = !exchange.vendor().equals("bedrock")
                        || request.map(body -> body.has("anthropic_version")).orElse(false);
                if (request.isEmpty() || !ours || !request.get().path("messages").isArray()
                        || !seen.add(request.get().toString())) {
                    continue;
                }
                request.get().remove("anthropic_version");
                String vendor = exchange.vendor();
                if (vendor.contains("anthropic") || vendor.equals("bedrock")) {
                    requests.add(new Asked(MESSAGES, request.get()));
                } else if (vendor.contains("openai")) {
                    requests.add(new Asked(CHAT, request.get()));
                }
            }
        }
        return requests;
    }
}
