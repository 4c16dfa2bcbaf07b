package dev.signalbox.workers;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.FleetClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.ParkedDelay;
import dev.signalbox.workers.intake.ParkedLines;
import dev.signalbox.workers.reply.RetryTopic;
import dev.signalbox.workers.scheduler.PoolDispatcher;
import dev.signalbox.workers.scheduler.PoolScheduler.Parked;
import dev.signalbox.workers.scheduler.RouteShare;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Moves what a blocked route has too much of from a lane's buffer to its retry topic, while others may wait behind it: once
 * the lane has taken in half of what it may. A request that was moved is done here when its new record is acknowledged;
 * if that cannot be written it waits here as before.
 */
final class Parking {
    /** At once, so that the pool's lock is held for a few ms at most. */
    private static final int MOST_AT_ONCE = 1_000;

    private final Lane lane;
    private final Waiters waiters;
    private final RouteShare share;
    private final Supplier<Set<String>> routes;
    private final Supplier<IntakeStatus> intake;
    private final LaneBounds bounds;
    private final RetryTopic retries;
    private final Consumer<InboundRequest> done;
    private final Consumer<String> counted;
    private final FleetClock clock;
    private final Supplier<RandomGenerator> random;
    private final Executor threads;
    private final AtomicBoolean underWay = new AtomicBoolean();

    /** Those that wait in the pool. */
    interface Waiters {
        /** As {@link PoolDispatcher#park}. */
        List<Parked> park(Priority priority, RouteShare share, Set<String> all, int most);

        /** As {@link PoolDispatcher#offer}. */
        void offer(InboundRequest request);

        static Waiters of(PoolDispatcher dispatcher) {
            return new Waiters() {
                @Override
                public List<Parked> park(Priority priority, RouteShare share, Set<String> all, int most) {
                    return dispatcher.park(priority, share, all, most);
                }

                @Override
                public void offer(InboundRequest request) {
                    dispatcher.offer(request);
                }
            };
        }
    }

    /**
     * @param routes names of those that the lane's requests may go by
     * @param done told when a request's new record is acknowledged
     * @param counted told of each one's route then
     * @param threads what it moves it moves there, and may wait
     */
    Parking(Lane lane, Waiters waiters, RouteShare share, Supplier<Set<String>> routes,
            Supplier<IntakeStatus> intake, LaneBounds bounds, RetryTopic retries, Consumer<InboundRequest> done,
            Consumer<String> counted, FleetClock clock, Supplier<RandomGenerator> random, Executor threads) {
        this.lane = lane;
        this.waiters = waiters;
        this.share = share;
        this.routes = routes;
        this.intake = intake;
        this.bounds = bounds;
        this.retries = retries;
        this.done = done;
        this.counted = counted;
        this.clock = clock;
        this.random = random;
        this.threads = threads;
    }

    /** Looks whether something is to be moved. Returns at once; what it moves it moves on a thread of its own, one at a time. */
    void turn() {
        IntakeStatus now = intake.get();
        boolean crowded = isCrowded(now);
        if ((crowded || now.crowdedByOverflow()) && underWay.compareAndSet(false, true)) {
            RouteShare each = crowded ? share : ofOverflow();
            threads.execute(() -> {
                try {
                    List<Parked> parked;
                    do {
                        parked = waiters.park(lane.priority(), each, routes.get(), MOST_AT_ONCE);
                        move(parked);
                    } while (parked.size() == MOST_AT_ONCE && isCrowded(intake.get()));
                } finally {
                    underWay.set(false);
                }
            });
        }
    }

    /** Where only the overflow topic is held up, a blocked route has a quarter of its room. */
    private RouteShare ofOverflow() {
        return RouteShare.ofLane(bounds.overflowRecords(), bounds.overflowBytes());
    }

    /** Whether the lane has taken in three quarters of what it may, so that nobody may await others in it. */
    boolean isNearlyFull() {
        IntakeStatus now = intake.get();
        return now.roomRecords() >= bounds.pauseRecords() / 4 * 3 || now.roomBytes() >= bounds.pauseBytes() / 4 * 3;
    }

    /** Moves a retry that has older ones of its line before it there. */
    void behind(InboundRequest request) {
        String route = ParkedLines.route(request.line());
        publish(request, route, new RetryTopic.Later(delay(request), Optional.of(route), Optional.empty(),
                Optional.empty()));
    }

    private boolean isCrowded(IntakeStatus now) {
        return now.roomRecords() >= bounds.pauseRecords() / 2 || now.roomBytes() >= bounds.pauseBytes() / 2;
    }

    private void move(List<Parked> parked) {
        for (Parked each : parked) {
            publish(each.request(), each.route(), later(each));
        }
    }

    private void publish(InboundRequest request, String route, RetryTopic.Later later) {
        retries.publish(request, later, written -> {
            counted.accept(route);
            done.accept(written);
        }, failed -> threads.execute(() -> waiters.offer(failed)));
    }

    private RetryTopic.Later later(Parked parked) {
        String line = ParkedLines.line(parked.route(), parked.request().request().getTenant());
        return new RetryTopic.Later(delay(parked.request()), Optional.of(parked.route()), Optional.of(line),
                parked.history());
    }

    private Duration delay(InboundRequest request) {
        return Duration.ofMillis(ParkedDelay.millis(request.hop(), request.expiresAtMillis() - clock.nowMillis(),
                random.get().nextDouble()));
    }
}
