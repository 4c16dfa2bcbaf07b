package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.workers.vendor.anthropic.MessagesCodec;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Streams that begin and then give signs of life but no tokens, in both families: the gap's limit finds each. */
@Tag("issue-4")
@Timeout(60)
class StalledStreamsTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration GAP = Duration.ofMillis(300);
    private static final String CHAT_START = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
            + "\"Hello there\"}}]}\n\n";
    private static final String MESSAGE_START = """
            event: message_start
            data: {"type":"message_start","message":{"id":"1","content":[],"usage":{"input_tokens":40,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello there"}}

            """;

    /** What comes in place of tokens, a piece each few ms, over and over. */
    enum Trickle {
        COMMENTS(": keep-alive\n\n", ": OPENROUTER PROCESSING\n\n", ":\n"),
        BLANK_LINES("\n", "\r\n", "\n\n"),
        PINGS("event: ping\ndata: {\"type\":\"ping\"}\n\n"),
        EMPTY_CHAT_DELTAS("data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}]}\n\n",
                "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{}}]}\n\n",
                "data: {\"id\":\"1\",\"choices\":[]}\n\n"),
        EMPTY_MESSAGE_DELTAS(
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
                        + "{\"type\":\"text_delta\",\"text\":\"\"}}\n\n",
                "data: {\"type\":\"something_new\",\"text\":\"x\"}\n\n"),
        /** An event that never ends, byte for byte. */
        SINGLE_BYTES("d", "a", "t", "a", ":", " ", "{", "\"", "x", "\"", ":", "\"", "a", "b", "c", "d", "e", "f"),
        FIELDS_THAT_ARE_NO_DATA("id: 1\n", "retry: 1\n", "unknown\n");

        private final List<String> pieces;

        Trickle(String... pieces) {
            this.pieces = List.of(pieces);
        }
    }

    private final HttpVendorClient client = new HttpVendorClient(
            Map.of(VendorFamily.OPENAI, new OpenAiChatCodec(), VendorFamily.ANTHROPIC, new MessagesCodec()),
            HttpLimits.DEFAULT, System::nanoTime);
    private final List<String> tokens = new ArrayList<>();

    @AfterEach
    void close() {
        client.close();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = {"PINGS", "EMPTY_MESSAGE_DELTAS"})
    void ofChatCompletions(Trickle trickle) throws Exception {
        AttemptOutcome.Failed failed = found(VendorFamily.OPENAI, CHAT_START, trickle);
        assertThat(failed.usage().orElseThrow().getInputTokens()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMPTY_CHAT_DELTAS")
    void ofMessages(Trickle trickle) throws Exception {
        AttemptOutcome.Failed failed = found(VendorFamily.ANTHROPIC, MESSAGE_START, trickle);
        assertThat(failed.usage().orElseThrow().getInputTokens()).as("as the vendor said").isEqualTo(40);
    }

    private AttemptOutcome.Failed found(VendorFamily family, String start, Trickle trickle) throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try (ScriptedVendor vendor = new ScriptedVendor((_, exchange) -> {
            exchange.stream();
            exchange.chunk(start);
            for (int i = 0; !over.await(15, TimeUnit.MILLISECONDS); i++) {
                exchange.chunk(trickle.pieces.get(i % trickle.pieces.size()));
            }
            return false;
        })) {
            CallTimeouts timeouts = new CallTimeouts(LONG, LONG, LONG, GAP, LONG);
            AttemptOutcome outcome = client.call(Deployments.ownCall(family == VendorFamily.OPENAI
                    ? Deployments.openAi(vendor.baseUrl(), timeouts, true)
                    : Deployments.anthropic(vendor.baseUrl(), timeouts),
                    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[]}".getBytes(StandardCharsets.UTF_8), true),
                    (_, _, delta, _) -> tokens.add(delta));
            over.countDown();
            assertThat(outcome).isInstanceOf(AttemptOutcome.Failed.class);
            AttemptOutcome.Failed failed = (AttemptOutcome.Failed) outcome;
            assertThat(failed.failure().failureClass()).isEqualTo(FailureClass.TIMEOUT);
            assertThat(failed.failure().message()).startsWith("token_gap limit of 300 ms");
            assertThat(failed.times().duration()).isBetween(GAP, Duration.ofSeconds(5));
            assertThat(tokens).containsExactly("Hello there");
            assertThat(failed.partialBody().orElseThrow()).asString(StandardCharsets.UTF_8).contains("Hello there");
            assertThat(failed.usage().orElseThrow().getEstimated()).isTrue();
            assertThat(failed.usage().orElseThrow().getOutputTokens()).isEqualTo(4);
            return failed;
        }
    }
}
