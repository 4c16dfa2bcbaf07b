package dev.signalbox.workers;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.intake.BrokerClock;
import dev.signalbox.workers.intake.FleetClock;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.reply.JoinedReplies;
import dev.signalbox.workers.reply.ReplyRoom;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/** Gauges of what a pool's lanes and scheduler hold, read when they are scraped. */
final class WorkerGauges {
    private static final String ROUTE_WAITING = "signalbox.scheduler.route.waiting";
    /** Shown from the start, so that the first one of each is a rise. */
    private static final List<String> DEAD_LETTER_REASONS = List.of("UNREADABLE", "INVALID_REQUEST", "QUARANTINED",
            "LOST_TO_RETENTION", "REPLY_NOT_WRITTEN");

    private WorkerGauges() {
    }

    static void register(MeterRegistry registry, PoolWorker pool, FleetClock clock) {
        for (Lane lane : pool.intake().keySet()) {
            Tags tags = Tags.of("pool", lane.pool().value(), "priority", lane.priority().label());
            gauge(registry, pool, lane, "signalbox.intake.pending", "Admitted requests, waiting or running", tags,
                    IntakeStatus::pendingRecords);
            gauge(registry, pool, lane, "signalbox.intake.pending.bytes", "Serialized bytes of the pending requests",
                    tags, IntakeStatus::pendingBytes);
            gauge(registry, pool, lane, "signalbox.intake.postponed", "Pending requests that wait for their time", tags,
                    IntakeStatus::postponedRecords);
            gauge(registry, pool, lane, "signalbox.intake.held", "Records held back for somebody else", tags,
                    status -> status.heldRecords().values().stream().mapToLong(Long::longValue).sum());
            gauge(registry, pool, lane, "signalbox.intake.partitions", "Partitions owned", tags,
                    IntakeStatus::partitions);
            gauge(registry, pool, lane, "signalbox.intake.paused.partitions", "Partitions not fetched from now", tags,
                    IntakeStatus::pausedPartitions);
            gauge(registry, pool, lane, "signalbox.intake.metadata.fill", "Part of the commit metadata in use, 0 to 1",
                    tags, IntakeStatus::metadataFill);
            gauge(registry, pool, lane, "signalbox.intake.guarded.partitions",
                    "Partitions that take nothing because their commit metadata is nearly full", tags,
                    IntakeStatus::guardedPartitions);
            gauge(registry, pool, lane, "signalbox.intake.commit.age.seconds",
                    "For how long something has been complete that is not committed", tags,
                    status -> status.commitAgeMillis() / 1e3);
            gauge(registry, pool, lane, "signalbox.intake.oldest.age.seconds",
                    "Age of the oldest pending request since its first record was appended", tags,
                    status -> status.oldestPendingMillis() == 0
                            ? 0
                            : Math.max(0, clock.nowMillis() - status.oldestPendingMillis()) / 1e3);
            counter(registry, pool, lane, "signalbox.intake.commits", "Acknowledged offset commits", tags,
                    IntakeStatus::commits);
            counter(registry, pool, lane, "signalbox.intake.failed.commits",
                    "Offset commits that failed; what they held is committed by the next", tags,
                    IntakeStatus::failedCommits);
            counter(registry, pool, lane, "signalbox.intake.stale.completions",
                    "Completions that came after their partition had moved", tags, IntakeStatus::staleCompletions);
            counter(registry, pool, lane, "signalbox.intake.lost.ranges",
                    "Times that retention had taken offsets before they were complete", tags,
                    IntakeStatus::lostRanges);
            counter(registry, pool, lane, "signalbox.intake.lost.offsets",
                    "Offsets that retention took before they were complete", tags, IntakeStatus::lostOffsets);
            duplicates(registry, pool.joined(lane), tags);
            overflow(registry, pool.overflow(lane), tags);
            Counter.builder("signalbox.scheduler.parked").tags(tags)
                    .description("Requests moved to the retry topic because their route was blocked")
                    .register(registry);
            for (String reason : DEAD_LETTER_REASONS) {
                Counter.builder("signalbox.dead.letters").tags(tags.and("reason", reason))
                        .description("Records that could not be served, and replies that could not be written")
                        .register(registry);
            }
            for (String action : List.of("refused", "demoted")) {
                Counter.builder("signalbox.budget.requests").tags(tags.and("action", action))
                        .description("Requests that a budget refused or demoted").register(registry);
            }
            Gauge.builder("signalbox.replies.unacknowledged.bytes", pool.room(lane), ReplyRoom::unacknowledgedBytes)
                    .tags(tags).description("Bytes of replies that are not acknowledged").register(registry);
            Gauge.builder("signalbox.replies.waiting", pool.room(lane), ReplyRoom::waiting).tags(tags)
                    .description("Requests that wait because their reply topic takes no more").register(registry);
            Gauge.builder("signalbox.scheduler.waiting", pool, worker -> waiting(worker, lane)).tags(tags)
                    .description("Requests that wait: for their turn, for room at a deployment, or for a pause to end")
                    .register(registry);
        }
        Tags tags = Tags.of("pool", pool.pool().name().value());
        routes(registry, pool);
        Gauge.builder("signalbox.scheduler.in.flight", pool, worker -> worker.scheduler().inFlight()).tags(tags)
                .description("Requests being served").register(registry);
        Gauge.builder("signalbox.scheduler.noisy.tenants", pool, worker -> worker.scheduler().noisyTenants())
                .tags(tags).description("Tenants with over a tenth of the requests being served, and at least 30")
                .register(registry);
        Gauge.builder("signalbox.scheduler.slots", pool, worker -> worker.scheduler().maxInFlight()).tags(tags)
                .description("Most requests served at once").register(registry);
    }

    /** One for each of its routes that has none yet. */
    static void routes(MeterRegistry registry, PoolWorker pool) {
        Tags tags = Tags.of("pool", pool.pool().name().value());
        for (String route : pool.routes()) {
            Gauge.builder(ROUTE_WAITING, pool, worker -> worker.waiting(route)).tags(tags.and("route", route))
                    .description("Requests that wait, by their route").register(registry);
        }
    }

    /** Takes away those of a pool's routes that the configuration has not any more. */
    static void removeRoutes(MeterRegistry registry, PoolName pool, Predicate<String> keepsRoute) {
        for (Meter meter : registry.getMeters()) {
            String route = meter.getId().getTag("route");
            if (meter.getId().getName().equals(ROUTE_WAITING) && pool.value().equals(meter.getId().getTag("pool"))
                    && (route == null || !keepsRoute.test(route))) {
                registry.remove(meter);
            }
        }
    }

    /** Takes away all gauges of a pool that has left. */
    static void remove(MeterRegistry registry, PoolName pool) {
        for (Meter meter : registry.getMeters()) {
            if ((meter instanceof Gauge || meter instanceof FunctionCounter)
                    && pool.value().equals(meter.getId().getTag("pool"))) {
                registry.remove(meter);
            }
        }
    }

    private static void overflow(MeterRegistry registry, Overflow overflow, Tags tags) {
        FunctionCounter.builder("signalbox.overflow.diverted", overflow, Overflow::requests).tags(tags)
                .description("Requests of noisy tenants moved to the overflow topic").register(registry);
        Gauge.builder("signalbox.overflow.tenants", overflow, any -> any.diverted().size()).tags(tags)
                .description("Tenants whose requests go by the overflow topic now").register(registry);
    }

    private static void duplicates(MeterRegistry registry, JoinedReplies joined, Tags tags) {
        Map<String, ToDoubleFunction<JoinedReplies>> outcomes = Map.of("joined", JoinedReplies::joined, "repeated",
                JoinedReplies::repeated, "rejected", JoinedReplies::rejected);
        outcomes.forEach((outcome, of) -> FunctionCounter.builder("signalbox.duplicates", joined, of)
                .tags(tags.and("outcome", outcome)).description("Records that repeat another one's id")
                .register(registry));
    }

    /** Not a number until the first record of its own was acknowledged: skew is told only where it is known. */
    static void register(MeterRegistry registry, BrokerClock clock) {
        Gauge.builder("signalbox.clock.skew.seconds", clock, any -> seconds(any.wallClockSkewMillis()))
                .description("This process's wall clock minus broker time").register(registry);
        Gauge.builder("signalbox.clock.uncertainty.seconds", clock, any -> seconds(any.uncertaintyMillis()))
                .description("By how much broker time may be misjudged here").register(registry);
    }

    private static double seconds(OptionalLong millis) {
        return millis.isPresent() ? millis.getAsLong() / 1e3 : Double.NaN;
    }

    private static double waiting(PoolWorker pool, Lane lane) {
        var priority = pool.scheduler().priorities().get(lane.priority());
        return priority == null ? 0 : priority.waiting();
    }

    private static void gauge(MeterRegistry registry, PoolWorker pool, Lane lane, String name, String description,
            Tags tags, ToDoubleFunction<IntakeStatus> of) {
        Gauge.builder(name, pool, worker -> of.applyAsDouble(status(worker, lane))).tags(tags).description(description)
                .register(registry);
    }

    private static void counter(MeterRegistry registry, PoolWorker pool, Lane lane, String name, String description,
            Tags tags, ToDoubleFunction<IntakeStatus> of) {
        FunctionCounter.builder(name, pool, worker -> of.applyAsDouble(status(worker, lane))).tags(tags)
                .description(description).register(registry);
    }

    private static IntakeStatus status(PoolWorker pool, Lane lane) {
        return Objects.requireNonNull(pool.intake().get(lane), "a pool's lanes do not change");
    }
}
