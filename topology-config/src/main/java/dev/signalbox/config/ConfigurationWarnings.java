package dev.signalbox.config;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What is legal but probably not meant. */
final class ConfigurationWarnings {
    private final Configuration configuration;
    private final Findings findings;

    ConfigurationWarnings(Configuration configuration, Findings findings) {
        this.configuration = configuration;
        this.findings = findings;
    }

    void check() {
        Set<DeploymentName> used = new LinkedHashSet<>();
        Set<String> environments = new TreeSet<>();
        configuration.routes().forEach((model, routes) -> routes.byEnvironment().forEach((environment, byUseCase) -> {
            environments.add(environment);
            String pointer = Pointer.path("routes", model, environment);
            if (!byUseCase.containsKey(Pool.OTHERWISE)) {
                findings.atKey(pointer, "\"" + model + "\" has no route \"otherwise\" in " + environment
                        + ": requests of other use cases will be rejected");
            }
            byUseCase.forEach((useCase, route) -> {
                used.addAll(route.strategy().deployments());
                route(Pointer.of(pointer, useCase), useCase, route);
            });
        }));
        if (!environments.contains(configuration.environment()) && !environments.contains(Pool.OTHERWISE)) {
            findings.at(Pointer.path("environment"),
                    "no route is for the environment \"" + configuration.environment() + "\", only for "
                            + String.join(", ", environments) + ": nothing can be served here",
                    configuration.environment(), environments);
        }
        configuration.deployments().forEach((name, deployment) -> {
            String pointer = Pointer.path("deployments", name.toString());
            if (!used.contains(name)) {
                findings.atKey(pointer, "no route uses \"" + name + "\"");
            }
            if (!deployment.credentials().isEmpty() && "http".equals(deployment.baseUrl().getScheme())
                    && !isLoopback(deployment.baseUrl().getHost())) {
                findings.atKey(pointer, "\"" + name + "\" sends its credential unencrypted to "
                        + deployment.baseUrl().getHost());
            }
        });
        for (Budget budget : configuration.budgets()) {
            if (budget.scope() == Budget.Scope.USE_CASE && !useCases().contains(budget.name())) {
                findings.atKey(Pointer.path("budgets"), "no pool names the use case \"" + budget.name() + "\"",
                        budget.name(), useCases());
            }
        }
        configuration.useCases().keySet().stream().filter(useCase -> !useCases().contains(useCase))
                .forEach(useCase -> findings.atKey(Pointer.path("use_cases", useCase),
                        "no pool names the use case \"" + useCase + "\"", useCase, useCases()));
    }

    private void route(String pointer, String useCase, Route route) {
        List<Deployment> all = route.strategy().deployments().stream()
                .flatMap(name -> Optional.ofNullable(configuration.deployments().get(name)).stream()).toList();
        List<Deployment> allowed = all.stream().filter(route.allow()::allows).toList();
        Set<String> vendors = new TreeSet<>();
        allowed.forEach(deployment -> vendors.add(deployment.vendor().name()));
        if (allowed.isEmpty()) {
            findings.atKey(pointer, "the rule allow of \"" + route.name() + "\" leaves it no deployment");
        } else if (route.fallbackModels().isEmpty() && allowed.size() == 1) {
            findings.atKey(pointer, "single point of failure: \"" + route.name() + "\" has only "
                    + allowed.getFirst().name() + " and no fallback model");
        } else if (route.fallbackModels().isEmpty() && vendors.size() == 1) {
            findings.atKey(pointer, "single point of failure: all deployments of \"" + route.name() + "\" are at "
                    + vendors.iterator().next() + ", and it has no fallback model");
        }
        if (!useCase.equals(Pool.OTHERWISE)) {
            if (!useCases().contains(useCase)) {
                findings.atKey(pointer, "no pool names the use case \"" + useCase + "\"", useCase, useCases());
            }
            configuration.poolOf(useCase)
                    .filter(pool -> allowed.stream().noneMatch(deployment -> deployment.serves(pool.name())))
                    .filter(pool -> !allowed.isEmpty())
                    .ifPresent(pool -> findings.atKey(pointer, "pool \"" + pool.name()
                            + "\", which serves that use case, may use none of the deployments of this route"));
        }
    }

    private Set<String> useCases() {
        Set<String> names = new LinkedHashSet<>();
        for (Pool pool : configuration.pools()) {
            names.addAll(pool.useCases());
        }
        return names;
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
    }
}
