package dev.signalbox.cli;

import dev.signalbox.cli.ConfigCommand.Execution;
import dev.signalbox.cli.edit.YamlEdit;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.schemas.Priority;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** How each pool's priorities share its workers: shown, and changed in the configuration in force. */
@Command(name = "priorities", description = "Shows and changes the weights and floors of the pools' priorities.")
final class PrioritiesCommand implements Runnable {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "priorities: list or set?");
        }
    }

    @Command(name = "list", description = "Each pool's priorities, the most urgent first, with weight, floor, and the part by weight when all have work.")
    int list(@Mixin InstallationOptions with,
            @Parameters(arity = "0..1", paramLabel = "POOL", description = "Only of that pool.") @Nullable String name,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form) {
        Configuration configuration = with.inForce(shell.terminal());
        Optional<Pool> only = Optional.ofNullable(name).map(named -> PoolsCommand.pool(named, configuration));
        Rows rows = new Rows("pool", "priority", "weight", "floor", "part_by_weight");
        for (Pool pool : only.map(List::of).orElse(configuration.pools())) {
            double all = pool.priorities().values().stream().mapToDouble(PriorityShare::weight).sum();
            pool.priorities().entrySet().stream().sorted(Map.Entry.comparingByKey()).forEach(each -> rows.add(
                    pool.name().value(), each.getKey().label(), PriorityParts.number(each.getValue().weight()),
                    PriorityParts.percent(each.getValue().floor()),
                    PriorityParts.percent(each.getValue().weight() / all)));
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    @Command(name = "set", description = "Changes a priority's weight or floor in the configuration in force; without --execute only shows what would change. To undo it: config rollback.")
    int set(@Mixin InstallationOptions with,
            @Parameters(index = "0", paramLabel = "POOL", description = "Such as everything-else.") String name,
            @Parameters(index = "1", paramLabel = "PRIORITY", description = "One that the pool has.") Priority priority,
            @Option(names = "--weight", paramLabel = "NUMBER", description = "Part of the work when all priorities have work, relative to the others; at most 1000.") @Nullable Double weight,
            @Option(names = "--floor", paramLabel = "SHARE", description = "Part of the pool's calls at once that it may always have, such as 10%%.") @Nullable String floor,
            @Mixin Execution execution) throws InterruptedException {
        execution.check();
        if (weight == null && floor == null) {
            throw new CommandFailure(ExitCode.USAGE, "what is to change? --weight or --floor");
        }
        Clients clients = with.reachable();
        ConfigurationLog log = ConfigurationHistory.read(clients);
        Configuration configuration = ConfigurationChange.configuration(log);
        Pool pool = PoolsCommand.pool(name, configuration);
        if (!pool.priorities().containsKey(priority)) {
            throw new CommandFailure(ExitCode.USAGE, "pool " + name + " has no priority " + priority.label()
                    + "; it has " + labels(pool, ", "));
        }
        String text = withMap(ConfigurationChange.text(log), pool);
        List<String> at = List.of("pools", name, "priorities", priority.label());
        if (weight != null) {
            text = YamlEdit.set(text, plus(at, "weight"), PriorityParts.number(weight));
        }
        if (floor != null) {
            PoolResize.share("--floor " + floor, floor);
            text = YamlEdit.set(text, plus(at, "floor"), floor);
        }
        ConfigurationChange change = new ConfigurationChange(clients, log, pool.name(), text);
        PriorityParts.preview(pool, PoolsCommand.pool(name, change.newer())).forEach(shell.terminal().out()::println);
        return change.carryOut(execution, shell.terminal());
    }

    /** The same with the pool's priorities as a map, into which weights and floors go. */
    private static String withMap(String text, Pool pool) {
        List<String> at = List.of("pools", pool.name().value(), "priorities");
        List<String> listed = YamlEdit.list(text, at);
        boolean isMap = listed.isEmpty() && YamlEdit.has(text, at);
        return isMap
                ? text
                : YamlEdit.set(text, at, "{ " + (listed.isEmpty()
                        ? labels(pool, ": {}, ")
                        : String.join(": {}, ", listed)) + ": {} }");
    }

    private static String labels(Pool pool, String between) {
        return pool.priorities().keySet().stream().sorted(Comparator.naturalOrder()).map(Priority::label)
                .collect(Collectors.joining(between));
    }

    private static List<String> plus(List<String> path, String key) {
        return Stream.concat(path.stream(), Stream.of(key)).toList();
    }
}
