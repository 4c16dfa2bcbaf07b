package dev.signalbox.workers;

import dev.signalbox.schemas.Lane;
import dev.signalbox.workers.intake.FleetClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.reply.OverflowTopic;
import dev.signalbox.workers.scheduler.Crowd;
import dev.signalbox.workers.scheduler.Diversions;
import dev.signalbox.workers.scheduler.Diversions.Diverted;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongPredicate;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what comes of a lane's noisy tenants on to its overflow topic ({@link Diversions} says whose), and lets it in when it
 * comes back from there. A request that was sent on is done here when its new record is acknowledged; if that cannot be
 * written it waits here as all others do.
 */
final class Overflow implements RequestSink {
    private static final Logger LOG = LoggerFactory.getLogger(Overflow.class);
    /** Whose time is nearly up is told where it is. */
    private static final long MIN_LEFT_MILLIS = 500;

    private final Lane lane;
    private final RequestSink next;
    private final Diversions model;
    private final Function<String, Crowd> crowd;
    private final OverflowTopic topic;
    private final Commits commits;
    private final Consumer<InboundRequest> done;
    private final FleetClock clock;
    private final Executor threads;
    /** Guards the model; never held while something is published or read. */
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicBoolean asking = new AtomicBoolean();
    private final AtomicLong requests = new AtomicLong();

    /** What the lane's group has committed of the overflow topic. */
    @FunctionalInterface
    interface Commits {
        /**
         * By partition, which offsets are done; one of which nothing is known is left out. Blocks.
         *
         * @throws RuntimeException if it cannot be had now
         */
        Map<Integer, LongPredicate> read(Set<Integer> partitions);
    }

    /**
     * @param next where requests go that stay
     * @param crowd who waits in the lane, with a tenant
     * @param done told when a request's new record is acknowledged; short
     * @param threads may wait
     */
    Overflow(Lane lane, RequestSink next, Diversions model, Function<String, Crowd> crowd, OverflowTopic topic,
            Commits commits, Consumer<InboundRequest> done, FleetClock clock, Executor threads) {
        this.lane = lane;
        this.next = next;
        this.model = model;
        this.crowd = crowd;
        this.topic = topic;
        this.commits = commits;
        this.done = done;
        this.clock = clock;
        this.threads = threads;
    }

    @Override
    public void offer(InboundRequest request) {
        if (isDiverted(request)) {
            send(request);
        } else {
            next.offer(request);
        }
    }

    private boolean isDiverted(InboundRequest request) {
        TopicPartition partition = request.ticket().partition();
        String tenant = request.request().getTenant();
        long now = clock.nowMillis();
        boolean movable = request.source() != null && request.expiresAtMillis() - now >= MIN_LEFT_MILLIS;
        lock.lock();
        try {
            if (partition.topic().equals(lane.overflowTopic())) {
                model.cameBack(tenant, partition.partition(), request.ticket().offset(), now);
                return false;
            }
            if (!movable || !partition.topic().equals(lane.requestTopic())) {
                return false;
            }
            int before = model.size();
            boolean diverted = model.arrived(tenant, () -> crowd.apply(tenant), now);
            if (model.size() > before) {
                LOG.info("{}: what comes of tenant {} goes by the overflow topic", lane, tenant);
            }
            return diverted;
        } finally {
            lock.unlock();
        }
    }

    private void send(InboundRequest request) {
        String tenant = request.request().getTenant();
        topic.publish(request, new OverflowTopic.Outcome() {
            @Override
            public void written(int partition, long offset) {
                requests.incrementAndGet();
                change(() -> model.written(tenant, partition, offset));
                done.accept(request);
            }

            @Override
            public void failed() {
                change(() -> model.failed(tenant, clock.nowMillis()));
                threads.execute(() -> next.offer(request));
            }
        });
    }

    private void change(Runnable step) {
        lock.lock();
        try {
            step.run();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void forget(TopicPartition partition, int epoch) {
        next.forget(partition, epoch);
    }

    /** Looks who is calm again. Returns at once; it asks on a thread of its own, once at a time. */
    void turn() {
        if (!isCalm() && asking.compareAndSet(false, true)) {
            threads.execute(() -> {
                try {
                    ask();
                } catch (RuntimeException e) {
                    LOG.warn("{}: what is committed of the overflow topic cannot be had now: {}", lane, e.toString());
                } finally {
                    asking.set(false);
                }
            });
        }
    }

    private void ask() {
        Set<Integer> awaited = awaited();
        Map<Integer, LongPredicate> committed = awaited.isEmpty() ? Map.of() : commits.read(awaited);
        List<Diverted> calm;
        long now = clock.nowMillis();
        lock.lock();
        try {
            calm = model.done(committed, now);
        } finally {
            lock.unlock();
        }
        calm.forEach(each -> LOG.info("{}: tenant {} is not diverted any more, after {}", lane, each.tenant(),
                Duration.ofMillis(now - each.sinceMillis())));
    }

    private Set<Integer> awaited() {
        lock.lock();
        try {
            return model.awaited();
        } finally {
            lock.unlock();
        }
    }

    private boolean isCalm() {
        lock.lock();
        try {
            return model.size() == 0;
        } finally {
            lock.unlock();
        }
    }

    /** Whose requests are diverted now. */
    Collection<Diverted> diverted() {
        lock.lock();
        try {
            return model.diverted();
        } finally {
            lock.unlock();
        }
    }

    /** Requests that were sent on since the start. */
    long requests() {
        return requests.get();
    }
}
