package dev.signalbox.cli;

import dev.signalbox.cli.PoolState.Given;
import dev.signalbox.config.Tenant;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows what tenants use, and limits one for a while. */
@Command(name = "tenants", description = "Shows which tenants use most, and limits one for a while.")
final class TenantsCommand implements Runnable {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    /** Limits of each pool, over all workers. */
    static final class Limits {
        @Option(names = "--concurrency", paramLabel = "CALLS", description = "Calls at once.")
        private @Nullable Integer concurrency;

        @Option(names = "--requests-per-minute", paramLabel = "REQUESTS", description = "Requests begun in any 60 s.")
        private @Nullable Integer requestsPerMinute;

        @Option(names = "--tokens-per-minute", paramLabel = "TOKENS", description = "Input and output tokens in any 60 s.")
        private @Nullable Integer tokensPerMinute;

        private void check() {
            if (concurrency == null && requestsPerMinute == null && tokensPerMinute == null) {
                throw new CommandFailure(ExitCode.USAGE,
                        "limit what? --concurrency, --requests-per-minute or --tokens-per-minute");
            }
            for (Integer limit : new Integer[]{concurrency, requestsPerMinute, tokensPerMinute}) {
                if (limit != null && limit < 1) {
                    throw new CommandFailure(ExitCode.USAGE,
                            "a limit is at least 1; to stop requests of a tenant, cancel them");
                }
            }
        }

        private List<String> changes(Tenant.Limits configured, Optional<ControlOrder> ordered) {
            List<String> changes = new ArrayList<>();
            change(changes, "calls at once", configured.concurrency(), ordered.map(ControlOrder::getConcurrency),
                    concurrency);
            change(changes, "requests per minute", configured.requestsPerMinute(),
                    ordered.map(ControlOrder::getRequestsPerMinute), requestsPerMinute);
            change(changes, "tokens per minute", configured.tokensPerMinute(),
                    ordered.map(ControlOrder::getTokensPerMinute), tokensPerMinute);
            return changes;
        }

        private static void change(List<String> changes, String what, OptionalInt configured,
                Optional<Integer> ordered, @Nullable Integer wanted) {
            String usual = configured.isPresent() ? Integer.toString(configured.getAsInt()) : "no limit";
            String now = ordered.map(String::valueOf).orElse(usual);
            String then = wanted == null ? usual : wanted.toString();
            if (!now.equals(then)) {
                changes.add(what + " " + now + " -> " + then);
            }
        }
    }

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "tenants: top, limit, restore or history?");
        }
    }

    @Command(name = "top", description = "Who uses most, by tokens of the last minute; what waits is what workers hold, what is only in Kafka is not in it.")
    int top(@Mixin InstallationOptions with,
            @Option(names = "--most", paramLabel = "ROWS", defaultValue = "20", description = "So many rows; default ${DEFAULT-VALUE}.") int most,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        TenantsState state = TenantsState.read(with.reachable());
        Rows rows = new Rows("tenant", "pool", "priority", "tokens_in_minute", "calls_in_minute", "calls_now",
                "waiting", "workers", "diverted_since", "limited", "left_seconds", "who", "why");
        state.uses().stream().limit(most).forEach(use -> {
            Optional<Given> order = state.order(use.tenant());
            rows.add(use.tenant(), use.pool(), use.priority(), use.tokens(), use.calls(), use.callsNow(),
                    use.waiting(), use.workers(), divertedSince(use),
                    order.map(given -> inWords(given.order())).orElse("-"),
                    Orders.left(state.nowMillis(), order), order.map(given -> given.order().getWho()).orElse("-"),
                    order.map(given -> given.order().getWhy()).orElse("-"));
        });
        rows.print(form, shell.terminal().out());
        if (state.uses().isEmpty()) {
            shell.terminal().say("no tenant used anything in the last minute, or no dispatcher tells of it");
        }
        return ExitCode.OK.number();
    }

    private static String divertedSince(TenantsState.Use use) {
        return use.divertedSince().isEmpty() ? "-" : Instant.ofEpochMilli(use.divertedSince().getAsLong()).toString();
    }

    @Command(name = "limit", description = "A tenant has these limits for a while, in each pool and over all workers, in the place of the configured ones.", footer = {
            "", "Exit codes: 0 ordered, 2 bad input, 3 only a preview: nothing was ordered without --execute."})
    int limit(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "TENANT", description = "Its name, as requests have it.") String name,
            @Mixin Limits limits,
            @Option(names = "--for", required = true, paramLabel = "DURATION", description = "When it ends by itself; at most 6d.") Duration duration,
            @Mixin Reason reason,
            @Option(names = "--execute", description = "Order it; without it, only what would change is shown.") boolean execute)
            throws InterruptedException {
        limits.check();
        Orders.bounded(duration, "set tenants." + name + ".limits in the configuration");
        Tenant configured = with.inForce(shell.terminal()).tenant(name);
        Clients clients = with.reachable();
        TenantsState state = TenantsState.read(clients);
        List<String> changes = limits.changes(configured.limits(), state.order(name).map(Given::order));
        shell.terminal().say(name + ": " + (changes.isEmpty() ? "nothing changes" : String.join(", ", changes)));
        state.of(name).forEach(use -> shell.terminal().say("now in " + use.pool() + "." + use.priority() + ": "
                + use.callsNow() + " calls at once; in the last minute " + use.calls() + " calls, " + use.tokens()
                + " tokens; " + use.waiting() + " wait"));
        if (state.of(name).isEmpty()) {
            shell.terminal().say("nobody tells that " + name + " used anything in the last minute");
        }
        if (!execute) {
            return Orders.preview(shell.terminal());
        }
        ControlOrder order = Orders.order(ControlAction.LIMIT, duration, reason).setTenant(name)
                .setConcurrency(limits.concurrency).setRequestsPerMinute(limits.requestsPerMinute)
                .setTokensPerMinute(limits.tokensPerMinute).build();
        long at = OperatorRecords.write(clients, Topics.CONTROL, ControlKey.ofTenant(name), order);
        shell.terminal().out()
                .println(name + " limited to " + inWords(order) + Orders.until(at, duration, reason));
        return ExitCode.OK.number();
    }

    @Command(name = "restore", description = "Ends what was ordered about a tenant: it has its configured limits again.", footer = {
            "", "Exit codes: 0 ordered, 2 bad input, 3 only a preview: nothing was ordered without --execute."})
    int restore(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "TENANT", description = "Its name.") String name, @Mixin Reason reason,
            @Option(names = "--execute", description = "Order it; without it, only what would change is shown.") boolean execute)
            throws InterruptedException {
        Tenant configured = with.inForce(shell.terminal()).tenant(name);
        Clients clients = with.reachable();
        Optional<Given> order = TenantsState.read(clients).order(name);
        if (order.isEmpty()) {
            shell.terminal().say(name + " is under no order");
        }
        order.ifPresent(given -> {
            List<String> changes = new Limits().changes(configured.limits(), Optional.of(given.order()));
            shell.terminal().say(Orders.wouldEnd(given) + "; "
                    + (changes.isEmpty() ? "nothing changes" : String.join(", ", changes)));
        });
        if (!execute) {
            return Orders.preview(shell.terminal());
        }
        OperatorRecords.write(clients, Topics.CONTROL, ControlKey.ofTenant(name),
                Orders.order(ControlAction.RESTORE, Duration.ZERO, reason).setTenant(name).build());
        shell.terminal().out().println(name + " restored by " + reason.who() + ": " + reason.why());
        return ExitCode.OK.number();
    }

    @Command(name = "history", description = "What operators ordered about tenants in the last 7 days, the oldest first.")
    int history(@Mixin InstallationOptions with,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        Rows rows = new Rows("at", "tenant", "action", "limits", "until", "who", "why");
        TenantsState.read(with.reachable()).orders().forEach(given -> {
            boolean over = given.order().getAction() == ControlAction.RESTORE;
            rows.add(Instant.ofEpochMilli(given.atMillis()), given.about(), given.order().getAction(),
                    inWords(given.order()), over ? "-" : Instant.ofEpochMilli(given.untilMillis()).toString(),
                    given.order().getWho(), given.order().getWhy());
        });
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    private static String inWords(ControlOrder order) {
        List<String> words = new ArrayList<>();
        add(words, order.getConcurrency(), " calls at once");
        add(words, order.getRequestsPerMinute(), " requests per minute");
        add(words, order.getTokensPerMinute(), " tokens per minute");
        return words.isEmpty() ? "-" : String.join(", ", words);
    }

    private static void add(List<String> words, @Nullable Integer limit, String unit) {
        if (limit != null) {
            words.add(limit + unit);
        }
    }
}
