package dev.signalbox.cli;

import dev.signalbox.cli.batch.DidYouMean;
import dev.signalbox.cli.usage.AvailabilityReport;
import dev.signalbox.cli.usage.UsageDimension;
import dev.signalbox.cli.usage.UsageExport;
import dev.signalbox.cli.usage.UsageExport.Format;
import dev.signalbox.cli.usage.UsageLog;
import dev.signalbox.cli.usage.UsagePeriod;
import dev.signalbox.cli.usage.UsageReport;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.Units;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What vendor calls used and cost. */
@Command(name = "usage", description = "What vendor calls used and cost: summed up, or each one for analysts.")
final class UsageCommand implements Runnable {
    private static final String SINCE = "Calls that started at that day (2026-11-01, UTC) or time (2026-11-01T15:00Z), or so long ago (24h), or later; default: the first of this month.";
    private static final String UNTIL = "Calls that started before that; default: all up to now.";

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "usage: report, availability or export?");
        }
    }

    @Command(name = "report", description = "Sums of calls, tokens and cost, from the hourly and daily rollups. A cost that is not known is told as unknown, never as 0.")
    int report(@Mixin InstallationOptions options,
            @Option(names = "--since", paramLabel = "WHEN", description = SINCE
                    + " Days are summed from daily rollups; for other times whole hours are.") @Nullable String since,
            @Option(names = "--until", paramLabel = "WHEN", description = UNTIL) @Nullable String until,
            @Option(names = "--by", paramLabel = "NAME,...", defaultValue = "use_case,model", description = "What to tell apart: any of tenant, use_case, department, model, vendor, deployment, environment, day, pool, lender (whose capacity was borrowed; - for a pool's own); default ${DEFAULT-VALUE}.") String by,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        UsagePeriod period = UsagePeriod.of(since, until, Instant.now()).wholeHours();
        List<UsageDimension> dimensions = Arrays.stream(by.split(",", -1)).map(UsageCommand::dimension).toList();
        Clients clients = options.reachable();
        UsageReport report;
        try {
            report = UsageReport.read(clients, period, dimensions);
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
        if (form == Rows.Form.TABLE) {
            UsageCells.print(report, shell.terminal().out());
        } else {
            Documents.print(UsageCells.document(period, report), form, shell.terminal().out());
            shell.terminal().out().flush();
        }
        shell.terminal().say("calls that started from " + period
                + "; calls of the last seconds may not be in the sums yet");
        return ExitCode.OK.number();
    }

    @Command(name = "availability", description = "How many of each use case's accepted requests were answered in time, against its objective, and how much of its error budget is left. Requests that their callers spoilt or cancelled do not count.")
    int availability(@Mixin InstallationOptions options,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        Configuration configuration = options.configuration().read(shell.terminal());
        Clients clients = options.reachable();
        AvailabilityReport report;
        try {
            report = AvailabilityReport.read(clients, configuration.useCases(), configuration.environment(),
                    Instant.now());
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
        Rows rows = new Rows("use_case", "objective", "window", "accepted", "in_time", "availability", "budget_left",
                "late", "expired", "shed", "failed");
        for (AvailabilityReport.Line line : report.lines()) {
            rows.add(line.useCase(), line.objective().map(promised -> Units.printShare(promised.answeredInTime()))
                    .orElse("-"), Units.print(line.window()), line.accepted(), line.inTime(),
                    percent(line.availability()), percent(line.budgetLeft()), line.late(), line.expired(),
                    line.shed(), line.failed());
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    /** Rounded down: what is not whole is not told as whole. */
    private static String percent(OptionalDouble share) {
        return share.isEmpty()
                ? "-"
                : Double.isInfinite(share.getAsDouble())
                        ? "none"
                        : BigDecimal.valueOf(share.getAsDouble()).movePointRight(2).setScale(3, RoundingMode.FLOOR)
                                .toPlainString() + "%";
    }

    private static UsageDimension dimension(String label) {
        return UsageDimension.ofLabel(label.strip())
                .orElseThrow(() -> new CommandFailure(ExitCode.USAGE, "--by \"" + label.strip() + "\" is none of "
                        + UsageDimension.labels() + DidYouMean.hint(label.strip(),
                                Arrays.stream(UsageDimension.values()).map(UsageDimension::label).toList())));
    }

    @Command(name = "export", description = "Each vendor call once, from llm.usage as it is now: CSV, JSON lines, Parquet, or FOCUS 1.0 rows as CSV. Calls older than the topic's retention are in the report only.")
    int export(@Mixin InstallationOptions options,
            @Option(names = "--format", paramLabel = "FORMAT", required = true, description = "csv, jsonl, parquet or focus.") Format format,
            @Option(names = "--out", paramLabel = "FILE", defaultValue = "-", description = "Where to write; there once it is whole. - for standard output (not Parquet).") String out,
            @Option(names = "--since", paramLabel = "WHEN", description = SINCE) @Nullable String since,
            @Option(names = "--until", paramLabel = "WHEN", description = UNTIL) @Nullable String until)
            throws InterruptedException, IOException {
        UsagePeriod period = UsagePeriod.of(since, until, Instant.now());
        PriceTable prices = options.inForce(shell.terminal()).prices();
        if (format == Format.FOCUS && options.kafka().remote().isPresent()
                && options.configuration().origin() == ConfigurationChoice.Origin.SIMULATED
                && options.holds().isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE,
                    "FOCUS rows need currency and prices, and this Kafka has no configuration in force: name it with --config");
        }
        Clients clients = options.reachable();
        UsageExport export = new UsageExport(new UsageLog(clients), period, format, prices);
        UsageExport.Written written;
        try {
            written = out.equals("-") ? export.toStream(shell.terminal().out()) : export.toFile(Path.of(out));
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
        shell.terminal().out().flush();
        shell.terminal().say(written.calls() + " calls, cost " + UsageCells.money(written.cost())
                + (written.unpriced() == 0 ? "" : " and the unknown cost of " + written.unpriced() + " calls")
                + (written.replaced() == 0 ? "" : "; " + written.replaced() + " records that later ones replace"));
        return ExitCode.OK.number();
    }
}
