package dev.signalbox.system.scenario;

import dev.signalbox.system.scenario.Trial.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The verdicts of all trials, by scenario, family and mode. For one thread. */
final class Scorecard {
    private record Line(List<Judgement> judgements, List<Duration> elapsed) {
    }

    private final Map<Row, Line> lines = new TreeMap<>();

    void add(Trial trial, Judgement judgement, Duration elapsed) {
        Line line = lines.computeIfAbsent(trial.row(), row -> new Line(new ArrayList<>(), new ArrayList<>()));
        line.judgements.add(judgement);
        line.elapsed.add(elapsed);
    }

    /** Lines of which not every trial passed. */
    Set<Row> red() {
        return lines.entrySet().stream().filter(line -> line.getValue().judgements.stream()
                .anyMatch(judgement -> judgement.verdict() != Verdict.PASS)).map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Why a line is red: each reason once. */
    Collection<String> reasons(Row row) {
        Line line = lines.get(row);
        return line == null
                ? Set.of()
                : line.judgements.stream().filter(judgement -> judgement.verdict() != Verdict.PASS)
                        .map(judgement -> judgement.verdict() + " " + judgement.why())
                        .collect(Collectors.toCollection(TreeSet::new));
    }

    /** As a table; a line that is not green is marked, and its reasons stand under it. */
    String table() {
        StringBuilder table = new StringBuilder(String.format(Locale.ROOT, "%n%-12s %-28s %-10s %-9s %-16s %9s%n",
                "scenario", "fault", "family", "mode", "verdicts", "p50 ms"));
        lines.forEach((row, line) -> {
            table.append(String.format(Locale.ROOT, "%-12s %-28s %-10s %-9s %-16s %9d%s%n", row.scenario(),
                    row.scenario().what, row.family().label(), row.mode(), verdicts(line),
                    median(line.elapsed), red().contains(row) ? "  <<<" : ""));
            reasons(row).forEach(reason -> table.append("             ").append(reason).append('\n'));
        });
        long green = lines.keySet().stream().filter(row -> !red().contains(row)).count();
        return table.append(green).append(" of ").append(lines.size()).append(" lines pass\n").toString();
    }

    private static String verdicts(Line line) {
        Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
        line.judgements.forEach(judgement -> counts.merge(judgement.verdict(), 1, Integer::sum));
        return counts.entrySet().stream()
                .map(count -> count.getValue() + " " + count.getKey().name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    private static long median(List<Duration> elapsed) {
        return elapsed.stream().sorted().toList().get(elapsed.size() / 2).toMillis();
    }
}
