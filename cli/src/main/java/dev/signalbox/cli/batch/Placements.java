package dev.signalbox.cli.batch;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ModelRoutes;
import dev.signalbox.config.Pool;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.Route;
import dev.signalbox.config.Strategy;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where requests go and what they may cost, by a configuration. */
public final class Placements {
    private static final BigDecimal MILLION = BigDecimal.valueOf(1_000_000);
    private final Configuration configuration;
    private final LocalDate today;

    /** @param today picks the prices in effect */
    public Placements(Configuration configuration, LocalDate today) {
        this.configuration = configuration;
        this.today = today;
    }

    /** Where a request goes. */
    public sealed interface Placement {
    }

    /** @param price highest of the deployments that its route names; empty: one of them has no price */
    public record Placed(Lane lane, Optional<PriceTable.Price> price) implements Placement {
    }

    /** @param onModel whether the model's name is at fault, else the use case or the priority */
    public record Misplaced(boolean onModel, String message) implements Placement {
    }

    /** Where a request of that model, use case and priority goes, or why nowhere. */
    public Placement place(String model, String useCase, Priority priority) {
        ModelRoutes routes = configuration.routes().get(model);
        if (routes == null) {
            return new Misplaced(true, "unknown model \"" + model + "\""
                    + DidYouMean.hint(model, configuration.routes().keySet()));
        }
        Optional<Pool> pool = configuration.poolOf(useCase);
        if (pool.isEmpty()) {
            List<String> known = configuration.pools().stream().flatMap(p -> p.useCases().stream()).toList();
            return new Misplaced(false,
                    "no pool serves use case \"" + useCase + "\"" + DidYouMean.hint(useCase, known));
        }
        if (!pool.get().priorities().containsKey(priority)) {
            return new Misplaced(false, "pool \"" + pool.get().name() + "\", which serves use case \"" + useCase
                    + "\", has no priority \"" + priority.label() + "\"; it has "
                    + String.join(", ", pool.get().priorities().keySet().stream().map(Priority::label).toList()));
        }
        Optional<Route> route = configuration.route(model, useCase);
        if (route.isEmpty()) {
            return new Misplaced(true, "model \"" + model + "\" has no route for use case \"" + useCase
                    + "\" in environment \"" + configuration.environment() + "\"");
        }
        return new Placed(new Lane(pool.get().name(), priority), dearest(route.get(), pool.get().name()));
    }

    private Optional<PriceTable.Price> dearest(Route route, PoolName pool) {
        List<PriceTable.Price> prices = new ArrayList<>();
        for (DeploymentName name : leaves(route.strategy()).toList()) {
            Deployment deployment = configuration.deployments().get(name);
            if (deployment != null && deployment.serves(pool)) {
                Optional<PriceTable.Price> price = configuration.prices().price(name, today);
                if (price.isEmpty()) {
                    return Optional.empty();
                }
                prices.add(price.get());
            }
        }
        return prices.stream().max((a, b) -> a.input().add(a.output()).compareTo(b.input().add(b.output())));
    }

    private static Stream<DeploymentName> leaves(Strategy strategy) {
        return switch (strategy) {
            case Strategy.One one -> Stream.of(one.deployment());
            case Strategy.Sequence sequence -> sequence.members().stream().flatMap(Placements::leaves);
            case Strategy.LatencyBased latency -> latency.members().stream().flatMap(Placements::leaves);
            case Strategy.Cheapest cheapest -> cheapest.members().stream().flatMap(Placements::leaves);
            case Strategy.LoadBalanced balanced ->
                balanced.members().stream().flatMap(member -> leaves(member.member()));
        };
    }

    /** What that many tokens cost. */
    static BigDecimal cost(PriceTable.Price price, long inputTokens, long outputTokens) {
        return price.input().multiply(BigDecimal.valueOf(inputTokens))
                .add(price.output().multiply(BigDecimal.valueOf(outputTokens))).divide(MILLION);
    }

    public String currency() {
        return configuration.prices().currency();
    }

    /** Where bodies are that are too large for a record. */
    ClaimSettings claims() {
        return configuration.claims();
    }

    /** Longest record that the topics take, bytes. */
    public int maxMessageBytes() {
        return configuration.topics().maxMessageBytes();
    }
}
