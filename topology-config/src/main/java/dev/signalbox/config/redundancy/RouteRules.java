package dev.signalbox.config.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.redundancy.FailureDomain.Kind;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Single points of failure of what may serve a route: one thing whose loss leaves nothing. The widest is told, with the
 * narrower ones in its sentence: another vendor has another credential and another region, so one cure is enough.
 */
final class RouteRules {
    private static final Set<Kind> WIDE = EnumSet.of(Kind.VENDOR, Kind.GATEWAY, Kind.HOST);

    private final Cures cures;

    RouteRules(Configuration configuration) {
        this.cures = new Cures(configuration);
    }

    /** @param whose words in front of each message where the finding is not about all requests of the route, else empty */
    List<RedundancyFinding> judge(Reach reach, String whose) {
        List<RedundancyFinding> findings = new ArrayList<>();
        reach.fallbacks().forEach((model, members) -> {
            if (members.isEmpty() && !reach.all().isEmpty()) {
                findings.add(new RedundancyFinding(Weakness.FALLBACK_UNUSABLE, path(reach), whose + "fallback model "
                        + model + " of " + reach.spoken() + " has no deployment that may serve these requests",
                        "give " + model + " a route for this use case whose deployments allow and pools admit, or take"
                                + " it out of fallback_models"));
            }
        });
        if (reach.own().isEmpty()) {
            findings.addFirst(nothing(reach, whose));
        } else {
            findings.addAll(singlePoints(reach, whose));
        }
        return reach.tenant().isEmpty() ? findings : findings.stream().map(RouteRules::ofTenant).toList();
    }

    private static RedundancyFinding ofTenant(RedundancyFinding finding) {
        return new RedundancyFinding(Severity.WARNING, finding.weakness(), finding.path(), finding.message(),
                finding.cure());
    }

    private static List<String> path(Reach reach) {
        return reach.tenant().map(tenant -> List.of("tenants", tenant, "allow")).orElseGet(reach::path);
    }

    private RedundancyFinding nothing(Reach reach, String whose) {
        boolean served = !reach.all().isEmpty();
        return new RedundancyFinding(served ? Severity.WARNING : Severity.CRITICAL, Weakness.NOTHING_LEFT, path(reach),
                whose + "no deployment of " + reach.spoken() + " is left by its residency rules and pools: "
                        + (served ? "only fallback models answer" : "every request fails"),
                cures.anything(reach));
    }

    private List<RedundancyFinding> singlePoints(Reach reach, String whose) {
        List<Deployment> all = reach.all();
        List<FailureDomain> shared = List.copyOf(FailureDomain.sharedBy(all));
        if (shared.isEmpty()) {
            return List.of();
        }
        if (all.size() == 1) {
            return List.of(new RedundancyFinding(Weakness.SINGLE_DEPLOYMENT, path(reach), whose + "only "
                    + all.getFirst().name() + " serves " + reach.spoken() + " and there is no fallback model",
                    cures.elsewhere(reach, shared)));
        }
        if (!reach.usableFallbacks().isEmpty()) {
            return List.of(new RedundancyFinding(Weakness.FALLBACK_IN_SAME_DOMAIN, path(reach), whose
                    + "the deployments of " + reach.spoken() + " and of its fallback models "
                    + String.join(", ", reach.usableFallbacks().keySet()) + " fail together with " + spoken(shared),
                    cures.elsewhere(reach, shared)));
        }
        Optional<FailureDomain> wide = shared.stream().filter(domain -> WIDE.contains(domain.kind())).findFirst();
        if (wide.isPresent()) {
            List<FailureDomain> narrower = shared.stream().filter(domain -> !domain.equals(wide.get())).toList();
            return List.of(single(reach, whose, wide.get(),
                    narrower.isEmpty() ? "" : " (they also share " + spoken(narrower) + ")"));
        }
        return shared.stream().map(domain -> single(reach, whose, domain, "")).toList();
    }

    private RedundancyFinding single(Reach reach, String whose, FailureDomain domain, String more) {
        return new RedundancyFinding(weakness(domain, reach.all()), path(reach), whose + "all deployments of "
                + reach.spoken() + " share " + domain + more + ", and there is no fallback model",
                cures.elsewhere(reach, List.of(domain)));
    }

    private static Weakness weakness(FailureDomain domain, List<Deployment> members) {
        return switch (domain.kind()) {
            case DEPLOYMENT -> Weakness.SINGLE_DEPLOYMENT;
            case VENDOR -> Weakness.SINGLE_VENDOR;
            case GATEWAY, HOST, PROXY -> Weakness.SHARED_UPSTREAM;
            case AREA -> domain.isRegionOf(members) ? Weakness.SINGLE_REGION : Weakness.SHARED_DOMAIN;
            case CREDENTIAL -> Weakness.SINGLE_CREDENTIAL;
        };
    }

    private static String spoken(List<FailureDomain> domains) {
        return String.join(", ", domains.stream().map(FailureDomain::toString).toList());
    }

    /** Kinds that say that nothing would be left; a tenant's narrower view is not judged where the route's own is so. */
    static boolean isSinglePoint(RedundancyFinding finding) {
        return finding.weakness().severity() == Severity.CRITICAL;
    }
}
