package dev.signalbox.cli;

import dev.signalbox.config.Budget;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Units;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.config.live.BudgetLimits;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What use cases, tenants and departments may spend, and have spent. */
@Command(name = "budgets", description = "Shows budgets with what is spent of them, and sets one without a change of the configuration.")
final class BudgetsCommand implements Runnable {
    private static final String PER = "day or month, in UTC; default ${DEFAULT-VALUE}.";

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "budgets: show, set or unset?");
        }
    }

    @Command(name = "show", description = "All budgets, and what is spent of each in its current period. Reservations of requests under way are not in it.")
    int show(@Mixin InstallationOptions options,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        Configuration configuration = options.inForce(shell.terminal());
        Clients clients = options.reachable();
        Map<BudgetKey, Budget> budgets = new TreeMap<>(Comparator.<BudgetKey, Budget.Scope>comparing(BudgetKey::scope)
                .thenComparing(BudgetKey::name).thenComparing(BudgetKey::period));
        configuration.budgets().forEach(budget -> budgets.put(BudgetKey.of(budget), budget));
        Map<BudgetKey, String> set = new HashMap<>();
        Map<String, BudgetRecord> spent = read(clients, budgets, set);
        long now = System.currentTimeMillis();
        Rows rows = new Rows("budget", "per", "amount", "spent", "used", "calls", "unpriced_calls", "on_soft",
                "on_hard",
                "until", "source");
        budgets.forEach((key, budget) -> {
            BudgetRecord sum = spent.get(key.spentKey(now));
            BigDecimal amount = sum == null || sum.getSpent() == null ? BigDecimal.ZERO : sum.getSpent();
            rows.add(key.spender(), key.period().label(), UsageCells.money(budget.amount()), UsageCells.money(amount),
                    amount.movePointRight(2).divide(budget.amount(), 1, RoundingMode.DOWN).toPlainString() + "%",
                    sum == null ? 0L : sum.getCalls(), sum == null ? 0L : sum.getUnpriced(),
                    budget.onSoft().label() + " at " + Math.round(budget.softShare() * 100) + "%",
                    budget.onHard().label(), Instant.ofEpochMilli(BudgetKey.endMillis(key.period(), now)).toString(),
                    set.getOrDefault(key, "configuration"));
        });
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    /** Adds to the budgets those that operators set. */
    private static Map<String, BudgetRecord> read(Clients clients, Map<BudgetKey, Budget> budgets,
            Map<BudgetKey, String> set) {
        AvroDeserializer<BudgetRecord> values = new AvroDeserializer<>(BudgetRecord.class,
                SchemaRegistryClient.of(clients.registryProperties()));
        Map<String, BudgetRecord> latest = new HashMap<>();
        try (TopicScan scan = TopicScan.ofCommitted(clients)) {
            scan.read(scan.starts(List.of(Topics.BUDGETS), 0), record -> {
                if (record.value() == null) {
                    latest.remove(record.key());
                } else {
                    latest.put(record.key(), values.deserialize(Topics.BUDGETS, record.value()));
                }
            });
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
        latest.forEach((text, record) -> BudgetKey.limit(text.getBytes(StandardCharsets.UTF_8))
                .ifPresent(key -> BudgetLimits.budget(key, record).ifPresent(budget -> {
                    budgets.put(key, budget);
                    set.put(key, "set by " + record.getWho() + ": " + record.getWhy());
                })));
        return latest;
    }

    @Command(name = "set", description = "Sets a budget in the place of the configuration's, effective in the fleet within about a second and until it is unset.")
    int set(@Mixin InstallationOptions options,
            @Parameters(index = "0", paramLabel = "SCOPE", description = "use_case, tenant or department.") String scope,
            @Parameters(index = "1", paramLabel = "NAME", description = "Which one.") String name,
            @Option(names = "--amount", paramLabel = "AMOUNT", required = true, description = "The hard limit per period, in the currency of the prices.") BigDecimal amount,
            @Option(names = "--per", paramLabel = "PERIOD", defaultValue = "month", description = PER) String per,
            @Option(names = "--soft", paramLabel = "SHARE", defaultValue = "80%", description = "Part of the amount at which the soft limit is; default ${DEFAULT-VALUE}.") String soft,
            @Option(names = "--on-soft", paramLabel = "ACTION", defaultValue = "alert", description = "alert, demote (to the pool's lowest priority) or refuse; default ${DEFAULT-VALUE}.") String onSoft,
            @Option(names = "--on-hard", paramLabel = "ACTION", defaultValue = "refuse", description = "The same beyond the hard limit; default ${DEFAULT-VALUE}.") String onHard,
            @Mixin Reason reason)
            throws InterruptedException {
        BudgetKey key = key(scope, name, per);
        if (amount.signum() <= 0) {
            throw new CommandFailure(ExitCode.USAGE, "--amount " + amount + " is not more than 0");
        }
        double share = Units.share(soft).orElseThrow(() -> new CommandFailure(ExitCode.USAGE,
                "--soft \"" + soft + "\" is not a share such as 80% or 99.5%"));
        Budget budget = new Budget(key.scope(), key.name(), amount, key.period(), share, action("--on-soft", onSoft),
                action("--on-hard", onHard));
        OperatorRecords.write(options.reachable(), Topics.BUDGETS, key.limitKey(),
                BudgetLimits.record(budget, reason.who(), reason.why()));
        shell.terminal().say(key.spender() + " may spend " + UsageCells.money(amount) + " per " + per);
        return ExitCode.OK.number();
    }

    @Command(name = "unset", description = "Takes back what was set: the configuration's budget holds again, or none.")
    int unset(@Mixin InstallationOptions options,
            @Parameters(index = "0", paramLabel = "SCOPE", description = "use_case, tenant or department.") String scope,
            @Parameters(index = "1", paramLabel = "NAME", description = "Which one.") String name,
            @Option(names = "--per", paramLabel = "PERIOD", defaultValue = "month", description = PER) String per)
            throws InterruptedException {
        BudgetKey key = key(scope, name, per);
        OperatorRecords.<BudgetRecord>write(options.reachable(), Topics.BUDGETS, key.limitKey(), null);
        shell.terminal()
                .say("the configuration's budget of " + key.spender() + " per " + per + " holds, if it has one");
        return ExitCode.OK.number();
    }

    private static BudgetKey key(String scope, String name, String per) {
        return new BudgetKey(BudgetKey.scope(scope.replace('-', '_')).orElseThrow(() -> new CommandFailure(
                ExitCode.USAGE, "\"" + scope + "\" is none of use_case, tenant, department")), name,
                BudgetKey.period(per).orElseThrow(
                        () -> new CommandFailure(ExitCode.USAGE, "--per \"" + per + "\" is neither day nor month")));
    }

    private static Budget.Action action(String option, String label) {
        return BudgetKey.action(label).orElseThrow(
                () -> new CommandFailure(ExitCode.USAGE,
                        option + " \"" + label + "\" is none of alert, demote, refuse"));
    }
}
