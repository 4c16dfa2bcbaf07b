package dev.signalbox.cli;

import dev.signalbox.cli.usage.UsageDimension;
import dev.signalbox.cli.usage.UsagePeriod;
import dev.signalbox.cli.usage.UsageReport;
import dev.signalbox.cli.usage.UsageSums;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A report of usage as a table, and as a document. */
final class UsageCells {
    private static final int CENTS = 2;

    private UsageCells() {
    }

    static void print(UsageReport report, PrintStream out) {
        List<String> columns = new ArrayList<>(report.by().stream().map(UsageDimension::label).toList());
        columns.addAll(numbers(report.total()).keySet());
        Rows rows = new Rows(columns.toArray(String[]::new));
        report.lines().forEach(line -> rows.add(cells(line.values(), line.sums())));
        List<String> total = new ArrayList<>(List.of("TOTAL"));
        while (total.size() < report.by().size()) {
            total.add("");
        }
        rows.add(cells(total, report.total()));
        rows.print(Rows.Form.TABLE, out);
    }

    private static Object[] cells(List<String> names, UsageSums sums) {
        List<Object> cells = new ArrayList<>(names);
        numbers(sums).forEach((column, number) -> cells
                .add(column.equals("cost") ? sums.cost().map(UsageCells::money).orElse("unknown") : number));
        return cells.toArray();
    }

    static Map<String, Object> document(UsagePeriod period, UsageReport report) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("since", period.from().toString());
        if (!period.isOpenEnded()) {
            document.put("until", period.until().toString());
        }
        document.put("usage", report.lines().stream().map(line -> line(report.by(), line)).toList());
        document.put("total", withCost(report.total()));
        return document;
    }

    private static Map<String, Object> line(List<UsageDimension> by, UsageReport.Line line) {
        Map<String, Object> entry = new LinkedHashMap<>();
        for (int i = 0; i < by.size(); i++) {
            entry.put(by.get(i).label(), line.values().get(i));
        }
        entry.putAll(withCost(line.sums()));
        return entry;
    }

    /** A cost of which nothing is known is null. */
    private static Map<String, Object> withCost(UsageSums sums) {
        Map<String, Object> numbers = numbers(sums);
        numbers.put("cost", sums.cost().orElse(null));
        return numbers;
    }

    private static Map<String, Object> numbers(UsageSums sums) {
        Map<String, Object> numbers = new LinkedHashMap<>();
        numbers.put("calls", sums.attempts());
        numbers.put("answered", sums.answered());
        numbers.put("failed", sums.failed());
        numbers.put("unpaired", sums.unpaired());
        numbers.put("estimated", sums.estimated());
        numbers.put("input_tokens", sums.inputTokens());
        numbers.put("cached_input_tokens", sums.cachedInputTokens());
        numbers.put("output_tokens", sums.outputTokens());
        numbers.put("reasoning_tokens", sums.reasoningTokens());
        numbers.put("cost", sums.knownCost());
        numbers.put("unpriced_calls", sums.unpriced());
        return numbers;
    }

    /** With at least cents, and as many further decimals as there are. */
    static String money(BigDecimal amount) {
        BigDecimal shortest = amount.stripTrailingZeros();
        return (shortest.scale() < CENTS ? shortest.setScale(CENTS) : shortest).toPlainString();
    }
}
