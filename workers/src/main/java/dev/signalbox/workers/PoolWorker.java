package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.capacity.TenantCalls;
import dev.signalbox.workers.intake.Handover;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.LaneConsumer;
import dev.signalbox.workers.intake.LaneConsumerProperties;
import dev.signalbox.workers.intake.NextChance;
import dev.signalbox.workers.intake.RequestReader;
import dev.signalbox.workers.intake.RequestSource;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.reply.DeadLetters;
import dev.signalbox.workers.reply.JoinedReplies;
import dev.signalbox.workers.reply.Rejections;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.OverflowTopic;
import dev.signalbox.workers.reply.ReplyClaims;
import dev.signalbox.workers.reply.ReplyPublisher;
import dev.signalbox.workers.reply.ReplyRoom;
import dev.signalbox.workers.reply.RetryTopic;
import dev.signalbox.workers.scheduler.Diversions;
import dev.signalbox.workers.scheduler.LeasedCalls;
import dev.signalbox.workers.scheduler.PoolDispatcher;
import dev.signalbox.workers.scheduler.PoolRules;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.RequestCost;
import dev.signalbox.workers.scheduler.RequestTask;
import dev.signalbox.workers.scheduler.RequestTasks;
import dev.signalbox.workers.scheduler.RouteShare;
import dev.signalbox.workers.scheduler.SchedulerStatus;
import dev.signalbox.workers.scheduler.ServedElsewhere;
import dev.signalbox.workers.scheduler.ShedReceipt;
import dev.signalbox.workers.scheduler.TenantUse;
import dev.signalbox.workers.vendor.VendorClient;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One pool's part of a worker: its scheduler and its connections to vendors, and for each of its lanes a consumer, a producer and the requests' path. */
final class PoolWorker implements AutoCloseable {
    private static final long SHARE_MILLIS = 100;
    private static final long PARK_MILLIS = 100;
    private static final long SWEEP_MILLIS = 1_000;
    private static final long CALM_MILLIS = 500;

    private final Pool pool;
    private final SharedStages shared;
    private final Lane lowest;
    private final VendorClient vendors;
    private final PoolDispatcher dispatcher;
    private final Map<Lane, LaneStages> lanes = new LinkedHashMap<>();
    private final Permits.RoomListener listener;
    private @Nullable ScheduledFuture<?> share;
    private volatile boolean stopped;
    private @Nullable ScheduledFuture<?> sweep;
    private @Nullable ScheduledFuture<?> park;
    private @Nullable ScheduledFuture<?> calm;
    /** Written by the timer alone. */
    private volatile double sharePart = Double.NaN;

    /**
     * What a lane has of its own.
     *
     * @param session for how long its partitions are its own though nobody hears of it
     */
    private record LaneStages(RequestFlow flow, RequestSource source, JoinedReplies joined, ReplyRoom room,
            ReplyPublisher replies, Parking parking, NextInLine line, Overflow overflow, OverflowCommits commits,
            Duration session) {
        /** What may go on goes, and what cannot makes room. */
        void makeRoom() {
            parking.turn();
            line.turn();
        }
    }

    /** @param leased tenants' calls at once of this pool */
    PoolWorker(Pool pool, SharedStages shared, WorkerOptions options, LeasedCalls leased) {
        this.pool = pool;
        this.shared = shared;
        this.vendors = shared.connections.vendors();
        var settings = shared.configuration.worker();
        // A budget may send the requests of all lanes to the lowest priority: no lane's intake is to wait for another's.
        PoolScheduler scheduler = new PoolScheduler(pool.priorities(), settings.maxInFlight(),
                LaneBounds.records(settings) * pool.priorities().size(),
                new PoolRules(tenant -> shared.tenantOrders.of(shared.plan().configuration().tenant(tenant),
                        shared.clock.nowMillis()), this::sheds, leased));
        this.lowest = new Lane(pool.name(), pool.priorities().keySet().stream().max(Comparator.naturalOrder())
                .orElseThrow());
        this.dispatcher = new PoolDispatcher(pool.name().value(), scheduler,
                tasks(), RequestCost::promptTokens, shared.clock, System::nanoTime, shared.timer);
        this.listener = new Permits.RoomListener() {
            @Override
            public PoolName pool() {
                return pool.name();
            }

            @Override
            public int waiting(DeploymentName deployment) {
                return dispatcher.waiting(deployment);
            }

            @Override
            public int freeSlots() {
                SchedulerStatus status = dispatcher.status();
                return status.maxInFlight() - status.inFlight();
            }

            @Override
            public void freed(DeploymentName deployment) {
                dispatcher.freed(deployment);
            }

            @Override
            public void freed() {
                Thread.startVirtualThread(dispatcher::freed);
            }
        };
        shared.permits.listen(listener);
        pool.priorities().keySet().stream().sorted().map(priority -> new Lane(pool.name(), priority))
                .forEach(lane -> lanes.put(lane, stages(lane, shared, options)));
    }

    private LaneStages stages(Lane lane, SharedStages shared, WorkerOptions options) {
        LaneBounds bounds = LaneBounds.of(shared.configuration.worker());
        RenewableProducer producer = new RenewableProducer(lane.toString(),
                shared.connections.producers(lingerMillis(lane.priority())));
        ReplyRoom room = new ReplyRoom(dispatcher);
        DeadLetters deadLetters = new DeadLetters(shared.control, shared.timer,
                reason -> shared.metrics.deadLetter(lane, reason));
        ReplyPublisher replies = new ReplyPublisher(shared.encoder, producer, room, new ReplyClaims(shared.claims),
                deadLetters, shared.timer, shared.clock);
        RetryPause pause = RetryPause.jittered(ThreadLocalRandom::current);
        Visit visit = new Visit(new Attempt.Stages(shared.permits, vendors, replies, shared.recorder, shared.identity,
                shared.clock::nowMillis, System::nanoTime),
                new Hedge(shared.permits, shared.timer, shared.metrics::hedged), pause);
        JoinedReplies joined = new JoinedReplies(shared.configuration.worker(), room, replies,
                request -> complete(request.ticket(), lane), shared.endings::tell, System::nanoTime);
        RetryTopic retries = new RetryTopic(lane.retryTopic(), producer);
        RequestFlow flow = new RequestFlow(shared::plan, shared.bodies, shared.permits, visit, pause,
                shared.writer, shared.metrics, joined::publish, shared.clock::nowMillis, System::nanoTime,
                shared.telemetry, shared::underWay,
                new LaterVisits(retries, request -> complete(request.ticket(), lane),
                        dispatcher::offer, () -> stages(lane).source.status(), bounds,
                        due -> stages(lane).source.expect(due), shared.clock));
        Rejections rejections = new Rejections(replies, deadLetters, ticket -> complete(ticket, lane));
        RequestReader reader = new RequestReader(lane, shared.requests::decode,
                () -> shared.plan().configuration());
        Handover handover = new Handover();
        RouteShare share = RouteShare.ofLane(bounds.pauseRecords(), bounds.pauseBytes());
        var properties = LaneConsumerProperties.of(lane, shared.identity.name(), options.clientProperties(), bounds,
                handover);
        OverflowCommits commits = new OverflowCommits(lane.overflowTopic(),
                () -> shared.connections.consumer(LaneConsumerProperties.ofAsker(properties)));
        Overflow overflow = new Overflow(lane, joined, new Diversions(bounds),
                tenant -> dispatcher.crowd(lane.priority(), tenant), new OverflowTopic(lane.overflowTopic(), producer),
                commits, request -> complete(request.ticket(), lane), shared.clock, Thread::startVirtualThread);
        NextChance chance = nextChance(lane, share);
        NextInLine line = new NextInLine(overflow, retries.lines(), this::isOver,
                () -> stages(lane).parking.isNearlyFull(), request -> stages(lane).parking.behind(request),
                Thread::startVirtualThread);
        RequestSource source = new LaneConsumer(lane, bounds, () -> shared.connections.consumer(properties),
                options.admission(), new ClockedReader(shared.clock, reader), new FurtherHops(line, retries,
                        request -> complete(request.ticket(), lane), shared.cancellations::contains,
                        due -> stages(lane).source.expect(due), shared.clock),
                rejections, handover, shared.trialTurn, shared.clock, chance, retries);
        Parking parking = new Parking(lane, Parking.Waiters.of(dispatcher), share, () -> Set.copyOf(routes()),
                source::status, bounds, retries, request -> complete(request.ticket(), lane),
                route -> parked(lane, route), shared.clock, ThreadLocalRandom::current, Thread::startVirtualThread);
        return new LaneStages(flow, source, joined, room, replies, parking, line, overflow, commits,
                LaneConsumerProperties.ownsFor(properties));
    }

    private boolean isOver(InboundRequest request) {
        return shared.cancellations.contains(request.id())
                || shared.clock.nowMillis() >= request.expiresAtMillis();
    }

    private void parked(Lane lane, String route) {
        shared.metrics.parked(lane);
        stages(lane).source.parked(route);
    }

    private NextChance nextChance(Lane lane, RouteShare share) {
        return new NextChance() {
            @Override
            public boolean hasRoom(String route) {
                return dispatcher.hasRoom(lane.priority(), route, share);
            }

            @Override
            public int few(String route) {
                return dispatcher.few(lane.priority(), route, share);
            }

            @Override
            public int waiting(String route, String tenant) {
                return dispatcher.waiting(lane.priority(), route, tenant);
            }

            @Override
            public boolean isOpen(String route) {
                return dispatcher.isOpen(lane.priority(), route);
            }

            @Override
            public boolean mayAwaitOlder(String route) {
                return isOpen(route) && !stages(lane).parking.isNearlyFull();
            }

            @Override
            public boolean isCancelled(String id) {
                return shared.cancellations.contains(id);
            }
        };
    }

    /** Who waits for tokens gets them at once; who does not, cheaper: a record costs the broker half as much at 5 ms. */
    private static int lingerMillis(Priority priority) {
        return switch (priority) {
            case INTERACTIVE -> 1;
            case STANDARD, BATCH, BACKGROUND -> 5;
        };
    }

    private RequestTasks tasks() {
        return new RequestTasks() {
            @Override
            public RequestTask begin(InboundRequest request) {
                return PoolWorker.this.begin(request);
            }

            @Override
            public boolean shed(InboundRequest request, ShedReceipt receipt) {
                LaneStages stages = stages(request.lane());
                boolean tells = !stages.room.isFull(request) && !shared.cancellations.contains(request.id());
                if (tells) {
                    stages.flow.shed(request, receipt);
                }
                return tells;
            }
        };
    }

    private Set<Priority> sheds() {
        return shared.plan().configuration().pool(pool.name()).map(Pool::sheds).orElse(Set.of());
    }

    /** One whose reply topic has no room gives its slot back, and comes again when there is some. */
    private RequestTask begin(InboundRequest request) {
        LaneStages stages = stages(request.lane());
        RequestTask path = new RoomFirst(stages.flow.begin(request), stages.room, this::overMillis);
        return shared.budgets.first(path, lowest, stages.flow::reject);
    }

    private void complete(Ticket ticket, Lane lane) {
        LaneStages stages = stages(lane);
        stages.joined.completed(ticket);
        stages.source.complete(ticket);
    }

    private LaneStages stages(Lane lane) {
        return Objects.requireNonNull(lanes.get(lane), "a pool serves the lanes it was made with");
    }

    /** @param first what to wait for, once broker time is known, before anything is served */
    void start(Runnable first) {
        lanes.values().forEach(lane -> Thread.startVirtualThread(lane.replies::prepare));
        shared.onceTimeIsKnown(() -> {
            first.run();
            if (!stopped) {
                lanes.values().forEach(lane -> lane.source.start());
            }
        });
        share = shared.timer.scheduleWithFixedDelay(this::takeShare, 0, SHARE_MILLIS, TimeUnit.MILLISECONDS);
        park = shared.timer.scheduleWithFixedDelay(() -> lanes.values().forEach(LaneStages::makeRoom),
                PARK_MILLIS, PARK_MILLIS, TimeUnit.MILLISECONDS);
        calm = shared.timer.scheduleWithFixedDelay(() -> lanes.values().forEach(lane -> lane.overflow.turn()),
                CALM_MILLIS, CALM_MILLIS, TimeUnit.MILLISECONDS);
        sweep = shared.timer.scheduleWithFixedDelay(this::sweepRooms, SWEEP_MILLIS, SWEEP_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    private void sweepRooms() {
        long overMillis = overMillis();
        lanes.values().forEach(lane -> lane.room.sweep(overMillis));
    }

    /** Nobody awaits the reply of a request that expired before it. */
    private long overMillis() {
        return shared.clock.nowMillis() - ReplyPublisher.GRACE.toMillis();
    }

    /**
     * Without leases several workers share a pool's part of each limit by the partitions of its lanes that they own: ownership is
     * exclusive, so the parts sum up to at most the whole. Who is out of touch with a lane's coordinator may own none of it any more.
     */
    private void takeShare() {
        int owned = lanes.values().stream().filter(lane -> lane.source.silence().compareTo(lane.session) < 0)
                .mapToInt(lane -> lane.source.status().partitions()).sum();
        int all = Math.max(owned, lanes.size() * Lane.TOPICS * shared.plan().configuration().topics().partitions());
        double part = (double) owned / all;
        if (part != sharePart) {
            sharePart = part;
            shared.permits.share(pool.name(), part);
            if (owned > 0) {
                dispatcher.share(part);
            }
        }
    }

    /** Weights and floors hold from the next turn on; priorities that are new or gone from the worker's next start. */
    void reweigh(Map<Priority, Pool.PriorityShare> priorities) {
        if (priorities.keySet().equals(pool.priorities().keySet())) {
            dispatcher.reweigh(priorities);
        }
    }

    /** Looks for cancelled requests among those that wait. */
    void hastenCancelled() {
        dispatcher.hasten(request -> shared.cancellations.contains(request.id()));
        lanes.values().forEach(lane -> lane.source.hasten(shared.cancellations::contains));
    }

    /** What this worker served its tenants, as far as it is to be told now. */
    List<TenantUse> tenantUse() {
        return dispatcher.tenantUse();
    }

    /** Calls of tenants who have a limit of calls at once. */
    List<TenantCalls> tenantCalls() {
        return dispatcher.tenantCalls();
    }

    /** More calls of a tenant may run, perhaps. */
    void leased(String tenant) {
        dispatcher.leased(tenant);
    }

    /** Of the pool's partitions, 0 to 1. */
    double ownedPart() {
        double part = sharePart;
        return Double.isNaN(part) ? 0 : part;
    }

    /** Whose requests go by the overflow topic, and since when, ms on the broker's clock. */
    Map<Priority, Map<String, Long>> diverted() {
        Map<Priority, Map<String, Long>> diverted = new EnumMap<>(Priority.class);
        lanes.forEach((lane, stages) -> diverted.put(lane.priority(), stages.overflow.diverted().stream()
                .collect(Collectors.toMap(Diversions.Diverted::tenant, Diversions.Diverted::sinceMillis))));
        return diverted;
    }

    /** What other workers served tenants, and what those use in the whole fleet. */
    void elsewhere(List<ServedElsewhere.Served> served, List<ServedElsewhere.FleetUse> uses) {
        dispatcher.elsewhere(served, uses);
    }

    Pool pool() {
        return pool;
    }

    SchedulerStatus scheduler() {
        return dispatcher.status();
    }

    /** Names of the routes that its requests may go by. */
    List<String> routes() {
        return shared.plan().reach().names();
    }

    /** Requests of a route that wait. */
    int waiting(String route) {
        return dispatcher.waiting(route);
    }

    Map<Lane, IntakeStatus> intake() {
        Map<Lane, IntakeStatus> statuses = new LinkedHashMap<>();
        lanes.forEach((lane, stages) -> statuses.put(lane, stages.source.status()));
        return statuses;
    }

    JoinedReplies joined(Lane lane) {
        return stages(lane).joined;
    }

    Overflow overflow(Lane lane) {
        return stages(lane).overflow;
    }

    ReplyRoom room(Lane lane) {
        return stages(lane).room;
    }

    /** Takes nothing more and starts nothing more; what runs goes on. */
    void stop() {
        stopped = true;
        lanes.values().forEach(lane -> lane.source.stopAdmitting());
        dispatcher.stop();
    }

    /** Waits until nothing runs; false if that took longer than the limit. */
    boolean awaitIdle(Duration limit) {
        try {
            return dispatcher.awaitIdle(limit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Replies first, so that their offsets are done before the partitions are given back. */
    @Override
    public void close() {
        if (share != null) {
            share.cancel(false);
        }
        if (park != null) {
            park.cancel(false);
        }
        if (calm != null) {
            calm.cancel(false);
        }
        if (sweep != null) {
            sweep.cancel(false);
        }
        shared.permits.forget(listener);
        lanes.values().forEach(lane -> lane.replies.close());
        lanes.values().forEach(lane -> lane.source.close());
        lanes.values().forEach(lane -> lane.commits.close());
        vendors.close();
    }
}
