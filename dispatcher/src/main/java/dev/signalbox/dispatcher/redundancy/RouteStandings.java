package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.config.redundancy.LiveRoute;
import dev.signalbox.config.redundancy.LiveRoute.LiveLoss;
import dev.signalbox.config.redundancy.LiveState.Peak;
import dev.signalbox.schemas.avro.DemandPeak;
import dev.signalbox.schemas.avro.RouteStanding;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** What a route has left, as it is published. */
final class RouteStandings {
    private RouteStandings() {
    }

    static RouteStanding of(LiveRoute route, double wantedHeadroom, long nowMillis) {
        return RouteStanding.newBuilder().setRoute(route.route()).setPool(route.pool().value())
                .setTenant(route.tenant().orElse(null)).setAsOfMillis(nowMillis).setInUse(texts(route.inUse()))
                .setOut(texts(route.out())).setVendors(texts(route.vendors())).setRegions(texts(route.regions()))
                .setFailureDomains(texts(route.failureDomains())).setHidingVendors(texts(route.hidingVendors()))
                .setIsolated(route.isolated())
                .setPeaks(new ArrayList<>(route.peaks().stream().map(RouteStandings::peak).toList()))
                .setHeadroom(orNull(route.headroom())).setWantedHeadroom(wantedHeadroom)
                .setWorstDomain(route.worst().map(LiveLoss::domain).orElse(null))
                .setCapacityLeft(orNull(route.worst().map(LiveLoss::capacityLeft).orElse(OptionalDouble.empty())))
                .setPeakServed(orNull(route.worst().map(LiveLoss::peakServed).orElse(OptionalDouble.empty())))
                .setUnused(texts(route.unused())).build();
    }

    private static DemandPeak peak(Peak peak) {
        return new DemandPeak(peak.days(), peak.requests(), peak.inputTokens(), peak.outputTokens(),
                peak.concurrency());
    }

    private static List<String> texts(Collection<?> values) {
        return new ArrayList<>(values.stream().map(Object::toString).toList());
    }

    private static @Nullable Double orNull(OptionalDouble value) {
        return value.isPresent() ? (Double) value.getAsDouble() : null;
    }
}
