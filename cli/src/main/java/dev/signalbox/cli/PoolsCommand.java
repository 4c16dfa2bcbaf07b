package dev.signalbox.cli;

import dev.signalbox.cli.PoolState.Given;
import dev.signalbox.cli.batch.DidYouMean;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Pool;
import dev.signalbox.config.PoolParts;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows the pools with their workers and capacity, and moves workers between them for a while. */
@Command(name = "pools", description = "Shows pools, their workers and capacity; moves workers between them, or drains a pool, for a while.")
final class PoolsCommand implements Runnable {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(),
                    "pools: list, describe, capacity, history, move, resize, drain or restore?");
        }
    }

    @Command(name = "list", description = "Each pool, the highest rank first, with how many workers serve it and what an operator ordered.")
    int list(@Mixin InstallationOptions with,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        Configuration configuration = with.inForce(shell.terminal());
        PoolState state = PoolState.read(with.reachable(), configuration);
        Rows rows = new Rows("pool", "use_cases", "priorities", "borrows_from", "lends", "workers", "partitions",
                "order", "order_left_seconds", "who", "why");
        for (Pool pool : configuration.pools()) {
            Map<String, PoolState.Member> members = state.members().getOrDefault(pool.name(), Map.of());
            Optional<Given> order = state.ofPool(pool.name().value());
            rows.add(pool.name().value(), words(pool.useCases()),
                    words(pool.priorities().keySet().stream().sorted().map(Priority::label).toList()),
                    words(pool.borrowsFrom().stream().map(PoolName::value).toList()),
                    pool.lendsIdle() ? "idle" : "-", members.size(),
                    members.values().stream().mapToInt(PoolState.Member::partitions).sum(),
                    order.map(given -> given.order().getAction().name()).orElse("-"),
                    Orders.left(state.nowMillis(), order),
                    order.map(given -> given.order().getWho()).orElse("-"),
                    order.map(given -> given.order().getWhy()).orElse("-"));
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    @Command(name = "describe", description = "The workers of a pool, what else they serve, what they borrow and of whom, of which limits less is granted since the vendor refused calls, and what an operator ordered about them.")
    int describe(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "POOL", description = "Such as conversation-serving.") String name,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        Configuration configuration = with.inForce(shell.terminal());
        Pool pool = pool(name, configuration);
        PoolState state = PoolState.read(with.reachable(), configuration);
        Collection<CapacityGrant> grants = LatestRecords
                .read(with.reachable(), Topics.CAPACITY_GRANTS, CapacityGrant.class).values();
        Map<String, String> borrowed = Borrowed.byWorker(grants, pool.name());
        Map<String, String> lowered = LoweredLimits.byWorker(grants, pool.name());
        Rows rows = new Rows("worker", "host", "partitions", "serves", "borrows", "lowered_limits", "order",
                "order_left_seconds", "who", "why");
        state.members().getOrDefault(pool.name(), Map.of()).values().forEach(member -> {
            Optional<Given> order = state.ofWorker(member.worker());
            rows.add(member.worker(), member.host(), member.partitions(), words(state.pools(member.worker())),
                    borrowed.getOrDefault(member.worker(), "-"), lowered.getOrDefault(member.worker(), "-"),
                    order.map(given -> given.order().getAction() + " to " + words(given.order().getPools()))
                            .orElse("-"),
                    Orders.left(state.nowMillis(), order), order.map(given -> given.order().getWho()).orElse("-"),
                    order.map(given -> given.order().getWhy()).orElse("-"));
        });
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    @Command(name = "capacity", description = "The pools' own parts of each deployment's limits, by configuration; what is borrowed comes on top.")
    int capacity(@Mixin InstallationOptions with,
            @Parameters(arity = "0..1", paramLabel = "POOL", description = "Only of that pool.") @Nullable String name,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form) {
        Configuration configuration = with.inForce(shell.terminal());
        Optional<Pool> only = Optional.ofNullable(name).map(named -> pool(named, configuration));
        Rows rows = new Rows("pool", "deployment", "part", "concurrency", "requests_per_minute",
                "input_tokens_per_minute", "output_tokens_per_minute");
        for (Pool pool : configuration.pools()) {
            if (only.filter(wanted -> !wanted.name().equals(pool.name())).isPresent()) {
                continue;
            }
            for (Deployment deployment : new TreeMap<>(configuration.deployments()).values()) {
                Map<PoolName, Double> parts = deployment.poolShares();
                Deployment.Limits limits = parts.isEmpty()
                        ? deployment.limits()
                        : PoolParts.of(deployment.limits(), parts).get(pool.name());
                if (limits != null) {
                    rows.add(pool.name().value(), deployment.name(), parts.isEmpty()
                            ? "shared"
                            : Math.round(parts.getOrDefault(pool.name(), 0.0) * 1_000) / 10.0 + "%",
                            number(limits.concurrency()), number(limits.requestsPerMinute()),
                            number(limits.inputTokensPerMinute()), number(limits.outputTokensPerMinute()));
                }
            }
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    @Command(name = "history", description = "What operators ordered about pools and workers, and who put which configuration in force, in the last 7 days, the oldest first.")
    int history(@Mixin InstallationOptions with,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        PoolState state = PoolState.read(with.reachable(), with.inForce(shell.terminal()));
        Rows rows = new Rows("at", "about", "action", "pools", "generation", "until", "who", "why");
        state.orders().forEach(given -> rows.add(Instant.ofEpochMilli(given.atMillis()), given.about(),
                given.order().getAction(), words(given.order().getPools()),
                Optional.ofNullable(given.order().getGeneration()).map(String::valueOf).orElse("-"),
                given.isConfiguration() || given.order().getAction() == ControlAction.RESTORE
                        ? "-"
                        : Instant.ofEpochMilli(given.untilMillis()).toString(),
                given.order().getWho(), given.order().getWhy()));
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    @Command(name = "move", description = "Workers serve other pools for a while: what they run of the old ones ends first, nothing is lost or repeated.", footer = {
            "", "Exit codes: 0 ordered, 2 bad input, 3 only a preview: nothing was ordered without --execute."})
    int move(@Mixin InstallationOptions with,
            @Parameters(arity = "1..*", paramLabel = "WORKER", description = "As pools describe names it.") List<String> workers,
            @Option(names = "--to", required = true, split = ",", paramLabel = "POOL", description = "Which pool it is to serve, and no other; several with commas.") List<String> to,
            @Option(names = "--for", required = true, paramLabel = "DURATION", description = "When it ends by itself; at most 6d.") Duration duration,
            @Mixin Reason reason,
            @Option(names = "--execute", description = "Order it; without it, only what would change is shown.") boolean execute)
            throws InterruptedException {
        Orders.bounded(duration, "start the worker with other --pool options");
        Configuration configuration = with.inForce(shell.terminal());
        Set<String> pools = new LinkedHashSet<>();
        to.forEach(name -> pools.add(pool(name, configuration).name().value()));
        Clients clients = with.reachable();
        PoolState state = PoolState.read(clients, configuration);
        Set<String> moved = new LinkedHashSet<>();
        workers.forEach(name -> moved.add(worker(name, state)));
        moved.forEach(worker -> shell.terminal().say(worker + ": serves " + words(state.pools(worker)) + " -> "
                + words(pools)));
        for (Pool pool : configuration.pools()) {
            Set<String> now = state.members().getOrDefault(pool.name(), Map.of()).keySet();
            Set<String> then = new TreeSet<>(now);
            if (pools.contains(pool.name().value())) {
                then.addAll(moved);
            } else {
                then.removeAll(moved);
            }
            if (then.size() != now.size()) {
                shell.terminal().say("pool " + pool.name().value() + ": " + now.size() + " workers -> " + then.size()
                        + (then.isEmpty() ? "; nobody would serve its requests, which would wait" : ""));
            }
        }
        if (!execute) {
            return Orders.preview(shell.terminal());
        }
        for (String worker : moved) {
            long at = OperatorRecords.write(clients, Topics.CONTROL, ControlKey.ofWorker(worker),
                    Orders.order(ControlAction.MOVE, duration, reason).setWorker(worker).setPools(List.copyOf(pools))
                            .build());
            shell.terminal().out().println(worker + " moved to " + words(pools) + Orders.until(at, duration, reason));
        }
        return ExitCode.OK.number();
    }

    @Command(name = "resize", description = "Other parts of deployments, or another reserve, for a pool, in the configuration in force; without --execute only shows what would change. To undo it: config rollback.")
    int resize(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "POOL", description = "Such as conversation-serving.") String name,
            @Option(names = "--part", paramLabel = "DEPLOYMENT=SHARE", description = "Its part of that deployment, such as sim.a/m=40%%; the other pools that have one give up, or gain, in proportion. May be repeated.") @Nullable Map<String, String> parts,
            @Option(names = "--exclusive", paramLabel = "DEPLOYMENT", description = "It has all of that deployment, the others nothing. May be repeated.") @Nullable List<String> exclusive,
            @Option(names = "--reserve", paramLabel = "SHARE", description = "Part of its capacity that it never lends, such as 20%%.") @Nullable String reserve,
            @Mixin ConfigCommand.Execution execution) throws InterruptedException {
        execution.check();
        if (parts == null && exclusive == null && reserve == null) {
            throw new CommandFailure(ExitCode.USAGE, "what is to change? --part, --exclusive or --reserve");
        }
        Clients clients = with.reachable();
        ConfigurationLog log = ConfigurationHistory.read(clients);
        Configuration configuration = ConfigurationChange.configuration(log);
        PoolResize resize = new PoolResize(configuration, pool(name, configuration), ConfigurationChange.text(log));
        Optional.ofNullable(parts).orElse(Map.of()).forEach(resize::part);
        Optional.ofNullable(exclusive).orElse(List.of()).forEach(resize::exclusive);
        Optional.ofNullable(reserve).ifPresent(resize::reserve);
        resize.preview().forEach(shell.terminal().out()::println);
        return new ConfigurationChange(clients, log, new PoolName(name), resize.text()).carryOut(execution,
                shell.terminal());
    }

    @Command(name = "drain", description = "No worker takes any request of that pool for a while: they wait in Kafka; what runs ends.", footer = {
            "", "Exit codes: 0 ordered, 2 bad input, 3 only a preview: nothing was ordered without --execute."})
    int drain(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "POOL", description = "Such as everything-else.") String name,
            @Option(names = "--for", required = true, paramLabel = "DURATION", description = "When it ends by itself; at most 6d.") Duration duration,
            @Mixin Reason reason,
            @Option(names = "--execute", description = "Order it; without it, only what would change is shown.") boolean execute)
            throws InterruptedException {
        Orders.bounded(duration, "start the worker with other --pool options");
        Configuration configuration = with.inForce(shell.terminal());
        Pool pool = pool(name, configuration);
        Clients clients = with.reachable();
        PoolState state = PoolState.read(clients, configuration);
        shell.terminal().say("pool " + name + ": "
                + state.members().getOrDefault(pool.name(), Map.of()).size()
                + " workers -> 0; its requests would wait, those whose time to live ends meanwhile expire");
        if (!execute) {
            return Orders.preview(shell.terminal());
        }
        long at = OperatorRecords.write(clients, Topics.CONTROL, ControlKey.of(pool.name()),
                Orders.order(ControlAction.DRAIN, duration, reason).setPool(name).build());
        shell.terminal().out().println(name + " drained" + Orders.until(at, duration, reason));
        return ExitCode.OK.number();
    }

    @Command(name = "restore", description = "Ends what was ordered about a worker or a pool.", footer = {"",
            "Exit codes: 0 ordered, 2 bad input, 3 only a preview: nothing was ordered without --execute."})
    int restore(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "NAME", description = "Of a worker or a pool.") String name,
            @Mixin Reason reason,
            @Option(names = "--execute", description = "Order it; without it, only what would change is shown.") boolean execute)
            throws InterruptedException {
        Configuration configuration = with.inForce(shell.terminal());
        Clients clients = with.reachable();
        PoolState state = PoolState.read(clients, configuration);
        boolean isPool = configuration.pools().stream().anyMatch(pool -> pool.name().value().equals(name));
        Optional<Given> holds = isPool ? state.ofPool(name) : state.ofWorker(name);
        if (holds.isEmpty()) {
            if (!isPool) {
                worker(name, state);
            }
            shell.terminal().say(name + " is under no order");
        }
        holds.ifPresent(given -> shell.terminal().say(Orders.wouldEnd(given) + (isPool
                ? "; workers take its requests again"
                : "; serves " + words(state.pools(name)) + " -> the pools that it was started with")));
        if (!execute) {
            return Orders.preview(shell.terminal());
        }
        ControlOrder.Builder order = Orders.order(ControlAction.RESTORE, Duration.ZERO, reason);
        OperatorRecords.write(clients, Topics.CONTROL,
                isPool ? ControlKey.of(new PoolName(name)) : ControlKey.ofWorker(name),
                (isPool ? order.setPool(name) : order.setWorker(name)).build());
        shell.terminal().out().println(name + " restored by " + reason.who() + ": " + reason.why());
        return ExitCode.OK.number();
    }

    static Pool pool(String name, Configuration configuration) {
        return configuration.pools().stream().filter(pool -> pool.name().value().equals(name)).findFirst()
                .orElseThrow(() -> new CommandFailure(ExitCode.USAGE, "no pool is called \"" + name + "\""
                        + DidYouMean.hint(name,
                                configuration.pools().stream().map(pool -> pool.name().value()).toList())));
    }

    private static String worker(String name, PoolState state) {
        if (!state.workers().contains(name)) {
            throw new CommandFailure(ExitCode.USAGE, "no worker that serves a pool is called \"" + name + "\""
                    + DidYouMean.hint(name, List.copyOf(state.workers()))
                    + "; pools describe POOL lists them");
        }
        return name;
    }

    private static String words(Collection<String> names) {
        return names.isEmpty() ? "-" : names.stream().collect(Collectors.joining(", "));
    }

    private static String number(OptionalInt limit) {
        return limit.isPresent() ? Integer.toString(limit.getAsInt()) : "-";
    }
}
