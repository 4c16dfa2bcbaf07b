package dev.signalbox.cli;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AlertStatus;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What the fleet says that a person should know. */
@Command(name = "alerts", description = "Shows what is wrong in the installation, since when, and what to do about it.")
final class AlertsCommand implements Runnable {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "alerts: list?");
        }
    }

    @Command(name = "list", description = "Alerts that hold, the worst first; with --all also those that were resolved in the last 7 days.")
    int list(@Mixin InstallationOptions with,
            @Option(names = "--all", description = "Resolved ones too.") boolean all,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        Collection<Alert> known = LatestRecords.read(with.reachable(), Topics.ALERTS, Alert.class).values();
        List<Alert> shown = known.stream().filter(alert -> all || alert.getStatus() == AlertStatus.RAISED)
                .sorted(Comparator.comparing(Alert::getStatus)
                        .thenComparing(Comparator.comparing(Alert::getSeverity).reversed())
                        .thenComparingLong(Alert::getSinceMillis).thenComparing(Alert::getKey))
                .toList();
        Rows rows = new Rows("status", "severity", "name", "where", "since", "resolved", "what", "cure");
        for (Alert alert : shown) {
            Long resolved = alert.getResolvedMillis();
            rows.add(lower(alert.getStatus()), lower(alert.getSeverity()), alert.getName(), alert.getWhere(),
                    time(alert.getSinceMillis()), resolved == null ? "-" : time(resolved), alert.getWhat(),
                    alert.getCure());
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static String time(long millis) {
        return Instant.ofEpochMilli(millis).toString();
    }
}
