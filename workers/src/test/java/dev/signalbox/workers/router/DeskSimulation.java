package dev.signalbox.workers.router;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.workers.TestConfiguration;
import dev.signalbox.workers.router.CallLesson.Blame;
import dev.signalbox.workers.router.PermitDesk.Answer;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A worker's requests against vendors that behave as a test says, in virtual time: Poisson arrivals, up to three attempts
 * a visit, waiting for permits, and further visits after a second. Equal seeds give equal runs.
 */
final class DeskSimulation {
    static final long SECOND = 1_000_000_000L;
    static final long MILLI = 1_000_000L;

    /** How a deployment behaves. */
    interface VendorModel {
        /** Duration of a call started now in ns; negative: it fails after as long. */
        long call(DeploymentName deployment, int inFlight, long nowNanos, SplittableRandom random);
    }

    record Call(DeploymentName deployment, long startNanos, long endNanos, boolean answered) {
    }

    /** @param nanos from arrival to answer; negative: given up */
    record Served(long arrivedNanos, long nanos, int attempts) {
    }

    private record Event(long atNanos, long order, Runnable run) {
    }

    private static final class Request extends Waiter {
        private final long key;
        private final long arrivedNanos;
        private final Set<DeploymentName> tried = new HashSet<>();
        private int attempts;
        private int attemptsOfVisit;
        private int visits = 1;
        private long wakeOrder;

        Request(long key, long arrivedNanos) {
            this.key = key;
            this.arrivedNanos = arrivedNanos;
        }
    }

    final List<Call> calls = new ArrayList<>();
    final List<Served> served = new ArrayList<>();
    final PermitDesk desk;
    private final VendorModel vendors;
    private final SplittableRandom random;
    private final PriorityQueue<Event> events = new PriorityQueue<>(
            (a, b) -> a.atNanos() != b.atNanos()
                    ? Long.compare(a.atNanos(), b.atNanos())
                    : Long.compare(a.order(), b.order()));
    private final Map<DeploymentName, Integer> inFlight = new TreeMap<>();
    private long order;
    private long now = SECOND;

    DeskSimulation(Configuration configuration, VendorModel vendors, long seed) {
        this.random = new SplittableRandom(seed);
        this.desk = new PermitDesk(configuration, random.split());
        this.vendors = vendors;
    }

    /** Runs arrivals for that long, and then until nothing is left. */
    void run(double requestsPerSecond, long lengthNanos) {
        arrive(requestsPerSecond, now + lengthNanos);
        while (!events.isEmpty()) {
            Event event = events.remove();
            now = event.atNanos();
            event.run().run();
        }
    }

    private void at(long atNanos, Runnable run) {
        events.add(new Event(atNanos, order++, run));
    }

    private void arrive(double requestsPerSecond, long end) {
        long next = now + (long) (-Math.log(1 - random.nextDouble()) / requestsPerSecond * SECOND);
        if (next < end) {
            at(next, () -> {
                ask(new Request(random.nextLong(), now));
                arrive(requestsPerSecond, end);
            });
        }
    }

    private void ask(Request request) {
        request.wakeOrder++;
        boolean waits = !request.places.isEmpty();
        RoutingQuery query = new RoutingQuery(TestConfiguration.POOL, TestConfiguration.MODEL, "any", List.of(),
                new RoutingQuery.Needs(false, false, false, 100, OptionalInt.of(100), Map.of()), LocalDate.EPOCH,
                request.key);
        CallAsk ask = new CallAsk(RouteDecision.Rule.STRATEGY, Set.copyOf(request.tried), Set.of(), Optional.empty(),
                request.attemptsOfVisit > 0);
        switch (desk.ask(query, ask, waits ? request : null, now)) {
            case Answer.Granted(Permit permit, var routed, var candidate) -> {
                wake(desk.leave(request));
                call(request, permit);
            }
            case Answer.Busy(var routed, long untilNanos, boolean heldBack) -> {
                desk.enqueue(request, routed, TestConfiguration.POOL);
                long mine = request.wakeOrder;
                long until = untilNanos == Long.MAX_VALUE ? now + SECOND : Math.min(untilNanos, now + SECOND);
                at(Math.max(until, now + 1), () -> {
                    if (request.wakeOrder == mine) {
                        ask(request);
                    }
                });
            }
            case Answer.OutOfBudget out -> goBack(request);
            case Answer.Nowhere nowhere -> throw new AssertionError(nowhere.unroutable().message());
        }
    }

    private void wake(List<Waiter> waiters) {
        for (Waiter waiter : waiters) {
            Request request = (Request) waiter;
            long mine = request.wakeOrder;
            at(now, () -> {
                if (request.wakeOrder == mine) {
                    ask(request);
                }
            });
        }
    }

    private void call(Request request, Permit permit) {
        DeploymentName deployment = permit.deployment().name();
        int running = inFlight.merge(deployment, 1, Integer::sum);
        long length = vendors.call(deployment, running, now, random);
        long started = now;
        request.attempts++;
        request.attemptsOfVisit++;
        request.tried.add(deployment);
        at(now + Math.abs(length), () -> {
            inFlight.merge(deployment, -1, Integer::sum);
            boolean answered = length >= 0;
            calls.add(new Call(deployment, started, now, answered));
            if (answered) {
                desk.firstToken(permit, length, now);
            }
            wake(desk.ended(permit, new CallUse(CallUse.End.BY_VENDOR, OptionalLong.of(100), OptionalLong.of(100)),
                    answered
                            ? new CallLesson.Answered(100, 0)
                            : new CallLesson.Failed(Blame.SERVICE, Optional.empty()),
                    now));
            if (answered) {
                served.add(new Served(request.arrivedNanos, now - request.arrivedNanos, request.attempts));
            } else if (request.attemptsOfVisit < 3) {
                ask(request);
            } else {
                goBack(request);
            }
        });
    }

    private void goBack(Request request) {
        request.attemptsOfVisit = 0;
        request.tried.clear();
        if (request.visits++ == 10) {
            served.add(new Served(request.arrivedNanos, -1, request.attempts));
            return;
        }
        wake(desk.leave(request));
        at(now + random.nextLong(SECOND << Math.min(request.visits, 6)), () -> ask(request));
    }

    /** Part of the calls started within [from, to) that went there. */
    double share(String place, long from, long to) {
        long all = calls.stream().filter(call -> call.startNanos() >= from && call.startNanos() < to).count();
        long there = calls.stream().filter(call -> call.startNanos() >= from && call.startNanos() < to)
                .filter(call -> call.deployment().place().equals(place)).count();
        return (double) there / Math.max(1, all);
    }

    double percentileMillis(long from, long to, double part) {
        long[] nanos = served.stream().filter(each -> each.arrivedNanos() >= from && each.arrivedNanos() < to)
                .mapToLong(Served::nanos).sorted().toArray();
        return nanos[(int) Math.min(nanos.length - 1, Math.round(part * nanos.length))] / 1e6;
    }
}
