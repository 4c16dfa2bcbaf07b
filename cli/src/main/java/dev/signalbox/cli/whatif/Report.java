package dev.signalbox.cli.whatif;

import dev.signalbox.cli.Documents;
import dev.signalbox.cli.Rows;
import dev.signalbox.config.Configuration;
import dev.signalbox.schemas.avro.ReplyStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/** What came out, as tables, as a document, and as a folder with plots. */
final class Report {
    private static final int MOST_TENANTS = 20;
    private static final String[] GROUP = {"requests", "answered", "failed", "expired", "shed", "open", "wait_p50_ms",
            "wait_p99_ms", "first_token_p50_ms", "first_token_p99_ms", "total_p99_ms", "output_tokens", "cost"};
    private static final String[] CALLS = {"calls", "failed", "most_at_once", "limit", "output_tokens", "cost"};
    private static final String[] DIVERTED = {"tenant", "lane", "diverted", "from_s", "for_s", "until_s"};

    private final Configuration configuration;
    private final WhatIf.Outcome outcome;
    private final List<Outage> outages;
    private final List<String> notes;

    /** @param notes what it is of, a line each */
    Report(Configuration configuration, WhatIf.Outcome outcome, List<Outage> outages, List<String> notes) {
        this.configuration = configuration;
        this.outcome = outcome;
        this.outages = outages;
        this.notes = notes;
    }

    /** By name, the columns in the order of {@link #GROUP}. */
    private static Object[] cells(String name, Observations.Group group) {
        long ended = group.ended.values().stream().mapToLong(Long::longValue).sum();
        return new Object[]{name, group.requests, group.ended(ReplyStatus.COMPLETED), group.ended(ReplyStatus.FAILED),
                group.ended(ReplyStatus.EXPIRED), group.ended(ReplyStatus.SHED), group.requests - ended,
                at(group.wait, 50), at(group.wait, 99), at(group.firstToken, 50), at(group.firstToken, 99),
                at(group.total, 99), group.outputTokens, money(group.cost)};
    }

    private Object[] cells(String name, Observations.Calls calls) {
        String limit = WhatIf.limit(configuration, name);
        return new Object[]{name, calls.made, calls.failed, calls.most, limit.isEmpty() ? "-" : limit,
                calls.outputTokens, money(calls.cost)};
    }

    private static long at(Histogram histogram, double percentile) {
        return histogram.getTotalCount() == 0 ? 0 : histogram.getValueAtPercentile(percentile);
    }

    private static BigDecimal money(BigDecimal cost) {
        return cost.setScale(2, RoundingMode.HALF_EVEN);
    }

    private static String[] columns(String first, String[] others) {
        return Stream.concat(Stream.of(first), Stream.of(others)).toArray(String[]::new);
    }

    private List<Object[]> lanes() {
        return outcome.seen().lanes().entrySet().stream().map(each -> cells(each.getKey(), each.getValue())).toList();
    }

    /** Those with most tokens. */
    private List<Object[]> tenants() {
        return outcome.seen().tenants().entrySet().stream()
                .sorted(Comparator.comparingLong(
                        (Map.Entry<String, Observations.Group> each) -> each.getValue().inputTokens
                                + each.getValue().outputTokens)
                        .reversed())
                .limit(MOST_TENANTS).map(each -> cells(each.getKey(), each.getValue())).toList();
    }

    private List<Object[]> deployments() {
        return outcome.seen().deployments().entrySet().stream().map(each -> cells(each.getKey(), each.getValue()))
                .toList();
    }

    /** Whose requests went by the overflow topic, in the order of {@link #DIVERTED}. */
    private List<Object[]> diverted() {
        long end = VirtualTime.BEGIN_NANOS + outcome.endNanos();
        return outcome.seen().diverted().all().stream()
                .map(each -> new Object[]{each.tenant, each.lane.toString(), each.requests,
                        seconds(each.fromNanos - VirtualTime.BEGIN_NANOS), seconds(each.nanos(end)),
                        each.lasts() ? "-" : seconds(each.untilNanos() - VirtualTime.BEGIN_NANOS)})
                .toList();
    }

    private static BigDecimal seconds(long nanos) {
        return BigDecimal.valueOf(nanos, 9).setScale(1, RoundingMode.HALF_EVEN);
    }

    void print(Rows.Form form, PrintStream out) {
        if (form == Rows.Form.TABLE) {
            notes.forEach(out::println);
            table("pool.priority", columns("lane", GROUP), lanes(), out);
            table("tenant", columns("tenant", GROUP), tenants(), out);
            if (!diverted().isEmpty()) {
                table("tenant that was diverted", DIVERTED, diverted(), out);
            }
            table("deployment", columns("deployment", CALLS), deployments(), out);
        } else {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("of", notes);
            document.put("lanes", maps(columns("lane", GROUP), lanes()));
            document.put("tenants", maps(columns("tenant", GROUP), tenants()));
            document.put("diverted", maps(DIVERTED, diverted()));
            document.put("deployments", maps(columns("deployment", CALLS), deployments()));
            Documents.print(document, form, out);
        }
        out.flush();
    }

    private static void table(String title, String[] columns, List<Object[]> rows, PrintStream out) {
        out.println();
        out.println("By " + title + ":");
        Rows table = new Rows(columns);
        rows.forEach(table::add);
        table.print(Rows.Form.TABLE, out);
    }

    private static List<Map<String, Object>> maps(String[] columns, List<Object[]> rows) {
        List<Map<String, Object>> maps = new ArrayList<>();
        for (Object[] row : rows) {
            Map<String, Object> map = new LinkedHashMap<>();
            for (int i = 0; i < columns.length; i++) {
                map.put(columns[i], row[i]);
            }
            maps.add(map);
        }
        return maps;
    }

    /** Writes report.md with its plots, and the curves as CSV. */
    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Map<String, Series> plots = new LinkedHashMap<>();
        plots.put("answered", outcome.answered());
        plots.put("waiting", outcome.waiting());
        plots.put("running", outcome.running());
        if (outcome.borrowed().most() > 0) {
            plots.put("borrowed", outcome.borrowed());
        }
        plots.put("waits", outcome.waits());
        if (outcome.diverted().most() > 0) {
            plots.put("diverted", outcome.diverted());
        }
        ByteArrayOutputStream tables = new ByteArrayOutputStream();
        print(Rows.Form.TABLE, new PrintStream(tables, false, StandardCharsets.UTF_8));
        StringBuilder report = new StringBuilder("# What if\n\n```\n").append(tables.toString(StandardCharsets.UTF_8))
                .append("```\n");
        for (Map.Entry<String, Series> plot : plots.entrySet()) {
            Files.writeString(folder.resolve(plot.getKey() + ".svg"),
                    LinePlot.svg(title(plot.getKey()), unit(plot.getKey()), plot.getValue(), outages));
            Files.writeString(folder.resolve(plot.getKey() + ".csv"), csv(plot.getValue()));
            report.append("\n![").append(title(plot.getKey())).append("](").append(plot.getKey()).append(".svg)\n");
        }
        Files.writeString(folder.resolve("report.md"), report.toString());
    }

    private static String title(String plot) {
        return switch (plot) {
            case "answered" -> "Answered, by pool and priority";
            case "waiting" -> "Waiting, by pool";
            case "running" -> "Calls that run, by deployment";
            case "diverted" -> "On overflow topics and not read yet, by tenant";
            case "waits" -> "Longest wait for a first call, by tenant, those with most tokens";
            default -> "Calls at once on borrowed capacity, by pool and lender";
        };
    }

    private static String unit(String plot) {
        return switch (plot) {
            case "answered" -> "requests/s";
            case "waiting", "diverted" -> "requests";
            case "waits" -> "s";
            default -> "calls";
        };
    }

    private static String csv(Series series) {
        StringBuilder csv = new StringBuilder("second");
        series.values().keySet().forEach(name -> csv.append(",\"").append(name.replace("\"", "\"\"")).append('"'));
        csv.append('\n');
        for (int i = 0; i < series.seconds().size(); i++) {
            int row = i;
            csv.append(String.format(Locale.ROOT, "%.1f,", series.seconds().get(row)))
                    .append(series.values().values().stream()
                            .map(values -> String.format(Locale.ROOT, "%.2f", values.get(row)))
                            .collect(Collectors.joining(",")))
                    .append('\n');
        }
        return csv.toString();
    }
}
