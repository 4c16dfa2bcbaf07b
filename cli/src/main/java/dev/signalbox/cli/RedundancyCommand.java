package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Places;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.redundancy.Capacity;
import dev.signalbox.config.redundancy.Redundancy;
import dev.signalbox.config.redundancy.RedundancyFinding;
import dev.signalbox.config.redundancy.RedundancyReport;
import dev.signalbox.config.redundancy.RouteRedundancy;
import dev.signalbox.config.redundancy.Severity;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** What one failure could stop, by configuration alone, and where there is an installation what its routes have left now. */
@Command(name = "redundancy", description = "Finds single points of failure, pools that can starve each other and capacity that one loss leaves short, each with its cure; where an installation runs, also what its routes have left now.", footer = {
        "", "Exit codes: 0 done, 2 the configuration has errors, 3 findings at or above --fail-on."})
final class RedundancyCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.")
    private Rows.Form form = Rows.Form.TABLE;

    @Option(names = "--fail-on", paramLabel = "SEVERITY", description = "warning or critical: exit code 3 where there is a finding at least that bad.")
    private @Nullable Severity failOn;

    @Option(names = "--environment", paramLabel = "NAME", description = "Only the routes of that environment; by default those of all.")
    private @Nullable String environment;

    @Mixin
    private InstallationOptions with = new InstallationOptions();

    @Override
    public Integer call() throws InterruptedException {
        ReadResult.Valid read = with.inForceWithPlaces(shell.terminal());
        RedundancyReport report = environment == null
                ? Redundancy.assess(read.configuration())
                : Redundancy.assess(read.configuration(), known(read.configuration(), environment));
        Optional<RedundancyCommandLive> live = with.running().isEmpty()
                ? Optional.empty()
                : Optional.of(RedundancyCommandLive.read(with.reachable()));
        PrintStream out = shell.terminal().out();
        switch (form) {
            case TABLE -> {
                print(report, read.places(), out);
                live.ifPresent(now -> now.print(out));
            }
            case JSON, YAML -> {
                Map<String, Object> document = document(report, read.places());
                live.ifPresent(now -> document.put("live", now.document()));
                Documents.print(document, form, out);
            }
        }
        out.flush();
        return (failOn != null && report.has(failOn) ? ExitCode.SOME_FAILED : ExitCode.OK).number();
    }

    private static String known(Configuration configuration, String environment) {
        SortedSet<String> environments = new TreeSet<>();
        configuration.routes().values().forEach(routes -> environments.addAll(routes.byEnvironment().keySet()));
        if (!environments.contains(environment)) {
            throw new CommandFailure(ExitCode.USAGE, "no route is for environment \"" + environment
                    + "\"; there are routes for " + String.join(", ", environments));
        }
        return environment;
    }

    private static void print(RedundancyReport report, Places places, PrintStream out) {
        Rows routes = new Rows("route", "pool", "tenant", "deployments", "fallbacks", "vendors", "regions",
                "worst_loss", "left");
        for (RouteRedundancy route : report.routes()) {
            routes.add(route.route(), route.pool().value(), route.tenant().orElse("-"), route.deployments().size(),
                    route.fallbacks().size(), route.vendors().size(), route.regions().size(),
                    route.worst().map(RouteRedundancy.Loss::domain).orElse("-"),
                    route.worst().map(loss -> percent(loss.share())).orElse("-"));
        }
        routes.print(Rows.Form.TABLE, out);
        out.println();
        for (RedundancyFinding finding : report.findings()) {
            out.println(finding.severity().label().toUpperCase(Locale.ROOT) + " " + finding.weakness().label() + "  "
                    + places.of(finding.path()) + "  " + finding.spokenPath());
            out.println("  " + finding.message());
            out.println("  cure: " + finding.cure());
        }
        long critical = report.findings().stream().filter(f -> f.severity() == Severity.CRITICAL).count();
        out.println(report.findings().isEmpty()
                ? "no weakness found"
                : critical + " critical, " + (report.findings().size() - critical) + " warnings");
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f%%", Math.floor(share * 100));
    }

    private static Map<String, Object> document(RedundancyReport report, Places places) {
        List<Object> findings = new ArrayList<>();
        for (RedundancyFinding finding : report.findings()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("severity", finding.severity().label());
            entry.put("weakness", finding.weakness().label());
            entry.put("place", places.of(finding.path()));
            entry.put("path", finding.spokenPath());
            entry.put("message", finding.message());
            entry.put("cure", finding.cure());
            findings.add(entry);
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("findings", findings);
        document.put("routes", report.routes().stream().map(RedundancyCommand::route).toList());
        return document;
    }

    private static Map<String, Object> route(RouteRedundancy route) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("route", route.route());
        entry.put("pool", route.pool().value());
        route.tenant().ifPresent(tenant -> entry.put("tenant", tenant));
        entry.put("deployments", texts(route.deployments()));
        entry.put("fallbacks", texts(route.fallbacks()));
        entry.put("vendors", texts(route.vendors()));
        entry.put("regions", texts(route.regions()));
        entry.put("accounts", texts(route.accounts()));
        entry.put("credentials", texts(route.credentials()));
        entry.put("failure_domains", texts(route.failureDomains()));
        entry.put("capacity", capacity(route.capacity()));
        route.worst().ifPresent(loss -> {
            Map<String, Object> worst = new LinkedHashMap<>();
            worst.put("domain", loss.domain());
            worst.put("left_share", loss.share());
            worst.put("left", capacity(loss.left()));
            entry.put("worst_loss", worst);
        });
        return entry;
    }

    private static List<String> texts(Collection<?> values) {
        return values.stream().map(Object::toString).toList();
    }

    /** Without what is not known. */
    private static Map<String, Object> capacity(Capacity capacity) {
        Map<String, Object> entry = new LinkedHashMap<>();
        put(entry, "concurrency", capacity.concurrency());
        put(entry, "requests_per_minute", capacity.requestsPerMinute());
        put(entry, "input_tokens_per_minute", capacity.inputTokensPerMinute());
        put(entry, "output_tokens_per_minute", capacity.outputTokensPerMinute());
        return entry;
    }

    private static void put(Map<String, Object> entry, String name, OptionalDouble value) {
        value.ifPresent(known -> entry.put(name, known));
    }
}
