package dev.signalbox.workers;

import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.workers.WaitingPlan.Bug;
import dev.signalbox.workers.WaitingRequest.Place;
import dev.signalbox.workers.WaitingRoute.Weather;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.NextChance;
import dev.signalbox.workers.intake.Onward;
import dev.signalbox.workers.intake.RecordReader;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.intake.SteppedIntake;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.reply.RetryTopic;
import dev.signalbox.workers.scheduler.Dispatch;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.PoolScheduler.Parked;
import dev.signalbox.workers.scheduler.RequestTask;
import dev.signalbox.workers.scheduler.RouteShare;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ObjLongConsumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * One lane of one worker on a virtual clock: its intake, its scheduler and what moves requests to the retry topic are those
 * that ship; logs, vendors and callers are the seed's. First a storm, then all routes are up until everything has ended.
 */
final class WaitingWorld {
    static final Lane LANE = new Lane(TestConfiguration.POOL, Priority.STANDARD);
    /** A poll ends when records have come, or after a while without. */
    private static final long FETCH_MILLIS = 10;
    private static final long POLL_MILLIS = 50;
    private static final long IDLE_MILLIS = 400;
    private static final long PARK_MILLIS = 100;
    private static final long START = 1_000_000;
    private static final int MAX_VISITS = 10;
    private static final ReplyAddress ADDRESS = new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens",
            ReplyAddress.Form.AVRO, List.of(), List.of());

    final SplittableRandom random;
    final Bug bug;
    final WaitingPlan plan;
    final Map<String, WaitingRequest> requests = new HashMap<>();
    final List<WaitingRequest> live = new ArrayList<>();
    final WaitingLogs logs;
    final WaitingJudge judge;
    final SteppedIntake intake;
    final PoolScheduler scheduler;
    private final @Nullable Consumer<String> trace;
    final WaitingEvents events = new WaitingEvents(START);
    private final WaitingArrivals arrivals = new WaitingArrivals(this);
    private final NextChance chance;
    private final NextInLine line;
    private final Parking parking;
    private final LaterVisits later;
    private final RetryPause pauses;
    private final Map<WaitingRequest, Dispatch> calls = new HashMap<>();
    private final Set<String> heard = new HashSet<>();
    private long alarm = Long.MAX_VALUE;

    WaitingWorld(long seed, Bug bug, @Nullable Consumer<String> trace) {
        this(seed, bug, trace, random -> new WaitingPlan(random, bug));
    }

    WaitingWorld(long seed, Bug bug, @Nullable Consumer<String> trace, Function<SplittableRandom, WaitingPlan> plans) {
        this.random = new SplittableRandom(seed);
        this.bug = bug;
        this.trace = trace;
        this.plan = plans.apply(random.split());
        this.logs = new WaitingLogs(LANE, plan);
        // A coordinator that is slow, once partitions are claimed: fewer commits have to be made.
        logs.answers = answer -> events.after(nowMillis() < START + 500 ? 0 : 1_000, answer);
        this.judge = new WaitingJudge(this);
        this.scheduler = new PoolScheduler(Map.of(Priority.STANDARD, new Pool.PriorityShare(1, 0)),
                plan.settings.maxInFlight(), plan.settings.bufferRecords() + plan.settings.maxInFlight());
        RouteShare share = RouteShare.ofLane(plan.bounds.pauseRecords(), plan.bounds.pauseBytes());
        this.chance = nextChance(share);
        Set<String> names = plan.routes.stream().map(route -> route.name).collect(Collectors.toSet());
        RetryTopic retries = new RetryTopic(LANE.retryTopic(),
                new RenewableProducer("waiting", () -> new WaitingProducer(this::publish)));
        RequestSink here = new RequestSink() {
            @Override
            public void offer(InboundRequest request) {
                WaitingWorld.this.offer(request);
            }

            @Override
            public void forget(TopicPartition partition, int epoch) {
                throw new AssertionError("partitions stay");
            }
        };
        this.line = new NextInLine(here, retries.lines(),
                request -> heard.contains(request.id()) || request.expiresAtMillis() <= nowMillis(),
                () -> parking().isNearlyFull(), request -> parking().behind(request), Runnable::run);
        this.intake = new SteppedIntake(LANE, plan.bounds, logs, this::read,
                new FurtherHops(bug == Bug.RETRIES_PASS_THE_PARKED ? here : line, retries, this::done, heard::contains,
                        this::expect, this::nowMillis),
                () -> events.nanos(),
                () -> nowMillis() + (bug == Bug.RETRY_BEFORE_ITS_TIME ? 2_000 : 0),
                chance, bug == Bug.NOTHING_IS_READ_ON ? Onward.NOWHERE : retries);
        this.later = new LaterVisits(retries, this::done, this::offer, intake::status, plan.bounds, this::expect,
                this::nowMillis);
        this.pauses = RetryPause.jittered(() -> random);
        this.parking = new Parking(LANE, new Parking.Waiters() {
            @Override
            public List<Parked> park(Priority priority, RouteShare each, Set<String> all, int most) {
                return bug == Bug.PARKING_MOVES_NOTHING
                        ? List.of()
                        : moving(scheduler.park(priority, each, all, most, nowMillis(), events.nanos()));
            }

            @Override
            public void offer(InboundRequest request) {
                WaitingWorld.this.offer(request);
            }
        }, share, () -> names, intake::status, plan.bounds, retries, this::done, this::parked,
                this::nowMillis, () -> random, Runnable::run);
    }

    private Parking parking() {
        return parking;
    }

    private void parked(String route) {
        judge.parked++;
        intake.parked(route);
    }

    private NextChance nextChance(RouteShare share) {
        return new NextChance() {
            @Override
            public boolean hasRoom(String route) {
                return scheduler.hasRoom(Priority.STANDARD, route, share);
            }

            @Override
            public int few(String route) {
                return bug == Bug.PARKED_COME_BACK_BY_AGE ? 0 : scheduler.few(Priority.STANDARD, route, share);
            }

            @Override
            public int waiting(String route, String tenant) {
                return bug == Bug.PARKED_COME_BACK_BY_AGE ? 0 : scheduler.waiting(Priority.STANDARD, route, tenant);
            }

            @Override
            public boolean isOpen(String route) {
                return scheduler.isOpen(Priority.STANDARD, route);
            }

            @Override
            public boolean mayAwaitOlder(String route) {
                return isOpen(route) && !parking.isNearlyFull();
            }

            @Override
            public boolean isCancelled(String id) {
                return heard.contains(id);
            }
        };
    }

    /** Runs it to its end; what was against the rules. */
    List<String> run() {
        note(() -> plan.toString());
        events.after(0, logs::assignAll);
        events.after(POLL_MILLIS, this::poll);
        events.every(PARK_MILLIS, () -> {
            parking.turn();
            line.turn();
            dispatch();
        });
        for (WaitingRoute route : plan.routes) {
            route.spells.forEach(spell -> events.after(spell.fromMillis(), () -> turns(route, spell.weather())));
            arrivals.of(route);
        }
        long calm = START + plan.stormMillis;
        while ((nowMillis() < calm || !live.isEmpty()) && judge.violations.isEmpty()) {
            events.turn();
            if (nowMillis() > calm + 900_000) {
                judge.violation("not all have ended: " + live);
            }
        }
        if (judge.violations.isEmpty()) {
            long end = nowMillis() + 3_000;
            while (nowMillis() < end) {
                events.turn();
            }
            judge.end();
        }
        return judge.violations;
    }

    private void poll() {
        intake.step();
        dispatch();
        judge.look();
        boolean nothingToDo = nowMillis() > START + plan.stormMillis + 1_000
                && live.stream().allMatch(request -> request.place == Place.CALL || request.place == Place.PAUSES
                        || request.fromMillis > nowMillis() + 1_000);
        events.after(logs.came ? FETCH_MILLIS : nothingToDo ? IDLE_MILLIS : POLL_MILLIS, this::poll);
    }

    void append(WaitingRequest request, String topic, byte[] key, byte[] value,
            org.apache.kafka.common.header.Headers headers) {
        logs.append(request, topic, key, value, bug == Bug.BYTES_NOT_COUNTED ? 1 : request.sizeBytes, headers,
                nowMillis());
        request.place = Place.LOG;
    }

    void cancel(WaitingRequest request) {
        if (!request.isLive()) {
            return;
        }
        note(() -> "cancelled " + request);
        request.cancelled = true;
        if (bug != Bug.CANCELS_UNHEARD) {
            heard.add(request.id);
            scheduler.hasten(each -> each.id().equals(request.id));
            intake.hasten(request.id::equals);
            Dispatch call = calls.remove(request);
            if (call != null) {
                ends(call, request, "cancelled in flight");
            }
        }
        dispatch();
    }

    private void turns(WaitingRoute route, Weather weather) {
        note(() -> route.name + " is " + weather);
        route.weather = weather;
        route.observe(nowMillis());
        scheduler.freed(route.deployment);
        dispatch();
    }

    /** As the reader of records reads them. */
    private RecordReader.Reading read(ConsumerRecord<byte[], byte[]> source, Ticket ticket) {
        WaitingRequest request = of(new String(source.key(), StandardCharsets.UTF_8));
        judge.read(request, source);
        long first = bug == Bug.FIRST_ENQUEUE_LOST ? source.timestamp() : SteppedIntake.firstEnqueuedMillis(source);
        LlmRequest value = LlmRequest.newBuilder().setId(request.id).setModel(request.route.name)
                .setTenant("t" + request.tenant
                        + (bug == Bug.EACH_ROUTE_HAS_A_LINE_OF_ITS_OWN ? request.route.name : ""))
                .setBody(ByteBuffer.wrap(source.value())).build();
        return new RecordReader.Reading.Request(new InboundRequest(LANE, ticket, value, "h", SteppedIntake.hop(source),
                first, first + plan.timeToLiveMillis(request.tenant), ADDRESS, SteppedIntake.sizeBytes(source),
                source));
    }

    WaitingRequest of(String id) {
        return Optional.ofNullable(requests.get(id)).orElseThrow();
    }

    private void offer(InboundRequest inbound) {
        WaitingRequest request = of(inbound.id());
        note(() -> "offered " + request);
        request.place = Place.SCHEDULER;
        BooleanSupplier cancelled = () -> heard.contains(request.id);
        WaitingTask task = new WaitingTask(inbound, request, cancelled, this::nowMillis,
                () -> bug != Bug.RETRIES_PASS_THE_PARKED && later.standsBack(inbound, request.route.name));
        if (scheduler.offer(task, 1) != PoolScheduler.Offer.WAITING) {
            judge.violation("the scheduler has no room for " + request);
        }
        if (cancelled.getAsBoolean() || (bug == Bug.RETRY_FIRST && request.hop > 0)) {
            scheduler.hasten(each -> each.id().equals(request.id));
        }
    }

    private List<Parked> moving(List<Parked> parked) {
        parked.forEach(each -> {
            WaitingRequest request = of(each.request().id());
            note(() -> "parked " + request);
            request.place = Place.MOVING;
            isParked(request);
        });
        return parked;
    }

    private void isParked(WaitingRequest request) {
        request.parked = true;
    }

    private void dispatch() {
        for (Optional<Dispatch> next = next(); next.isPresent(); next = next()) {
            begin(next.get());
        }
        OptionalLong due = scheduler.dueNanos(nowMillis(), events.nanos());
        if (due.isPresent() && (due.getAsLong() < alarm || alarm <= events.nanos())) {
            alarm = Math.max(events.nanos() + 100_000, due.getAsLong());
            events.at(alarm, this::dispatch);
        }
    }

    private Optional<Dispatch> next() {
        return scheduler.next(RequestTask::ask, nowMillis(), events.nanos());
    }

    private void begin(Dispatch dispatch) {
        WaitingTask task = (WaitingTask) dispatch.task();
        WaitingRequest request = task.truth;
        if (task.standsBack) {
            request.place = Place.MOVING;
            request.parked = false;
            if (later.takes(task.request(), task.route(), Duration.ZERO, () -> history(task.visits - 1))) {
                note(() -> "stands back " + request);
                scheduler.finished(dispatch, 1, events.nanos());
            } else {
                request.place = Place.SCHEDULER;
                scheduler.again(dispatch, Duration.ZERO, events.nanos());
            }
            return;
        }
        if (!task.granted) {
            finish(dispatch, request, heard.contains(request.id) ? "cancelled" : "expired");
            return;
        }
        judge.calls(request);
        note(() -> "calls " + request);
        WaitingRoute route = request.route;
        request.place = Place.CALL;
        request.visits++;
        calls.put(request, dispatch);
        boolean fails = route.weather == Weather.FAILING ? random.nextInt(10) > 0 : random.nextInt(30) == 0;
        long length = fails
                ? random.nextInt(5, 200)
                : random.nextInt(route.callMillis / 2, route.callMillis * 3 / 2)
                        * (route.weather == Weather.SLOW ? 5L : 1L);
        events.after(Math.min(length, request.expiresMillis - nowMillis()), () -> {
            if (calls.remove(request, dispatch)) {
                if (fails && nowMillis() < request.expiresMillis && request.visits < MAX_VISITS) {
                    goesBack(dispatch, task, request);
                } else {
                    ends(dispatch, request, "answered");
                }
                dispatch();
            }
        });
    }

    private void goesBack(Dispatch dispatch, WaitingTask task, WaitingRequest request) {
        released(request.route);
        Optional<Duration> asked = random.nextInt(8) == 0
                ? Optional.of(Duration.ofMillis(random.nextInt(0, 80_000)))
                : Optional.empty();
        Duration pause = pauses.betweenVisits(task.visits, asked, request.expiresMillis - nowMillis()).orElseThrow();
        request.place = Place.MOVING;
        request.parked = false;
        if (later.takes(task.request(), task.route(), pause, () -> history(task.visits))) {
            note(() -> "comes back in " + pause + ": " + request);
            scheduler.finished(dispatch, 1, events.nanos());
            return;
        }
        note(() -> "pauses here " + pause + ": " + request);
        task.visits++;
        request.place = Place.PAUSES;
        request.fromMillis = nowMillis() + pause.toMillis();
        scheduler.again(dispatch, pause, events.nanos());
    }

    private static RequestHistory history(int visits) {
        return new RequestHistory(visits, List.of(), null, "STRATEGY", false, List.of(), 0);
    }

    private void ends(Dispatch dispatch, WaitingRequest request, String how) {
        released(request.route);
        finish(dispatch, request, how);
    }

    private void released(WaitingRoute route) {
        route.running--;
        route.observe(nowMillis());
        scheduler.freed(route.deployment);
    }

    private void finish(Dispatch dispatch, WaitingRequest request, String how) {
        note(() -> how + " " + request);
        judge.ends(request, how);
        request.place = Place.ENDED;
        live.remove(request);
        scheduler.finished(dispatch, 1, events.nanos());
        Ticket ticket = dispatch.request().ticket();
        events.after(random.nextInt(2, 30), () -> intake.complete(ticket));
    }

    private void expect(long dueMillis) {
        if (bug != Bug.RETRIES_ARE_NOT_EXPECTED) {
            intake.expect(dueMillis);
        }
    }

    /** Its next record is acknowledged. */
    private void done(InboundRequest request) {
        intake.complete(request.ticket());
    }

    /** A record is on its way to the retry topic. */
    private void publish(ProducerRecord<byte[], byte[]> record, ObjLongConsumer<TopicPartition> acknowledged) {
        events.after(random.nextInt(2, 30), () -> {
            WaitingRequest request = of(new String(record.key(), StandardCharsets.UTF_8));
            judge.published(request, record);
            if (record.headers().lastHeader(Headers.PARKED_ROUTE) != null && !request.parked) {
                isParked(request);
            }
            if (!request.parked) {
                request.fromMillis = nowMillis() + Long.parseLong(
                        new String(record.headers().lastHeader(Headers.DELAY).value(), StandardCharsets.UTF_8));
            }
            append(request, record.topic(), record.key(), record.value(), record.headers());
            note(() -> "is on the retry topic " + request);
            ConsumerRecord<byte[], byte[]> appended = Objects.requireNonNull(request.record);
            acknowledged.accept(new TopicPartition(record.topic(), appended.partition()), appended.offset());
            if (heard.contains(request.id)) {
                intake.hasten(request.id::equals);
            }
        });
    }

    long nowMillis() {
        return events.nowMillis();
    }

    void note(java.util.function.Supplier<String> what) {
        if (trace != null) {
            trace.accept((nowMillis() - START) + " " + what.get());
        }
    }
}
