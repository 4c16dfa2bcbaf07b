package dev.signalbox.cli.whatif;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.cli.InstallationOptions;
import dev.signalbox.cli.Rows;
import dev.signalbox.cli.Shell;
import dev.signalbox.config.Configuration;
import dev.signalbox.schemas.PoolName;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** What a load would see by a configuration, with outages, without any Kafka or vendor. */
@Command(name = "what-if", description = "Tells what each pool, tenant and deployment would see of a load by a configuration, with outages, on a virtual clock: no Kafka, no vendor, seconds for hours.", footer = {
        "", "Examples:",
        "  signalbox what-if --config FILE --load rate=20/s,for=10m,model=gpt-4.1 --outage openai,from=2m,for=5m --out report",
        "  signalbox what-if --config FILE --load trace.csv,speed=10,model=gpt-4.1,use_case=support,priority=interactive",
        "", "Exit codes: 0 told, 2 bad input."})
public final class WhatIfCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Option(names = "--load", paramLabel = "SPEC", required = true, description = "Requests: FILE.csv[,speed=N] or rate=20/s,for=10m,input=500,output=200,tenants=5; each also from=, model=, use_case=, tenant=, priority=, ttl=. May be repeated.")
    private List<String> loads = List.of();

    @Option(names = "--outage", paramLabel = "SPEC", description = "Trouble: VENDOR|VENDOR.REGION|DEPLOYMENT[,from=1m,for=5m,part=1,ramp=0,fails=status|timeout|rate|slow,factor=5], or on=…,file=FILE.json,incident=ID[,speed=N]. May be repeated.")
    private List<String> outages = List.of();

    @Option(names = "--speed", paramLabel = "SPEC", description = "How fast a deployment or vendor is: NAME,first_token=400ms,tokens_per_second=60,spread=0.3 (medians; spread of their logarithms). May be repeated.")
    private List<String> speeds = List.of();

    @Option(names = "--workers", paramLabel = "N|POOL=N", split = ",", defaultValue = "1", description = "How many workers serve a pool; a number alone: those that no other entry names. Default ${DEFAULT-VALUE}.")
    private List<String> workers = List.of("1");

    @Option(names = "--drain", paramLabel = "DURATION", defaultValue = "1h", description = "How long after the last arrival it goes on at most; default ${DEFAULT-VALUE}.")
    private Duration drain = Duration.ofHours(1);

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Of all chance; the same seed, the same report. Default ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(names = "--out", paramLabel = "FOLDER", description = "Also writes report.md there, with plots (SVG) and their curves (CSV).")
    private @Nullable Path out;

    @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.")
    private Rows.Form form = Rows.Form.TABLE;

    @Mixin
    private InstallationOptions with = new InstallationOptions();

    @Override
    public Integer call() throws IOException {
        Configuration configuration = with.inForce(shell.terminal());
        List<LoadRequest> load = Load.of(configuration, loads, seed);
        if (load.isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE, "--load: there is no request in it");
        }
        List<Outage> trouble = outages.stream().map(spec -> Outage.of(configuration, spec)).toList();
        Map<PoolName, Integer> byPool = new LinkedHashMap<>();
        int others = 1;
        for (String each : workers) {
            int equals = each.indexOf('=');
            int count = count(each.substring(equals + 1));
            if (equals < 0) {
                others = count;
            } else {
                byPool.put(pool(configuration, each.substring(0, equals)), count);
            }
        }
        LocalDate day = LocalDate.ofInstant(Instant.now(), ZoneOffset.UTC);
        Vendors vendors = new Vendors(configuration, speeds, trouble, new SplittableRandom(seed));
        WhatIf.Outcome outcome = new WhatIf(configuration, load, vendors, byPool, others, seed, day).run(drain);
        Report report = new Report(configuration, outcome, trouble, notes(load.size(), outcome, trouble));
        report.print(form, shell.terminal().out());
        if (out != null) {
            report.write(out);
            shell.terminal().say("written: " + out.resolve("report.md"));
        }
        return ExitCode.OK.number();
    }

    private static int count(String text) {
        try {
            int count = Integer.parseInt(text);
            if (count >= 1 && count <= 1_000) {
                return count;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new CommandFailure(ExitCode.USAGE, "--workers: \"" + text + "\" is no number from 1 to 1000");
    }

    private static PoolName pool(Configuration configuration, String name) {
        return configuration.pools().stream().map(pool -> pool.name()).filter(pool -> pool.value().equals(name))
                .findFirst()
                .orElseThrow(() -> new CommandFailure(ExitCode.USAGE, "--workers: there is no pool \"" + name
                        + "\"; there are " + String.join(", ",
                                configuration.pools().stream().map(pool -> pool.name().value()).toList())));
    }

    private List<String> notes(int requests, WhatIf.Outcome outcome, List<Outage> trouble) {
        List<String> notes = new ArrayList<>();
        notes.add(String.format(Locale.ROOT, "%d requests in %s, ended after %s%s; seed %d", requests,
                seconds(outcome.lengthNanos()), seconds(outcome.endNanos()),
                outcome.open() == 0 ? "" : ", " + outcome.open() + " of them still open", seed));
        trouble.forEach(each -> notes.add(String.format(Locale.ROOT,
                "%s: %s of %.0f %% of calls, %s to %s, at %d deployments",
                each.what(), each.kind().name().toLowerCase(Locale.ROOT), 100 * each.part(), seconds(each.fromNanos()),
                seconds(each.untilNanos()), each.deployments().size())));
        return notes;
    }

    private static String seconds(long nanos) {
        return Duration.ofSeconds(Math.round(nanos / 1e9)).toString().substring(2).toLowerCase(Locale.ROOT);
    }
}
