package dev.signalbox.config.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.redundancy.FailureDomain.Kind;
import dev.signalbox.config.redundancy.RouteRedundancy.Loss;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What is left if any one failure domain goes. The wanted headroom h says that capacity is h times peak demand, so peak
 * demand is still served while at least 1/h of the capacity is left. Where limits are not known, nothing is judged.
 */
final class CapacityRule {
    private static final double ROUNDING = 1e-9;
    /** Wide ones first: of two that cost the same, an operator wants to hear of the vendor, not of its deployment. */
    static final List<Kind> WIDE_FIRST = List.of(Kind.VENDOR, Kind.GATEWAY, Kind.HOST, Kind.PROXY, Kind.AREA,
            Kind.CREDENTIAL, Kind.DEPLOYMENT);

    private final double headroom;

    CapacityRule(Configuration configuration) {
        this.headroom = configuration.alerts().headroom();
    }

    /** The loss that leaves least; empty where one loss leaves nothing at all, or no limits are known. */
    Optional<Loss> worst(Reach reach) {
        List<Deployment> all = reach.all();
        if (all.isEmpty() || !FailureDomain.sharedBy(all).isEmpty()) {
            return Optional.empty();
        }
        Capacity whole = Capacity.of(all, reach.pool());
        Set<FailureDomain> domains = new LinkedHashSet<>();
        all.forEach(deployment -> domains.addAll(FailureDomain.of(deployment)));
        Optional<Loss> worst = Optional.empty();
        for (Kind kind : WIDE_FIRST) {
            for (FailureDomain domain : domains) {
                if (domain.kind() == kind) {
                    Capacity left = Capacity.of(
                            all.stream().filter(deployment -> !FailureDomain.of(deployment).contains(domain)).toList(),
                            reach.pool());
                    OptionalDouble part = left.partOf(whole);
                    if (part.isPresent() && (worst.isEmpty()
                            || part.getAsDouble() < worst.get().share() - ROUNDING)) {
                        worst = Optional.of(new Loss(domain.toString(), left, part.getAsDouble()));
                    }
                }
            }
        }
        return worst;
    }

    /** A finding if less is left than the wanted headroom needs. */
    Optional<RedundancyFinding> judge(Reach reach) {
        return worst(reach).filter(loss -> loss.share() < 1 / headroom - ROUNDING).map(loss -> new RedundancyFinding(
                Weakness.CAPACITY_SHORT, reach.path(),
                String.format(Locale.ROOT,
                        "if %s goes, pool %s has %.0f%% of its capacity for %s left; a headroom of %s times peak"
                                + " demand needs %.0f%%",
                        loss.domain(), reach.pool(), Math.floor(loss.share() * 100), reach.route().name(), headroom,
                        100 / headroom),
                "raise limits, or the part of " + reach.pool() + " in pools, of what is left without " + loss.domain()
                        + " (" + names(reach, loss) + "), or add a deployment outside it to "
                        + reach.route().strategy().label() + " of " + RedundancyFinding.spoken(reach.path())));
    }

    private static String names(Reach reach, Loss loss) {
        return String.join(", ",
                reach.all().stream().filter(deployment -> FailureDomain.of(deployment).stream()
                        .noneMatch(domain -> domain.toString().equals(loss.domain())))
                        .map(deployment -> deployment.name().toString()).toList());
    }
}
