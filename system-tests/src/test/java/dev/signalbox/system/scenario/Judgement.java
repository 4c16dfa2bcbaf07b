package dev.signalbox.system.scenario;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.meter.CallRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * A verdict and what it rests on.
 *
 * @param why what fell short; empty if nothing did
 */
record Judgement(Verdict verdict, String why) {

    /** Judges one run from both views. */
    static Judgement of(Scenario scenario, Observation seen) {
        if (seen.reply().isEmpty()) {
            return new Judgement(Verdict.FAIL, "no reply");
        }
        LlmReply reply = seen.reply().get();
        if (reply.getStatus() == ReplyStatus.COMPLETED) {
            String lie = lie(seen);
            if (!lie.isEmpty()) {
                return new Judgement(Verdict.FAIL, lie);
            }
            if (scenario.refused(seen.policy())) {
                return new Judgement(Verdict.PARTIAL, "answered, though nobody allowed that");
            }
            List<String> shortfalls = new ArrayList<>(scenario.shortfalls(seen));
            shortfalls.addAll(disagreements(reply, seen));
            return new Judgement(shortfalls.isEmpty() ? Verdict.PASS : Verdict.PARTIAL, String.join("; ", shortfalls));
        }
        if (reply.getError() == null) {
            return new Judgement(Verdict.FAIL, reply.getStatus() + " without a reason");
        }
        String error = reply.getStatus() + " " + reply.getError().getCode() + ": " + reply.getError().getMessage();
        if (!scenario.refused(seen.policy())) {
            return new Judgement(Verdict.SAFE, error);
        }
        List<String> shortfalls = new ArrayList<>(scenario.shortfalls(seen));
        if (reply.getAttempts().size() != seen.calls().size()) {
            shortfalls.add(told(reply, seen));
        }
        return shortfalls.isEmpty()
                ? new Judgement(Verdict.PASS, "")
                : new Judgement(Verdict.SAFE, String.join("; ", shortfalls) + "; " + error);
    }

    /** What of an answer that is called success is not so; empty if all is. */
    private static String lie(Observation seen) {
        String text = seen.text();
        if (!text.equals(FixedAnswer.TEXT)) {
            return "success with " + words(text) + " of 60 words";
        }
        return seen.streamed() && !seen.shown().equals(FixedAnswer.TEXT)
                ? "the reader was left with " + words(seen.shown()) + " of 60 words"
                : "";
    }

    private static int words(String text) {
        return text.isBlank() ? 0 : text.split(" ", -1).length;
    }

    /** Where the reply tells something else than the vendors' log. */
    private static List<String> disagreements(LlmReply reply, Observation seen) {
        List<String> found = new ArrayList<>();
        if (reply.getAttempts().size() != seen.calls().size()) {
            found.add(told(reply, seen));
        }
        if (seen.calls().isEmpty()) {
            return found;
        }
        CallRecord last = seen.calls().getLast();
        if (reply.getServedBy() == null || !reply.getServedBy().getVendor().equals(last.vendor())) {
            found.add("served by " + reply.getServedBy() + ", the last call was at " + last.vendor());
        }
        TokenUsage usage = reply.getUsage();
        if (usage == null || usage.getEstimated() || usage.getOutputTokens() == null
                || usage.getOutputTokens() != last.tokensSent() || usage.getInputTokens() == null
                || usage.getInputTokens() != last.promptTokens()) {
            found.add("usage " + usage + ", the vendor counted " + last.promptTokens() + " and " + last.tokensSent());
        }
        return found;
    }

    private static String told(LlmReply reply, Observation seen) {
        return "the reply tells of " + reply.getAttempts().size() + " calls, the vendors counted "
                + seen.calls().size();
    }
}
