package dev.signalbox.config.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.ModelRoutes;
import dev.signalbox.config.Route;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Says what to write in the YAML, with names of this configuration where it has some that help. */
final class Cures {
    private final Configuration configuration;

    Cures(Configuration configuration) {
        this.configuration = configuration;
    }

    /**
     * How a route gets something that fails with none of these domains.
     *
     * @param domains at least one; the first is the one that the cure is worded for
     */
    String elsewhere(Reach reach, List<FailureDomain> domains) {
        FailureDomain domain = domains.getFirst();
        Predicate<Deployment> outside = deployment -> FailureDomain.of(deployment).stream()
                .noneMatch(domains::contains);
        String cure = spare(reach, outside).or(() -> barred(reach, outside)).or(() -> fallbackModel(reach, outside))
                .orElseGet(
                        () -> "declare " + reach.model() + " " + outside(domain) + " under deployments and add it to "
                                + strategy(reach) + ", or give the route fallback_models that are there");
        return domain.kind() == FailureDomain.Kind.CREDENTIAL
                ? "give one of them a second key, credentials: [\"" + domain.name()
                        + "\", \"${env:ANOTHER_KEY}\"], or " + cure
                : cure;
    }

    /** How a route gets anything at all. */
    String anything(Reach reach) {
        return spare(reach, deployment -> true).or(() -> barred(reach, deployment -> true)).orElseGet(
                () -> "declare " + reach.model() + " where the rules allow it and add it to " + strategy(reach));
    }

    private static String outside(FailureDomain domain) {
        return switch (domain.kind()) {
            case DEPLOYMENT, VENDOR -> "at another vendor";
            case GATEWAY, HOST -> "at a vendor that is called directly";
            case PROXY -> "at a vendor without http_proxy " + domain.name();
            case AREA -> "outside " + domain.name();
            case CREDENTIAL -> "with a credential of its own";
        };
    }

    /** A deployment of the model that the route could name but does not. */
    private Optional<String> spare(Reach reach, Predicate<Deployment> wanted) {
        return others(reach, wanted).filter(deployment -> isAllowed(reach, deployment)).findFirst()
                .map(deployment -> "add " + deployment.name().place() + ", which is declared, to " + strategy(reach));
    }

    /** A deployment of the model that a rule keeps from the route. */
    private Optional<String> barred(Reach reach, Predicate<Deployment> wanted) {
        return others(reach, wanted).filter(deployment -> !isAllowed(reach, deployment)).findFirst()
                .map(deployment -> bar(reach, deployment) + " to let " + deployment.name() + " serve, and see that "
                        + strategy(reach) + " names it");
    }

    private Stream<Deployment> others(Reach reach, Predicate<Deployment> wanted) {
        return configuration.deployments().values().stream()
                .filter(deployment -> deployment.name().model().equals(reach.model()))
                .filter(deployment -> !reach.own().contains(deployment)).filter(wanted);
    }

    private Optional<String> fallbackModel(Reach reach, Predicate<Deployment> wanted) {
        return configuration.routes().values().stream().filter(routes -> !routes.model().equals(reach.model()))
                .filter(routes -> !reach.fallbacks().containsKey(routes.model()))
                .filter(routes -> !fallsBackTo(routes.model(), reach.model(), new HashSet<>()))
                .filter(routes -> routes.route(reach.environment(), reach.useCase())
                        .filter(route -> members(route).anyMatch(d -> wanted.test(d) && isAllowed(reach, d)))
                        .isPresent())
                .map(ModelRoutes::model).findFirst()
                .map(model -> "add " + model + " to fallback_models of " + RedundancyFinding.spoken(reach.path())
                        + ": it is served elsewhere");
    }

    /** Whether a model falls back to another, also by way of others: naming it there would go round in a circle. */
    private boolean fallsBackTo(String model, String wanted, Set<String> seen) {
        ModelRoutes routes = configuration.routes().get(model);
        return routes != null && seen.add(model) && routes.byEnvironment().values().stream()
                .flatMap(byUseCase -> byUseCase.values().stream()).flatMap(route -> route.fallbackModels().stream())
                .anyMatch(next -> next.model().equals(wanted) || fallsBackTo(next.model(), wanted, seen));
    }

    private Stream<Deployment> members(Route route) {
        return route.strategy().deployments().stream()
                .flatMap(name -> Optional.ofNullable(configuration.deployments().get(name)).stream());
    }

    private boolean isAllowed(Reach reach, Deployment deployment) {
        return deployment.serves(reach.pool()) && reach.route().allow().allows(deployment)
                && poolAllows(reach, deployment)
                && tenantAllows(reach, deployment);
    }

    private boolean poolAllows(Reach reach, Deployment deployment) {
        return configuration.pool(reach.pool()).filter(pool -> pool.allow().allows(deployment)).isPresent();
    }

    private boolean tenantAllows(Reach reach, Deployment deployment) {
        return reach.tenant().filter(name -> !configuration.tenant(name).allow().allows(deployment)).isEmpty();
    }

    private String bar(Reach reach, Deployment deployment) {
        if (!deployment.serves(reach.pool())) {
            return "give " + reach.pool() + " a part in pools of "
                    + RedundancyFinding.spoken(List.of("deployments", deployment.name().toString()));
        }
        if (!reach.route().allow().allows(deployment)) {
            return "widen allow of " + RedundancyFinding.spoken(reach.path());
        }
        if (!poolAllows(reach, deployment)) {
            return "widen allow of pools." + reach.pool();
        }
        return "widen allow of tenants." + reach.tenant().orElse("");
    }

    private static String strategy(Reach reach) {
        return reach.route().strategy().label() + " of " + RedundancyFinding.spoken(reach.path());
    }
}
