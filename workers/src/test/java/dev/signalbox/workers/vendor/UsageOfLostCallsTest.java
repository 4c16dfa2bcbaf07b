package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.ScriptedVendor.Script;
import dev.signalbox.workers.vendor.anthropic.MessagesCodec;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a call is taken to have cost that gave nothing, or not all: in both families. */
@Tag("issue-4")
@Timeout(60)
class UsageOfLostCallsTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final byte[] BODY = ("{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\""
            + "word ".repeat(200) + "\"}]}").getBytes(StandardCharsets.UTF_8);

    private final HttpVendorClient client = new HttpVendorClient(
            Map.of(VendorFamily.OPENAI, new OpenAiChatCodec(), VendorFamily.ANTHROPIC, new MessagesCodec()),
            HttpLimits.DEFAULT, System::nanoTime);

    /** The two families that there are codecs for. */
    enum Language {
        OPENAI,
        ANTHROPIC
    }

    @AfterEach
    void close() {
        client.close();
    }

    @ParameterizedTest
    @EnumSource
    void aRequestThatWasGivenUpHasBeenReadAtLeast(Language language) throws Exception {
        TokenUsage usage = usage(language, false, new CallTimeouts(LONG, SHORT, LONG, LONG, LONG), (_, exchange) -> {
            exchange.awaitClosed();
            return false;
        }).orElseThrow();
        assertEstimate(usage, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void soHasOneWhoseFirstTokenNeverCame(Language language) throws Exception {
        TokenUsage usage = usage(language, true, new CallTimeouts(LONG, LONG, SHORT, LONG, LONG), (_, exchange) -> {
            exchange.stream();
            exchange.chunk(": still here\n\n");
            exchange.awaitClosed();
            return false;
        }).orElseThrow();
        assertEstimate(usage, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void ofAnUnstreamedAnswerThatIsCutWhatCameCounts(Language language) throws Exception {
        TokenUsage usage = usage(language, false, CallTimeouts.DEFAULT, (_, exchange) -> {
            exchange.head("200 OK", "Content-Type: application/json", "Content-Length: 5000");
            exchange.raw("{\"content\":[{\"type\":\"text\",\"text\":\"" + "x".repeat(320));
            return false;
        }).orElseThrow();
        assertEstimate(usage, 100, 130);
    }

    @ParameterizedTest
    @EnumSource
    void aRefusalCostsNothingNorDoesAnAnswerThatNeverBegan(Language language) throws Exception {
        assertThat(
                usage(language, true, CallTimeouts.DEFAULT, (_, exchange) -> exchange.whole("503 Service Unavailable",
                        "application/json", "{}".getBytes(StandardCharsets.UTF_8))))
                .isEmpty();
        assertThat(usage(language, true, CallTimeouts.DEFAULT, (_, exchange) -> {
            exchange.reset();
            return false;
        })).isEmpty();
    }

    private static void assertEstimate(TokenUsage usage, long leastOutput, long mostOutput) {
        assertThat(usage.getEstimated()).isTrue();
        assertThat(usage.getInputTokens()).isBetween(BODY.length / 5L, BODY.length / 3L);
        assertThat(usage.getOutputTokens()).isBetween(leastOutput, mostOutput);
    }

    private Optional<TokenUsage> usage(Language language, boolean streamed, CallTimeouts timeouts, Script script)
            throws Exception {
        try (ScriptedVendor vendor = new ScriptedVendor(script)) {
            URI url = vendor.baseUrl();
            AttemptOutcome outcome = client.call(Deployments.ownCall(switch (language) {
                case OPENAI -> Deployments.openAi(url, timeouts, true);
                case ANTHROPIC -> Deployments.anthropic(url, timeouts);
            }, BODY, streamed), TokenSink.NONE);
            assertThat(outcome).isInstanceOf(AttemptOutcome.Failed.class);
            return outcome.usage();
        }
    }
}
