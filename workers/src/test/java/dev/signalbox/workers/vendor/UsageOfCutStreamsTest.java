package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.RecordedExchanges.Exchange;
import dev.signalbox.workers.vendor.anthropic.MessagesCodec;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * How far the sum of the estimates is from the truth when recorded streams are cut at random places. The truth of a cut
 * stream: the part of the vendor's own count that stands in proportion to the characters that had come. Streams whose
 * model counts thinking that it does not show (less than a tenth of a token's characters came) are told apart: nobody can
 * count what is not sent.
 */
@Tag("issue-4")
class UsageOfCutStreamsTest {
    private static final int CUTS = 60;
    private static final double STATED_ERROR = 0.20;

    private record Truth(Exchange exchange, byte[] wire, TokenUsage usage, long chars) {
    }

    @Test
    void ofChatCompletionsTheSumIsWithinAFifth() throws Exception {
        List<Exchange> exchanges = RecordedExchanges.of("stream",
                vendor -> vendor.startsWith("openai") || vendor.equals("azure-openai"));
        measure("chat completions", exchanges, new OpenAiChatCodec(), false);
    }

    @Test
    void ofMessagesTheSumIsWithinAFifth() throws Exception {
        List<Exchange> exchanges = RecordedExchanges.of("stream", Predicate.isEqual("anthropic"));
        measure("messages", exchanges, new MessagesCodec(), true);
    }

    private static void measure(String family, List<Exchange> exchanges, VendorCodec codec, boolean inputIsTold) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        double trueOutput = 0;
        double output = 0;
        double trueInput = 0;
        double input = 0;
        int streams = 0;
        int hidden = 0;
        for (Truth truth : truths(exchanges, codec)) {
            if (truth.chars < truth.usage.getOutputTokens()) {
                hidden++;
                continue;
            }
            streams++;
            for (int i = 0; i < CUTS; i++) {
                int end = random.nextInt(truth.wire.length);
                StreamRun cut = run(codec, truth.exchange, truth.wire, end);
                if (!(cut.decoded() instanceof Decoded.NoAnswer none)) {
                    continue;
                }
                TokenUsage estimate = none.usage().orElseThrow();
                assertThat(estimate.getEstimated()).as("%s, seed %d, cut at %d", truth.exchange, seed, end).isTrue();
                output += estimate.getOutputTokens();
                trueOutput += (double) truth.usage.getOutputTokens() * chars(cut) / truth.chars;
                if (isInputKnown(truth) && (!inputIsTold || chars(cut) > 0)) {
                    input += estimate.getInputTokens();
                    trueInput += truth.usage.getInputTokens();
                }
            }
        }
        double outputError = output / trueOutput - 1;
        double inputError = input / trueInput - 1;
        System.out.printf(Locale.ROOT,
                "%s: %d streams cut at %d random places (seed %d): output %+.1f %% of %.0f tokens, "
                        + "input %+.1f %% of %.0f; %d streams with hidden thinking left out%n",
                family, streams, CUTS, seed,
                100 * outputError, trueOutput, 100 * inputError, trueInput, hidden);
        assertThat(streams).isGreaterThan(20);
        assertThat(Math.abs(outputError)).as("output, seed %d", seed).isLessThan(STATED_ERROR);
        assertThat(Math.abs(inputError)).as("input, seed %d", seed).isLessThan(inputIsTold ? 0.001 : STATED_ERROR);
    }

    /** Tools that the vendor runs add to the input while the answer goes on, and a small request stands for a lost one. */
    private static boolean isInputKnown(Truth truth) {
        return truth.exchange.request().length > 40
                && !new String(truth.wire, StandardCharsets.UTF_8).contains("server_tool_use");
    }

    private static List<Truth> truths(List<Exchange> exchanges, VendorCodec codec) {
        List<Truth> truths = new ArrayList<>();
        for (Exchange exchange : exchanges) {
            byte[] wire = exchange.stream();
            boolean several = new String(wire, StandardCharsets.UTF_8).split("event: message_start", -1).length > 2;
            StreamRun whole = run(codec, exchange, wire, wire.length);
            if (!several && whole.decoded() instanceof Decoded.Answer answer && answer.usage().isPresent()
                    && answer.usage().get().getOutputTokens() != null && answer.usage().get().getInputTokens() != null
                    && chars(whole) > 0) {
                truths.add(new Truth(exchange, wire, answer.usage().get(), chars(whole)));
            }
        }
        return truths;
    }

    private static long chars(StreamRun run) {
        return run.tokens().values().stream().mapToLong(String::length).sum()
                + run.tools().values().stream().mapToLong(String::length).sum();
    }

    private static StreamRun run(VendorCodec codec, Exchange exchange, byte[] wire, int length) {
        URI url = URI.create("http://localhost/v1");
        return StreamRun.of(codec, Deployments.ownCall(codec instanceof MessagesCodec
                ? Deployments.anthropic(url, CallTimeouts.DEFAULT)
                : Deployments.openAi(url, CallTimeouts.DEFAULT, true), exchange.request(), true), wire, length,
                List.of(), length == wire.length ? StreamRun.End.CLEAN : StreamRun.End.BROKEN);
    }
}
