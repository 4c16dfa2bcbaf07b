package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * A pool's scheduler in virtual time over one deployment with few calls at once: nothing else is scarce. Requests arrive as
 * a test says; each call takes as long and costs as much as its request says.
 */
final class ScarceCapacity {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000 * MILLI;
    static final DeploymentName PLACE = new DeploymentName("scarce", "m");

    /** One request, from arrival to its end. */
    final class Call implements RequestTask {
        final InboundRequest request;
        final long arrivedNanos;
        final long tokens;
        final long lengthNanos;
        long startedNanos = -1;
        long endedNanos = -1;
        private boolean expired;

        Call(InboundRequest request, long tokens, long lengthNanos) {
            this.request = request;
            this.arrivedNanos = now;
            this.tokens = tokens;
            this.lengthNanos = lengthNanos;
        }

        @Override
        public InboundRequest request() {
            return request;
        }

        @Override
        public String route() {
            return "scarce";
        }

        @Override
        public Set<DeploymentName> deployments() {
            return Set.of(PLACE);
        }

        @Override
        public Readiness ask() {
            expired = request.expiresAtMillis() <= now / MILLI;
            if (expired) {
                return Readiness.READY;
            }
            boolean interactive = priority() == Priority.INTERACTIVE;
            long held = interactive ? 0 : holdback.heldBack(atOnce, now);
            return running + held < atOnce
                    ? Readiness.READY
                    : new Readiness.Busy(deployments(), Long.MAX_VALUE, running < atOnce);
        }

        @Override
        public OptionalLong usedTokens() {
            return OptionalLong.of(endedNanos < 0 || expired ? 0 : tokens);
        }

        @Override
        public Step run() {
            throw new UnsupportedOperationException("the simulation does what a thread would");
        }

        Priority priority() {
            return request.lane().priority();
        }

        String tenant() {
            return request.request().getTenant();
        }

        long waitedNanos() {
            return startedNanos - arrivedNanos;
        }
    }

    private record Event(long at, long order, Runnable run) {
    }

    final PoolScheduler scheduler;
    final List<Call> arrived = new ArrayList<>();
    final List<Call> started = new ArrayList<>();
    final List<Call> ended = new ArrayList<>();
    final List<Call> shed = new ArrayList<>();
    long now = SECOND;
    int running;
    private final int atOnce;
    private final Holdback holdback = new Holdback();
    private final Requests requests = new Requests();
    private final PriorityQueue<Event> events = new PriorityQueue<>((a, b) -> a.at != b.at
            ? Long.compare(a.at, b.at)
            : Long.compare(a.order, b.order));
    private long order;
    private long alarm = Long.MAX_VALUE;

    /** @param atOnce most calls at once */
    ScarceCapacity(PoolScheduler scheduler, int atOnce) {
        this.scheduler = scheduler;
        this.atOnce = atOnce;
    }

    void at(long time, Runnable run) {
        events.add(new Event(time, order++, run));
    }

    void runUntil(long time) {
        while (!events.isEmpty() && events.peek().at <= time) {
            Event event = events.remove();
            now = event.at;
            event.run.run();
            step();
        }
    }

    /** One arrives now; whether it waits (and is not shed). */
    boolean arrive(Priority priority, String tenant, long promptUnits, long tokens, long lengthNanos,
            long timeToLiveMillis) {
        InboundRequest request = requests.arriving(priority, tenant, now / MILLI, timeToLiveMillis);
        Call call = new Call(request, tokens, lengthNanos);
        if (scheduler.arrived(request, promptUnits, now / MILLI, now).isPresent()) {
            shed.add(call);
            return false;
        }
        assertThat(scheduler.offer(call, promptUnits)).isEqualTo(PoolScheduler.Offer.WAITING);
        arrived.add(call);
        return true;
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
        Call call = (Call) dispatch.task();
        call.startedNanos = now;
        if (call.expired) {
            at(now, () -> end(dispatch, call));
            return;
        }
        started.add(call);
        running++;
        assertThat(running).isLessThanOrEqualTo(atOnce);
        boolean interactive = call.priority() == Priority.INTERACTIVE;
        if (interactive) {
            holdback.started(now);
        }
        at(now + call.lengthNanos, () -> {
            running--;
            if (interactive) {
                holdback.ended(now);
            }
            end(dispatch, call);
            scheduler.freed(PLACE);
        });
    }

    private void end(Dispatch dispatch, Call call) {
        call.endedNanos = now;
        ended.add(call);
        scheduler.finished(dispatch, dispatch.spentCostUnits(), now);
    }
}
