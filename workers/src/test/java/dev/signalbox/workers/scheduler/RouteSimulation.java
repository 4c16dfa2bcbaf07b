package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A pool's scheduler in virtual time over deployments that a test scripts: it moves the model as the dispatcher does, and
 * after each step holds it to what is true of the deployments. Equal seeds give equal runs.
 */
final class RouteSimulation {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000 * MILLI;

    /** Calls at once, and from when to when it is shut; outsiders may or may not be told when it opens. */
    static final class Vendor {
        final DeploymentName name;
        final int atOnce;
        long shutFrom = Long.MAX_VALUE;
        long shutUntil;
        boolean saysUntil = true;
        /** Part of the calls that fail. */
        double failing;
        int running;

        Vendor(String place, int atOnce) {
            this.name = new DeploymentName(place, "m");
            this.atOnce = atOnce;
        }

        boolean hasRoom(long now) {
            return running < atOnce && !isShut(now);
        }

        @Override
        public String toString() {
            return "%s running %d of %d, shut %d to %d%s".formatted(name, running, atOnce, shutFrom, shutUntil,
                    saysUntil ? "" : " untold");
        }

        private boolean isShut(long now) {
            return now >= shutFrom && now < shutUntil;
        }

        boolean isKnownToHaveRoom(long now) {
            return hasRoom(now) && (saysUntil || now < shutFrom
                    || now > shutUntil + PoolScheduler.LONGEST_SHUT_NANOS + MILLI);
        }

        private long forNanos(long now) {
            return isShut(now) && saysUntil ? shutUntil - now : Long.MAX_VALUE;
        }
    }

    /** One request and what became of it. */
    final class Path implements RequestTask {
        final InboundRequest request;
        final String route;
        final Map<DeploymentName, Vendor> vendors;
        final long arrivedNanos;
        long startedNanos = -1;
        long endedNanos = -1;
        boolean expired;
        boolean inSlot;
        long pausedUntil = Long.MIN_VALUE;
        private Vendor at;
        private int calls;

        Path(InboundRequest request, String route, List<Vendor> vendors) {
            this.request = request;
            this.route = route;
            this.vendors = new LinkedHashMap<>();
            vendors.forEach(vendor -> this.vendors.put(vendor.name, vendor));
            this.arrivedNanos = now;
            this.at = vendors.getFirst();
        }

        @Override
        public InboundRequest request() {
            return request;
        }

        @Override
        public String route() {
            return route;
        }

        @Override
        public Set<DeploymentName> deployments() {
            return vendors.keySet();
        }

        @Override
        public Readiness ask() {
            asked++;
            if (request.expiresAtMillis() <= now / MILLI) {
                expired = true;
                return Readiness.READY;
            }
            long until = Long.MAX_VALUE;
            for (Vendor vendor : vendors.values()) {
                if (vendor.hasRoom(now)) {
                    at = vendor;
                    vendor.running++;
                    assertThat(vendor.running).isLessThanOrEqualTo(vendor.atOnce);
                    return Readiness.READY;
                }
                until = Math.min(until, vendor.forNanos(now));
            }
            return new Readiness.Busy(vendors.keySet(), until);
        }

        /** The simulation does what a thread would. */
        @Override
        public Step run() {
            throw new UnsupportedOperationException();
        }

        boolean couldGo() {
            return pausedUntil <= now && vendors.values().stream().anyMatch(vendor -> vendor.isKnownToHaveRoom(now));
        }
    }

    private record Event(long at, long order, Runnable run) {
    }

    final PoolScheduler scheduler;
    final List<Path> ended = new ArrayList<>();
    final Set<Path> waiting = new java.util.LinkedHashSet<>();
    final List<Path> started = new ArrayList<>();
    long now = SECOND;
    long asked;
    int running;
    private final int slots;
    private final Requests requests = new Requests();
    private final SplittableRandom random;
    private final PriorityQueue<Event> events = new PriorityQueue<>((a, b) -> a.at != b.at
            ? Long.compare(a.at, b.at)
            : Long.compare(a.order, b.order));
    private long order;
    private long alarm = Long.MAX_VALUE;

    RouteSimulation(PoolScheduler scheduler, int slots, SplittableRandom random) {
        this.scheduler = scheduler;
        this.slots = slots;
        this.random = random;
    }

    void at(long time, Runnable run) {
        events.add(new Event(time, order++, run));
    }

    void run() {
        while (!events.isEmpty()) {
            Event event = events.remove();
            now = event.at;
            event.run.run();
            step();
            check();
        }
    }

    Path arrive(Priority priority, String tenant, String route, List<Vendor> vendors, long timeToLiveMillis,
            long costUnits) {
        Path path = new Path(requests.of(priority, tenant, now / MILLI + timeToLiveMillis, 0, 1), route, vendors);
        assertThat(scheduler.offer(path, costUnits)).isEqualTo(PoolScheduler.Offer.WAITING);
        waiting.add(path);
        return path;
    }

    private void step() {
        for (Optional<Dispatch> next = next(); next.isPresent(); next = next()) {
            start(next.get());
        }
        scheduler.dueNanos(now / MILLI, now).ifPresent(due -> {
            if (due < alarm) {
                alarm = Math.max(due, now + 1);
                long mine = alarm;
                at(alarm, () -> alarm = alarm == mine ? Long.MAX_VALUE : alarm);
            }
        });
    }

    private Optional<Dispatch> next() {
        return scheduler.next(RequestTask::ask, now / MILLI, now);
    }

    private void start(Dispatch dispatch) {
        Path path = (Path) dispatch.task();
        assertThat(waiting.remove(path)).as("it waited").isTrue();
        path.inSlot = dispatch.inSlot();
        running += path.inSlot ? 1 : 0;
        started.add(path);
        path.startedNanos = path.startedNanos < 0 ? now : path.startedNanos;
        call(dispatch, path);
    }

    private void call(Dispatch dispatch, Path path) {
        if (path.expired) {
            at(now, () -> end(dispatch, path));
            return;
        }
        Vendor vendor = path.at;
        boolean fails = random.nextDouble() < vendor.failing && path.calls++ < 5;
        at(now + 5 * MILLI + random.nextLong(40 * MILLI), () -> {
            vendor.running--;
            scheduler.freed(vendor.name);
            if (!fails) {
                end(dispatch, path);
            } else if (random.nextBoolean() || !scheduler.mayAsk(dispatch)) {
                waits(path);
                Duration pause = Duration.ofMillis(random.nextLong(300));
                path.pausedUntil = now + pause.toNanos();
                scheduler.again(dispatch, pause, now);
            } else {
                switch (path.ask()) {
                    case Readiness.Ready ready -> call(dispatch, path);
                    case Readiness.Busy busy -> {
                        waits(path);
                        scheduler.refused(dispatch, busy, now);
                    }
                }
            }
        });
    }

    private void waits(Path path) {
        running -= path.inSlot ? 1 : 0;
        waiting.add(path);
    }

    private void end(Dispatch dispatch, Path path) {
        running -= path.inSlot ? 1 : 0;
        path.endedNanos = now;
        ended.add(path);
        scheduler.finished(dispatch, dispatch.costUnits(), now);
    }

    /** Bounds hold, and nobody waits who could go: at once where the model can know it, else within a second. */
    private void check() {
        assertThat(running).isLessThanOrEqualTo(slots);
        assertThat(scheduler.status().inFlight()).as("slots are held by what runs").isEqualTo(running);
        assertThat(scheduler.status().waiting()).isEqualTo(waiting.size());
        if (running < slots) {
            for (Path path : waiting) {
                assertThat(path.couldGo())
                        .as("work-conserving: %s of %s at %d, paused until %d, %s", path.request.id(), path.route, now,
                                path.pausedUntil, path.vendors.values())
                        .isFalse();
            }
        }
        for (Path path : waiting) {
            assertThat(Math.max(path.request.expiresAtMillis(), path.pausedUntil / MILLI))
                    .as("answered when its time is up, a slot or none").isGreaterThan(now / MILLI - 2);
        }
    }
}
