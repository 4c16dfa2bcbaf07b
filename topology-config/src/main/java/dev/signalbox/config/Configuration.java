package dev.signalbox.config;

import dev.signalbox.schemas.PoolName;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A whole, valid configuration. It is only made by {@link ConfigurationReader}, which has checked every name in it, so
 * that nobody who holds one meets a dangling name.
 *
 * @param environment the installation's environment, which picks the routes, such as {@code us_prod}
 * @param vendors by name: those declared, and the known ones that deployments use
 * @param deployments by name, in the file's order
 * @param pools in the file's order: the highest rank first
 * @param routes by logical model
 * @param prices the price table
 * @param topics partitions, retention and the allow-list of reply topics
 * @param worker bounds of every worker process
 * @param tenants by name; see {@link #tenant}
 * @param useCases by name: those that the configuration says something about
 * @param budgets in the file's order
 * @param alerts where alerts go
 * @param claims where bodies are that are too large for a record
 */
public record Configuration(String environment, Map<String, Vendor> vendors,
        Map<DeploymentName, Deployment> deployments, List<Pool> pools, Map<String, ModelRoutes> routes,
        PriceTable prices, TopicSettings topics, WorkerSettings worker, Map<String, Tenant> tenants,
        Map<String, UseCase> useCases, List<Budget> budgets, AlertSettings alerts, ClaimSettings claims) {

    /** A configuration that says nothing about tenants, use cases, budgets, alerts and claim checks. */
    public Configuration(String environment, Map<String, Vendor> vendors, Map<DeploymentName, Deployment> deployments,
            List<Pool> pools, Map<String, ModelRoutes> routes, PriceTable prices, TopicSettings topics,
            WorkerSettings worker) {
        this(environment, vendors, deployments, pools, routes, prices, topics, worker, Map.of(), Map.of(), List.of(),
                AlertSettings.DEFAULT, ClaimSettings.NONE);
    }

    /** The pool of that name. */
    public Optional<Pool> pool(PoolName name) {
        for (Pool pool : pools) {
            if (pool.name().equals(name)) {
                return Optional.of(pool);
            }
        }
        return Optional.empty();
    }

    /** The pool that serves a use case: the one that lists it, else the one that takes what is otherwise unlisted. */
    public Optional<Pool> poolOf(String useCase) {
        Optional<Pool> listing = listing(useCase);
        return listing.isPresent() ? listing : listing(Pool.OTHERWISE);
    }

    private Optional<Pool> listing(String useCase) {
        for (Pool pool : pools) {
            if (pool.lists(useCase)) {
                return Optional.of(pool);
            }
        }
        return Optional.empty();
    }

    /** The route that serves a use case's requests for a model in this installation's environment. */
    public Optional<Route> route(String model, String useCase) {
        return Optional.ofNullable(routes.get(model)).flatMap(routes -> routes.route(environment, useCase));
    }

    /** What holds for a tenant: his own entry, or the default. */
    public Tenant tenant(String name) {
        Tenant known = tenants.get(name);
        return known != null ? known : Tenant.ofDefault(name);
    }
}
