package dev.signalbox.cli;

import dev.signalbox.cli.prices.PriceMapping;
import dev.signalbox.cli.prices.PriceMapping.Found;
import dev.signalbox.cli.prices.PriceMerge;
import dev.signalbox.cli.prices.PricesYaml;
import dev.signalbox.cli.prices.PublicPrices;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable.Price;
import dev.signalbox.config.Problem;
import dev.signalbox.config.ReadResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The price table of a configuration. */
@Command(name = "prices", description = "Brings prices of the public price table into a configuration.")
final class PricesCommand implements Runnable {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "prices: import?");
        }
    }

    @Command(name = "import", description = "Prints your configuration with prices for its deployments, taken from LiteLLM's model_prices_and_context_window.json, effective from a day on; older prices stay. What changed, and what the table does not know, goes to standard error.")
    int imported(@Parameters(paramLabel = "FILE", description = "The public table.") Path file,
            @Option(names = "--config", paramLabel = "FILE", required = true, defaultValue = "${env:SIGNALBOX_CONFIG}", description = "Your configuration.") Path configuration,
            @Option(names = "--out", paramLabel = "FILE", defaultValue = "-", description = "Where to write, such as the configuration itself; default: standard output.") String out,
            @Option(names = "--from", paramLabel = "DAY", description = "First day on which the prices hold, UTC; default: today.") @Nullable String from,
            @Option(names = "--prices-version", paramLabel = "NAME", description = "Version to stamp on what they price; default: litellm-<day>-<fingerprint of the table>.") @Nullable String version,
            @Option(names = "--map", paramLabel = "DEPLOYMENT=KEY", description = "The table's key of a deployment that it lists under another name; may be repeated.") @Nullable Map<String, String> mapped)
            throws IOException {
        PublicPrices table = PublicPrices.read(file);
        Configuration known = valid(ConfigurationReader.read(configuration));
        if (!known.prices().currency().equals("USD") && !known.prices().prices().isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE, configuration + ": prices.currency is "
                    + known.prices().currency() + ", the public table is in USD; convert by hand, or change to USD");
        }
        LocalDate day = day(from);
        PriceMapping mapping = new PriceMapping(table, chosen(known, mapped == null ? Map.of() : mapped), day);
        List<Price> prices = new ArrayList<>();
        List<Found.Unknown> unknown = new ArrayList<>();
        for (Deployment deployment : known.deployments().values()) {
            switch (mapping.price(deployment)) {
                case Found.Priced(Price price, PublicPrices.Model model) -> {
                    prices.add(price);
                    if (model.tiered()) {
                        shell.terminal().say("note: " + deployment.name() + ": the table has other prices for long"
                                + " prompts (\"" + model.key() + "\"); the basic ones are taken");
                    }
                }
                case Found.Unknown none -> unknown.add(none);
            }
        }
        PriceMerge merge = PriceMerge.of(known.prices(), prices, version == null
                ? "litellm-" + day + "-" + table.fingerprint()
                : version);
        write(configuration, out, merge);
        tell(merge, prices.size(), unknown, known);
        return ExitCode.OK.number();
    }

    private static LocalDate day(@Nullable String from) {
        try {
            return from == null ? LocalDate.now(ZoneOffset.UTC) : LocalDate.parse(from);
        } catch (DateTimeParseException e) {
            throw new CommandFailure(ExitCode.USAGE, "--from \"" + from + "\" is no day such as 2026-11-01", e);
        }
    }

    private static Configuration valid(ReadResult result) {
        return switch (result) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw CommandFailure.ofLines(ExitCode.USAGE,
                    invalid.problems().stream().map(Problem::toString).toList());
        };
    }

    private static Map<DeploymentName, String> chosen(Configuration configuration, Map<String, String> mapped) {
        Map<DeploymentName, String> chosen = new HashMap<>();
        mapped.forEach((text, key) -> {
            DeploymentName name = configuration.deployments().keySet().stream()
                    .filter(known -> known.toString().equals(text)).findAny()
                    .orElseThrow(() -> new CommandFailure(ExitCode.USAGE, "--map: \"" + text
                            + "\" is no deployment of the configuration; they are " + configuration.deployments()
                                    .keySet()));
            chosen.put(name, key);
        });
        return chosen;
    }

    private void write(Path configuration, String out, PriceMerge merge) throws IOException {
        String old = Files.readString(configuration);
        String text;
        try {
            text = merge.changes().isEmpty() ? old : PricesYaml.replaced(old, merge.table());
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, configuration
                    + ": is one {…}; write it in block style first, so that prices can be put into it", e);
        }
        valid(ConfigurationReader.read(configuration.toString(), text,
                name -> Optional.ofNullable(System.getenv(name))));
        if (out.equals("-")) {
            shell.terminal().out().print(text);
            shell.terminal().out().flush();
            return;
        }
        Path target = Path.of(out).toAbsolutePath();
        Path whole = Files.writeString(target.resolveSibling(target.getFileName() + ".part"), text);
        Files.move(whole, target, StandardCopyOption.REPLACE_EXISTING);
    }

    private void tell(PriceMerge merge, int found, List<Found.Unknown> unknown, Configuration configuration) {
        Terminal terminal = shell.terminal();
        merge.changes().forEach(change -> terminal.say(change.deployment() + ": "
                + change.before().map(price -> inWords(price) + " -> ").orElse("unknown -> ")
                + inWords(change.after()) + " from " + change.after().effectiveFrom()));
        for (Found.Unknown none : unknown) {
            boolean kept = configuration.prices().prices().stream()
                    .anyMatch(price -> price.deployment().equals(none.deployment()));
            terminal.say("warning: " + none.deployment() + ": " + (kept ? "keeps its price" : "its cost stays unknown")
                    + ": " + none.why());
        }
        terminal.say(found + " of " + configuration.deployments().size() + " deployments are in the table, "
                + merge.changes().size() + " prices changed; prices.version is " + merge.table().version());
    }

    private static String inWords(Price price) {
        return price.input().toPlainString() + " in, " + price.output().toPlainString() + " out"
                + price.cachedInput().map(cost -> ", " + cost.toPlainString() + " cached").orElse("")
                + price.cacheWrite().map(cost -> ", " + cost.toPlainString() + " cache write").orElse("");
    }
}
