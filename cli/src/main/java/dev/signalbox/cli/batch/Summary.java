package dev.signalbox.cli.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The last words of a run. */
final class Summary {
    private Summary() {
    }

    /**
     * @param before lines that earlier runs had ended
     * @param output where results are
     * @param errors where failures are
     */
    static List<String> of(BatchStats.Snapshot end, String currency, int before, String output, String errors) {
        List<String> lines = new ArrayList<>();
        lines.add(row("requests", end.done() + " of " + end.total() + " in " + Figures.duration(end.elapsedMillis())
                + (before > 0 ? ", " + before + " were finished before" : "")));
        lines.add(row("ok", Integer.toString(end.ok())));
        lines.add(row("failed", end.failed() + codes(end.failuresByCode())));
        lines.add(row("failed over", end.failedOver() + (end.failedOver() > 0
                ? " were answered by another deployment or attempt than the first"
                : "")));
        lines.add(row("tokens", end.inputTokens() + " in, " + end.outputTokens() + " out"));
        lines.add(row("cost", ProgressLine.cost(end, currency)));
        if (end.hasFirstTokens()) {
            lines.add(row("first token", "p50 " + Figures.duration(end.firstTokenP50Millis()) + ", p99 "
                    + Figures.duration(end.firstTokenP99Millis())));
        }
        boolean first = true;
        for (Map.Entry<String, Integer> share : ProgressLine.shares(end.byDeployment())) {
            String line = String.format("%-32s %5d  %s", share.getKey(), share.getValue(),
                    ProgressLine.percent(share.getValue(), end.ok()));
            lines.add(row(first ? "answered by" : "", line));
            first = false;
        }
        lines.add(row("results", output));
        if (end.failed() > 0) {
            lines.add(row("failures", errors));
        }
        return lines;
    }

    private static String codes(Map<String, Integer> failuresByCode) {
        return failuresByCode.isEmpty()
                ? ""
                : " (" + String.join(", ", ProgressLine.shares(failuresByCode).stream()
                        .map(code -> code.getKey() + " " + code.getValue()).toList()) + ")";
    }

    private static String row(String name, String value) {
        return String.format("  %-12s %s", name, value);
    }
}
