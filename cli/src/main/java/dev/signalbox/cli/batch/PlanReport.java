package dev.signalbox.cli.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The plan in words, for {@code --dry-run}. */
final class PlanReport {
    private PlanReport() {
    }

    static List<String> of(BatchPlan plan, String currency) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format("%-24s %-24s %-34s %8s %8s %10s %10s %10s", "MODEL", "USE CASE", "POOL.PRIORITY",
                "REQUESTS", "STREAMED", "IN TOKENS", "OUT TOKENS", "COST"));
        for (Map.Entry<BatchPlan.Group, BatchPlan.Totals> group : plan.groups().entrySet()) {
            lines.add(row(group.getKey().model(), group.getKey().useCase(), group.getKey().lane().toString(),
                    group.getValue(), currency));
        }
        lines.add(row("all", "", "", plan.all(), currency));
        lines.add("tokens and cost are estimates: characters / 4 in, max_tokens or 300 out, the route's dearest price");
        return lines;
    }

    private static String row(String model, String useCase, String lane, BatchPlan.Totals totals, String currency) {
        return String.format("%-24s %-24s %-34s %8d %8d %10s %10s %10s", model, useCase, lane, totals.requests(),
                totals.streamed(), Figures.count(totals.inputTokens()), Figures.count(totals.outputTokens()),
                totals.cost().map(cost -> Figures.money(cost, currency)).orElse("unknown"));
    }
}
