package dev.signalbox.workers;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.workers.router.BreakerState;
import dev.signalbox.workers.router.LimitsView;
import dev.signalbox.workers.router.OperatorOrder;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.router.RouteReach;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Gauges of each deployment's health, permits and limits in this worker, read when they are scraped. Where a deployment names
 * no pools, its limits are one for all and their pool label is {@value #ALL_POOLS}. A limit that is not there has no gauge.
 */
final class DeploymentGauges {
    private static final String ALL_POOLS = "*";
    /** The lender of those to whom no pool can lend. */
    private static final List<PoolName> NOBODY = List.of(new PoolName("none"));

    private final MeterRegistry registry;
    private final Permits permits;
    private final Deployment deployment;
    private final List<Meter> registered;

    private DeploymentGauges(MeterRegistry registry, Permits permits, Deployment deployment, List<Meter> registered) {
        this.registry = registry;
        this.permits = permits;
        this.deployment = deployment;
        this.registered = registered;
    }

    /** Registers those of the configuration's deployments; what was registered, to be removed when they change. */
    static List<Meter> register(MeterRegistry registry, Configuration configuration, Permits permits,
            RouteReach reach) {
        List<Pool> pools = configuration.pools();
        List<Meter> registered = new ArrayList<>();
        configuration.deployments().values().forEach(
                deployment -> new DeploymentGauges(registry, permits, deployment, registered).register(pools));
        routes(registry, configuration, permits, reach, registered);
        return registered;
    }

    /** How many deployments each route has left. */
    private static void routes(MeterRegistry registry, Configuration configuration, Permits permits, RouteReach reach,
            List<Meter> registered) {
        reach.all().forEach(route -> {
            List<Deployment> deployments = configuration.deployments().values().stream()
                    .filter(deployment -> route.deployments().contains(deployment.name())).toList();
            registered.add(Gauge.builder("signalbox.route.usable.deployments", permits,
                    asked -> deployments.stream().filter(deployment -> isUsable(asked.view(deployment))).count())
                    .tags("route", route.route()).description("Deployments of a route that may be called now")
                    .register(registry));
        });
    }

    private static boolean isUsable(PermitDesk.DeploymentView view) {
        return view.health() != BreakerState.OPEN && view.order().isEmpty();
    }

    private void register(List<Pool> pools) {
        Tags tags = Tags.of("deployment", deployment.name().toString());
        for (BreakerState state : BreakerState.values()) {
            gauge("signalbox.deployment.state", "1 for the state of the deployment's worst breaker, else 0",
                    tags.and("state", state.name().toLowerCase(Locale.ROOT)),
                    asked -> asked.view(deployment).own() == state ? 1 : 0);
        }
        for (DeploymentState state : DeploymentState.values()) {
            gauge("signalbox.deployment.fleet.state", "1 for the state that the dispatcher told last, else 0",
                    tags.and("state", state.name().toLowerCase(Locale.ROOT)),
                    asked -> asked.view(deployment).fleet().found().filter(state::equals).isPresent() ? 1 : 0);
        }
        gauge("signalbox.deployment.fleet.age.seconds", "How old that is; it counts up to 15 s", tags,
                asked -> seconds(asked.view(deployment).fleetAgeNanos()));
        for (OperatorOrder.Action action : OperatorOrder.Action.values()) {
            gauge("signalbox.deployment.ordered", "1 while an operator's order holds, else 0",
                    tags.and("action", action.name().toLowerCase(Locale.ROOT)),
                    asked -> asked.view(deployment).order().filter(order -> order.action() == action).isPresent()
                            ? 1
                            : 0);
        }
        if (!deployment.limits().equals(Deployment.Limits.NONE)) {
            PoolName leased = pools.stream().map(Pool::name).filter(deployment::serves).findFirst()
                    .orElse(pools.getFirst().name());
            gauge("signalbox.lease.limit.percent",
                    "How much of the limits is granted, to all workers together; 100 without a lease", tags,
                    asked -> asked.leased(deployment, leased).limitPercent());
        }
        if (deployment.poolShares().isEmpty()) {
            limits(pools.getFirst().name(), NOBODY, tags.and("pool", ALL_POOLS));
        } else {
            pools.stream().filter(pool -> deployment.serves(pool.name())).forEach(pool -> {
                List<PoolName> lenders = Pool.lendersOf(pool, pools).stream().filter(deployment::serves).toList();
                limits(pool.name(), lenders.isEmpty() ? NOBODY : lenders, tags.and("pool", pool.name().value()));
            });
        }
    }

    private static double seconds(OptionalLong nanos) {
        return nanos.isPresent() ? nanos.getAsLong() / 1e9 : Double.NaN;
    }

    /** @param lenders whose capacity it may borrow */
    private void limits(PoolName pool, List<PoolName> lenders, Tags tags) {
        gauge("signalbox.permits.in.use", "Permits that calls hold", tags,
                asked -> asked.limits(deployment, pool).running());
        for (Amounts.Kind kind : Amounts.Kind.values()) {
            if (deployment.limits().amounts().of(kind) != Amounts.UNLIMITED) {
                Tags limit = tags.and("limit", kind.name().toLowerCase(Locale.ROOT));
                gauge("signalbox.lease", "What this worker's lease gives it; 0 without a lease", limit,
                        asked -> asked.leased(deployment, pool).leased().of(kind));
                lenders.forEach(lender -> gauge("signalbox.lease.borrowed", "What of its lease is another pool's",
                        limit.and("lender", lender.value()),
                        asked -> Optional.ofNullable(asked.leased(deployment, pool).borrowed().get(lender.value()))
                                .orElse(Amounts.NONE).of(kind)));
            }
        }
        lenders.forEach(
                lender -> gauge("signalbox.permits.borrowed", "Permits that calls hold of another pool's capacity",
                        tags.and("lender", lender.value()), asked -> asked.borrowed(deployment, pool, lender)));
        gauge("signalbox.permits.waiting", "Requests that wait for a permit here, among others perhaps", tags,
                asked -> asked.waiting(deployment, pool));
        if (deployment.limits().concurrency().isPresent()) {
            gauge("signalbox.permits.limit", "Most calls at once of this worker", tags,
                    asked -> asked.limits(deployment, pool).concurrency());
        }
        rate(pool, tags.and("limit", "requests"), LimitsView::requests);
        rate(pool, tags.and("limit", "input_tokens"), LimitsView::inputTokens);
        rate(pool, tags.and("limit", "output_tokens"), LimitsView::outputTokens);
    }

    private void rate(PoolName pool, Tags tags, Function<LimitsView, LimitsView.Rate> of) {
        if (of.apply(permits.limits(deployment, pool)).isLimited()) {
            gauge("signalbox.rate.in.use", "What counts of a limit by minute now, reserved amounts included", tags,
                    asked -> of.apply(asked.limits(deployment, pool)).inUse());
            gauge("signalbox.rate.limit", "What this worker may use of a limit in a minute", tags,
                    asked -> of.apply(asked.limits(deployment, pool)).perMinute());
        }
    }

    private void gauge(String name, String description, Tags tags, ToDoubleFunction<Permits> value) {
        registered.add(Gauge.builder(name, permits, value).tags(tags).description(description).register(registry));
    }
}
