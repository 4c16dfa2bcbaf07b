package dev.signalbox.system.scenario;

import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.meter.CallRecord;
import java.time.Duration;
import java.util.List;

/** The bar of a stream that ends before its time: by its policy, told as it was, and with what it cost. */
final class CutStreams {
    private CutStreams() {
    }

    /**
     * @param tokens that came before the cut
     * @param most time to the reply
     */
    static void judge(Observation seen, int tokens, Duration most, List<String> shortfalls) {
        LlmReply reply = seen.reply().orElseThrow();
        Scenario.atMostSick(seen, 1, shortfalls);
        Scenario.within(seen, most, shortfalls);
        cost(seen, tokens, shortfalls);
        switch (seen.policy()) {
            case RESTART -> {
                wholeFrom(seen, shortfalls);
                expect(reply.getAttempts().getLast().getAfterCut() == null, "tells of a text to go on from",
                        shortfalls);
            }
            case CONTINUE -> taken(reply.getAttempts().getLast().getAfterCut(), seen, tokens, shortfalls);
            case FAIL -> {
                expect(seen.text().equals(FixedAnswer.text(tokens)), "the partial text is \"" + seen.text() + "\"",
                        shortfalls);
                expect(seen.shown().equals(FixedAnswer.text(tokens)), "the reader was left with \"" + seen.shown()
                        + "\"", shortfalls);
                expect(seen.calls().size() == 1, seen.calls().size() + " calls", shortfalls);
                expect(reply.getError().getRetryable(), "is said not to be worth another try", shortfalls);
            }
        }
    }

    /** By the vendors' log: the rest of the answer where a model went on, else all of it. */
    private static void taken(String told, Observation seen, int tokens, List<String> shortfalls) {
        CallRecord last = seen.calls().getLast();
        boolean wentOn = told != null && told.startsWith("goes on from the " + FixedAnswer.text(tokens).length() + " ");
        expect(wentOn || (told != null && told.startsWith("starts again: ")), "how it took over is told as " + told,
                shortfalls);
        boolean canGoOn = last.vendor().equals(Bench.well(Family.ANTHROPIC))
                && !last.model().contains("reject_prefill");
        expect(wentOn == canGoOn, canGoOn ? "did not go on from the text" : "went on from a text", shortfalls);
        int expected = wentOn ? 60 - tokens : 60;
        expect(last.tokensSent() == expected, "the last call gave " + last.tokensSent() + " tokens, not " + expected,
                shortfalls);
    }

    private static void wholeFrom(Observation seen, List<String> shortfalls) {
        expect(seen.calls().getLast().tokensSent() == 60, "the last call gave " + seen.calls().getLast().tokensSent()
                + " tokens", shortfalls);
    }

    /**
     * Of one call alone an estimate may be off by a half.
     *
     * @param tokens that the first call gave before it was cut
     */
    static void cost(Observation seen, int tokens, List<String> shortfalls) {
        LlmReply reply = seen.reply().orElseThrow();
        TokenUsage usage = reply.getAttempts().getFirst().getUsage();
        expect(usage != null && usage.getEstimated() && usage.getOutputTokens() >= tokens
                && usage.getOutputTokens() <= tokens * 2L && usage.getInputTokens() != null
                && usage.getInputTokens() >= seen.calls().getFirst().promptTokens() / 2,
                "the cut call's usage is told as " + usage, shortfalls);
        long output = reply.getAttempts().stream().map(AttemptSummary::getUsage)
                .mapToLong(each -> each == null ? 0 : each.getOutputTokens()).sum();
        TokenUsage total = reply.getTotalUsage();
        expect(total != null && total.getEstimated() && total.getOutputTokens() == output,
                "the total is told as " + total, shortfalls);
    }

    private static void expect(boolean kept, String otherwise, List<String> shortfalls) {
        if (!kept) {
            shortfalls.add(otherwise);
        }
    }
}
