package dev.signalbox.config.redundancy;

import dev.signalbox.config.AlertSettings;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.redundancy.LiveRoute.LiveLoss;
import dev.signalbox.config.redundancy.LiveState.Peak;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** What demand needs of what is in use: room to grow, room for a loss, and fallbacks that are known to work. */
final class DemandRules {
    private static final double ROUNDING = 1e-9;

    private final AlertSettings wanted;
    private final LiveState live;

    DemandRules(Configuration configuration, LiveState live) {
        this.wanted = configuration.alerts();
        this.live = live;
    }

    OptionalDouble headroom(Reach left, List<Peak> peaks) {
        return peaks.isEmpty()
                ? OptionalDouble.empty()
                : Capacity.of(left.all(), left.pool()).partOf(peaks.getLast().asCapacity());
    }

    /** The domain whose loss leaves least for the peak, or of the capacity where there is no peak. */
    Optional<LiveLoss> worst(Reach left, List<Peak> peaks) {
        List<Deployment> all = left.all();
        Capacity whole = Capacity.of(all, left.pool());
        Set<FailureDomain> domains = new LinkedHashSet<>();
        for (FailureDomain.Kind kind : CapacityRule.WIDE_FIRST) {
            all.forEach(deployment -> FailureDomain.of(deployment).stream().filter(domain -> domain.kind() == kind)
                    .forEach(domains::add));
        }
        Optional<LiveLoss> worst = Optional.empty();
        for (FailureDomain domain : domains) {
            LiveLoss loss = loss(domain, all, whole, left, peaks);
            if (worst.isEmpty() || measure(loss) < measure(worst.get()) - ROUNDING) {
                worst = Optional.of(loss);
            }
        }
        return worst;
    }

    private static LiveLoss loss(FailureDomain domain, List<Deployment> all, Capacity whole, Reach left,
            List<Peak> peaks) {
        List<Deployment> others = all.stream().filter(deployment -> !FailureDomain.of(deployment).contains(domain))
                .toList();
        if (others.isEmpty()) {
            return new LiveLoss(domain.toString(), OptionalDouble.of(0),
                    peaks.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(0));
        }
        Capacity rest = Capacity.of(others, left.pool());
        OptionalDouble served = peaks.isEmpty()
                ? OptionalDouble.empty()
                : rest.partOf(peaks.getLast().asCapacity());
        return new LiveLoss(domain.toString(), rest.partOf(whole),
                served.isPresent() ? OptionalDouble.of(Math.min(1, served.getAsDouble())) : served);
    }

    private static double measure(LiveLoss loss) {
        return loss.peakServed().orElse(1) + loss.capacityLeft().orElse(1) * ROUNDING * 10;
    }

    /** Those that nobody was sent to for so long, in the order of the route. */
    List<DeploymentName> unused(Reach reach) {
        return reach.all().stream().map(Deployment::name)
                .filter(name -> live.unused(name).toDays() >= wanted.fallbackUnusedDays()).toList();
    }

    List<RedundancyFinding> judge(Reach reach, LiveRoute route) {
        List<RedundancyFinding> findings = new ArrayList<>();
        String used = LiveRedundancy.names(route.inUse());
        route.headroom().ifPresent(headroom -> {
            if (headroom < wanted.headroom() - ROUNDING && !route.inUse().isEmpty()) {
                findings.add(new RedundancyFinding(Weakness.HEADROOM_SHORT, reach.path(),
                        String.format(Locale.ROOT,
                                "what is in use for %s has %.1f times the capacity that the peak of the"
                                        + " last %d days took of pool %s; wanted is %s",
                                reach.route().name(), Math.floor(headroom * 10) / 10,
                                route.peaks().getLast().days(), reach.pool(), wanted.headroom()),
                        "raise limits, or the part of " + reach.pool() + " in pools, of " + used
                                + ", or add a deployment to " + RedundancyFinding.spoken(reach.path())));
            }
        });
        route.worst().ifPresent(loss -> loss.peakServed().ifPresent(served -> {
            if (served > ROUNDING && served < 1 - ROUNDING) {
                findings.add(new RedundancyFinding(Weakness.PEAK_NOT_SERVED, reach.path(),
                        String.format(Locale.ROOT, "if %s goes, %.0f%% of the peak demand on %s is still served",
                                loss.domain(), Math.floor(served * 100), reach.route().name()),
                        "raise limits of what is left without " + loss.domain() + ", or add a deployment outside it to "
                                + RedundancyFinding.spoken(reach.path())));
            }
        }));
        if (!route.unused().isEmpty() && !route.peaks().isEmpty()) {
            findings.add(new RedundancyFinding(Weakness.FALLBACK_UNUSED, reach.path(),
                    LiveRedundancy.names(route.unused()) + " of " + reach.route().name() + " was not called for "
                            + wanted.fallbackUnusedDays() + " days: whether it works is not known",
                    "exercise it: signalbox deployments drain NAME --for 5m for those before it, or give it a part in"
                            + " load_balanced"));
        }
        if (!route.hidingVendors().isEmpty() && route.vendors().size() - route.hidingVendors().size() <= 1
                && route.vendors().size() > 1) {
            findings.add(new RedundancyFinding(Weakness.VENDORS_HIDDEN, reach.path(),
                    "beside " + String.join(", ", route.hidingVendors()) + ", whose own vendors are not known, "
                            + reach.route().name() + " has "
                            + (route.vendors().size() == route.hidingVendors().size() ? "no" : "one")
                            + " vendor: they may be the same",
                    "add a deployment at another vendor that is called directly to "
                            + RedundancyFinding.spoken(reach.path())));
        }
        return findings;
    }
}
