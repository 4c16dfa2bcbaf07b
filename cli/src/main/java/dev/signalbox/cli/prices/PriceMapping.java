package dev.signalbox.cli.prices;

import dev.signalbox.cli.prices.PublicPrices.Model;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable.Price;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which model of the public table a deployment is: the one under its {@code model_id}, as the table names models of its
 * vendor, or the one that the operator names. Nothing is guessed from names that are merely alike.
 */
public final class PriceMapping {
    private final PublicPrices table;
    private final Map<DeploymentName, String> chosen;
    private final LocalDate from;

    /**
     * @param chosen keys of the table that the operator names
     * @param from first day on which the prices hold
     */
    public PriceMapping(PublicPrices table, Map<DeploymentName, String> chosen, LocalDate from) {
        this.table = table;
        this.chosen = Map.copyOf(chosen);
        this.from = from;
    }

    /** What the table says about a deployment. */
    public sealed interface Found {
        /** @param model where it stands */
        record Priced(Price price, Model model) implements Found {
        }

        /** @param why with the cure */
        record Unknown(DeploymentName deployment, String why) implements Found {
        }
    }

    public Found price(Deployment deployment) {
        DeploymentName name = deployment.name();
        String named = chosen.get(name);
        if (named != null) {
            return table.model(named).map(model -> price(name, model)).orElseGet(() -> new Found.Unknown(name,
                    "the table has no \"" + named + "\"; look it up in the table and name it exactly"));
        }
        List<Listing> listings = listings(deployment);
        for (Listing listing : listings) {
            Optional<Model> model = table.model(listing.key)
                    .filter(found -> found.provider().startsWith(listing.provider));
            if (model.isPresent()) {
                return price(name, model.get());
            }
        }
        return new Found.Unknown(name, "the table has none of "
                + String.join(", ", listings.stream().map(listing -> "\"" + listing.key + "\"").toList())
                + "; name the right one with --map " + name + "=KEY, or write its price by hand");
    }

    private Found price(DeploymentName name, Model model) {
        if (model.input().isEmpty() || model.output().isEmpty()) {
            return new Found.Unknown(name, "the table's \"" + model.key() + "\" has no price per "
                    + (model.input().isEmpty() ? "input" : "output")
                    + " token (0 there means unknown); write its price by hand");
        }
        return new Found.Priced(new Price(name, from, model.input().get(), model.output().get(), model.cachedInput(),
                model.cacheWrite()), model);
    }

    /** Under which key, of providers that begin so, a deployment would be listed. */
    private record Listing(String key, String provider) {
    }

    private static List<Listing> listings(Deployment deployment) {
        String id = deployment.modelId();
        List<Listing> all = new ArrayList<>();
        switch (deployment.vendor().family()) {
            case ANTHROPIC -> direct(all, deployment, "anthropic", "api.anthropic.com");
            case OPENAI -> direct(all, deployment, "openai", "api.openai.com");
            case AZURE_OPENAI -> all.add(new Listing("azure/" + id, "azure"));
            case BEDROCK -> {
                deployment.region().ifPresent(region -> all.add(new Listing("bedrock/" + region + "/" + id,
                        "bedrock")));
                all.add(new Listing(id, "bedrock"));
                all.add(new Listing("bedrock/" + id, "bedrock"));
            }
            case VERTEX -> {
                all.add(new Listing("vertex_ai/" + id, "vertex_ai"));
                all.add(new Listing(id, "vertex_ai"));
            }
        }
        return all;
    }

    /** The family's own vendor, by name or address; any other has its own prefix in the table, if it is there at all. */
    private static void direct(List<Listing> all, Deployment deployment, String provider, String host) {
        String id = deployment.modelId();
        String vendor = deployment.vendor().name();
        if (vendor.equals(provider) || host.equals(deployment.baseUrl().getHost())) {
            all.add(new Listing(id, provider));
            all.add(new Listing(provider + "/" + id, provider));
        } else {
            String prefix = vendor.replace('-', '_');
            all.add(new Listing(prefix + "/" + id, prefix));
        }
    }
}
