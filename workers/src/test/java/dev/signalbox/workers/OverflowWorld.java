package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.RecordReader;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.intake.SteppedIntake;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.reply.OverflowTopic;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.scheduler.Crowd;
import dev.signalbox.workers.scheduler.Dispatch;
import dev.signalbox.workers.scheduler.Diversions;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.RequestTask;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.LongPredicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * One lane of one worker on a virtual clock, with tenants that flood it and others that do not: intake, overflow, model and
 * scheduler are those that ship. Some seeds kill the worker once and start another. Then the flood ends, and all that waits is served.
 */
final class OverflowWorld {
    /** A mechanism that is left out, to show that the simulation would see it. */
    enum Bug {
        NONE,
        NOBODY_IS_NOISY,
        DONE_BEFORE_WRITTEN,
        BACK_AT_ONCE,
        NEVER_BACK,
        FIRST_ENQUEUE_LOST
    }

    static final Lane LANE = new Lane(TestConfiguration.POOL, Priority.STANDARD);
    /** After the last of a tenant's is answered, he is diverted for no longer than that. */
    static final long BACK_MILLIS = 1_500;
    /** Longest wait of who asks for little. */
    static final long MODEST_MILLIS = 1_000;
    /** A worker that takes over from one that died tries what it had alone first, and reads what came meanwhile. */
    private static final long TAKE_OVER_MILLIS = 15_000;
    private static final long START = 1_000_000;
    private static final long POLL_MILLIS = 25;
    private static final long TIME_TO_LIVE = 3_600_000;
    private static final DeploymentName ANYWHERE = new DeploymentName("a", "m");
    private static final ReplyAddress ADDRESS = new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens",
            ReplyAddress.Form.AVRO, List.of(), List.of());

    final List<String> violations = new ArrayList<>();
    final Map<String, Sent> sent = new HashMap<>();
    final int tenants;
    final int noisy;
    final int atOnce;
    final long floodMillis;
    final boolean dies;
    final int callMillis;
    int diverted;
    long latestModest;
    long latestBack;
    private final SplittableRandom random;
    private final Bug bug;
    private final int partitions;
    private final LaneBounds bounds;
    private final OverflowLogs.Kept kept;
    private final WaitingEvents events = new WaitingEvents(START);
    private final Map<String, ArrayDeque<Sent>> inOrder = new HashMap<>();
    private final Map<String, Integer> unanswered = new HashMap<>();
    private final LinkedHashSet<Sent> modestWaiting = new LinkedHashSet<>();
    private final Map<String, Long> lastAnswered = new HashMap<>();
    private long bornMillis;
    private long latestBirth = Long.MIN_VALUE;
    private int live;
    private Life life;

    /** A request as its caller knows it. */
    static final class Sent {
        final String tenant;
        final long millis;
        final boolean modest;
        final ArrayDeque<Sent> ofPartition;
        boolean began;
        boolean answered;

        Sent(String tenant, long millis, boolean modest, ArrayDeque<Sent> ofPartition) {
            this.tenant = tenant;
            this.millis = millis;
            this.modest = modest;
            this.ofPartition = ofPartition;
            ofPartition.add(this);
        }
    }

    /** A request's path, with calls at once for all. */
    private record Task(InboundRequest request) implements RequestTask {
        @Override
        public String route() {
            return "r";
        }

        @Override
        public Set<DeploymentName> deployments() {
            return Set.of(ANYWHERE);
        }

        @Override
        public Readiness ask() {
            return Readiness.READY;
        }

        @Override
        public Step run() {
            throw new AssertionError("the simulation runs it");
        }
    }

    /** One incarnation of the worker. */
    private final class Life {
        final OverflowLogs logs = new OverflowLogs(LANE, kept, bounds.maxPollRecords());
        final PoolScheduler scheduler = new PoolScheduler(
                Map.of(Priority.STANDARD, new Pool.PriorityShare(1, 0)), atOnce, 1_000_000);
        final Overflow overflow;
        final SteppedIntake intake;

        Life() {
            RequestSink here = new RequestSink() {
                @Override
                public void offer(InboundRequest request) {
                    scheduler.offer(new Task(request), 1);
                }

                @Override
                public void forget(TopicPartition partition, int epoch) {
                    throw new AssertionError("partitions stay");
                }
            };
            overflow = new Overflow(LANE, here, new Diversions(bounds),
                    tenant -> bug == Bug.NOBODY_IS_NOISY
                            ? new Crowd(0, 0, 0, 0)
                            : scheduler.crowd(Priority.STANDARD, tenant),
                    new OverflowTopic(LANE.overflowTopic(), new RenewableProducer("overflow", this::producer)),
                    this::committed, this::complete, events::nowMillis, Runnable::run);
            intake = new SteppedIntake(LANE, bounds, logs, OverflowWorld.this::read, overflow, events::nanos,
                    events::nowMillis, route -> true, (waiting, written, failed) -> failed.run());
        }

        private Map<Integer, LongPredicate> committed(Set<Integer> asked) {
            Map<Integer, LongPredicate> done = new HashMap<>();
            asked.forEach(each -> {
                OffsetAndMetadata committed = kept.committed.get(new TopicPartition(LANE.overflowTopic(), each));
                if (bug == Bug.BACK_AT_ONCE || bug == Bug.NEVER_BACK) {
                    done.put(each, any -> bug == Bug.BACK_AT_ONCE);
                } else if (committed != null) {
                    done.put(each, OverflowCommits.done(committed));
                }
            });
            return done;
        }

        private void complete(InboundRequest request) {
            intake.complete(request.ticket());
        }

        private MockProducer<byte[], byte[]> producer() {
            return new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                private long sentUntil;

                @Override
                public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record,
                        Callback callback) {
                    CompletableFuture<RecordMetadata> future = new CompletableFuture<>();
                    // In the order in which it was sent.
                    sentUntil = Math.max(sentUntil, events.nowMillis() + random.nextInt(2, 40));
                    if (bug == Bug.DONE_BEFORE_WRITTEN) {
                        callback.onCompletion(new RecordMetadata(
                                new TopicPartition(record.topic(), record.partition()), 0, 0, 0, 0, 0), null);
                    }
                    events.after(sentUntil - events.nowMillis(), () -> {
                        if (logs.dead && (bug == Bug.DONE_BEFORE_WRITTEN || random.nextBoolean())) {
                            return;
                        }
                        diverted++;
                        ConsumerRecord<byte[], byte[]> written = kept.append(
                                new TopicPartition(record.topic(), record.partition()), record.key(), record.value(),
                                record.headers(), events.nowMillis());
                        if (!logs.dead && bug != Bug.DONE_BEFORE_WRITTEN) {
                            callback.onCompletion(new RecordMetadata(
                                    new TopicPartition(written.topic(), written.partition()), written.offset(), 0, 0,
                                    0, 0), null);
                        }
                    });
                    return future;
                }
            };
        }

        void poll() {
            if (logs.dead) {
                return;
            }
            intake.step();
            dispatch();
            if (intake.status().pendingRecords() > bounds.pauseRecords() + bounds.maxPollRecords()
                    + bounds.overflowRecords()) {
                violation("too much is pending: " + intake.status().pendingRecords());
            }
            events.after(POLL_MILLIS, this::poll);
        }

        void dispatch() {
            for (Optional<Dispatch> next = next(); next.isPresent(); next = next()) {
                Dispatch dispatch = next.get();
                begins(dispatch.request());
                events.after(random.nextInt(callMillis / 2, callMillis * 3 / 2), () -> {
                    if (!logs.dead) {
                        scheduler.finished(dispatch, 1, events.nanos());
                        answered(dispatch.request());
                        complete(dispatch.request());
                        dispatch();
                    }
                });
            }
        }

        private Optional<Dispatch> next() {
            return scheduler.next(RequestTask::ask, events.nowMillis(), events.nanos());
        }
    }

    OverflowWorld(long seed, Bug bug) {
        this.random = new SplittableRandom(seed);
        this.bug = bug;
        this.partitions = random.nextInt(1, 5);
        this.tenants = random.nextInt(2, 7);
        this.noisy = tenants > 3 ? random.nextInt(1, 3) : 1;
        this.atOnce = random.nextInt(8, 20);
        this.callMillis = random.nextInt(40, 200);
        this.floodMillis = random.nextInt(8_000, 20_000);
        this.dies = random.nextInt(3) == 0 || bug == Bug.DONE_BEFORE_WRITTEN;
        this.bounds = LaneBounds.of(new WorkerSettings(atOnce, random.nextInt(350, 1_200), 64L << 20));
        this.kept = new OverflowLogs.Kept(LANE, partitions);
        this.life = new Life();
    }

    private double served() {
        return atOnce * 1_000.0 / callMillis;
    }

    List<String> run() {
        born();
        events.every(500, () -> {
            life.overflow.turn();
            look();
        });
        for (int tenant = 0; tenant < tenants; tenant++) {
            boolean modest = tenant >= noisy;
            // All modest ones together ask for less than half of a fair share each.
            double perSecond = modest
                    ? served() / (tenants + 1) * 0.4
                    : served() * (2 + random.nextDouble() * 2);
            arrivals("t" + tenant, modest, perSecond);
        }
        if (dies) {
            events.after(random.nextLong(2_000, floodMillis), () -> {
                life.logs.dead = true;
                events.after(random.nextInt(100, 3_000), this::born);
            });
        }
        long end = START + floodMillis;
        while ((events.nowMillis() < end || live > 0) && violations.isEmpty()) {
            events.turn();
            if (events.nowMillis() > end + 1_800_000) {
                violation(live + " are lost");
            }
        }
        long later = events.nowMillis() + BACK_MILLIS + 1_000;
        while (events.nowMillis() < later && violations.isEmpty()) {
            events.turn();
        }
        if (violations.isEmpty()) {
            kept.logs.forEach((partition, log) -> {
                if (kept.committed(partition) != log.size()) {
                    violation(partition + " is committed up to " + kept.committed(partition) + " of " + log.size());
                }
            });
            life.overflow.diverted().forEach(each -> violation(each + " is still diverted"));
        }
        return violations;
    }

    private void born() {
        latestBirth = bornMillis == 0 ? Long.MIN_VALUE : events.nowMillis();
        bornMillis = events.nowMillis();
        life = new Life();
        Life now = life;
        events.after(0, now.logs::assignAll);
        events.after(POLL_MILLIS, now::poll);
    }

    private void arrivals(String tenant, boolean modest, double perSecond) {
        long at = 500;
        while (at < floodMillis) {
            long now = at;
            events.after(now, () -> arrives(tenant, modest));
            at += (long) (-Math.log(1 - random.nextDouble()) * 1_000 / perSecond) + 1;
        }
    }

    private void arrives(String tenant, boolean modest) {
        String id = "r" + sent.size();
        int partition = Math.floorMod(tenant.hashCode() * 31 + random.nextInt(2), partitions);
        Sent request = new Sent(tenant, events.nowMillis(), modest,
                inOrder.computeIfAbsent(tenant + "/" + partition, any -> new ArrayDeque<>()));
        sent.put(id, request);
        live++;
        unanswered.merge(tenant, 1, Integer::sum);
        if (modest) {
            modestWaiting.add(request);
        }
        kept.append(new TopicPartition(LANE.requestTopic(), partition), id.getBytes(StandardCharsets.UTF_8),
                tenant.getBytes(StandardCharsets.UTF_8), new RecordHeaders(), events.nowMillis());
    }

    private RecordReader.Reading read(ConsumerRecord<byte[], byte[]> source, Ticket ticket) {
        String id = new String(source.key(), StandardCharsets.UTF_8);
        Sent request = Optional.ofNullable(sent.get(id)).orElseThrow();
        long first = SteppedIntake.firstEnqueuedMillis(source);
        boolean overflow = source.topic().equals(LANE.overflowTopic());
        if (bug == Bug.FIRST_ENQUEUE_LOST) {
            first = source.timestamp();
        }
        if (first != request.millis || SteppedIntake.hop(source) != (overflow ? 1 : 0)
                || source.headers().lastHeader(Headers.DELAY) != null) {
            violation(id + " came with first enqueue " + first + " and hop " + SteppedIntake.hop(source));
        }
        LlmRequest value = LlmRequest.newBuilder().setId(id).setModel("m").setTenant(request.tenant)
                .setBody(ByteBuffer.wrap(source.value())).build();
        return new RecordReader.Reading.Request(new InboundRequest(LANE, ticket, value, "h",
                SteppedIntake.hop(source), first, first + TIME_TO_LIVE, ADDRESS, SteppedIntake.sizeBytes(source),
                source));
    }

    private void begins(InboundRequest inbound) {
        Sent request = Optional.ofNullable(sent.get(inbound.id())).orElseThrow();
        if (request.began) {
            return;
        }
        request.began = true;
        modestWaiting.remove(request);
        long now = events.nowMillis();
        if (request.modest && request.millis > latestBirth && !deadBetween(request.millis)) {
            latestModest = Math.max(latestModest, now - request.millis);
        }
        ArrayDeque<Sent> each = request.ofPartition;
        while (!each.isEmpty() && each.getFirst().began) {
            each.removeFirst();
        }
        // A worker that has just begun learns who is diverted from what it reads.
        boolean knows = latestBirth == Long.MIN_VALUE || request.millis > latestBirth + 30_000;
        if (knows && !each.isEmpty() && each.getFirst().millis < request.millis) {
            violation(inbound.id() + " of " + request.tenant + " of " + request.millis + " began before the one of "
                    + each.getFirst().millis);
        }
    }

    /** Whether the worker was dead at some time since then. */
    private boolean deadBetween(long since) {
        return latestBirth > Long.MIN_VALUE && since < latestBirth + TAKE_OVER_MILLIS;
    }

    private void answered(InboundRequest inbound) {
        Sent request = Optional.ofNullable(sent.get(inbound.id())).orElseThrow();
        if (!request.answered) {
            request.answered = true;
            live--;
            unanswered.merge(request.tenant, -1, Integer::sum);
        }
        lastAnswered.put(request.tenant, events.nowMillis());
    }

    /** Whoever has nothing waiting any more is diverted no longer than that. */
    private void look() {
        if (life.logs.dead) {
            return;
        }
        life.overflow.diverted().forEach(each -> {
            long since = unanswered.getOrDefault(each.tenant(), 0) > 0
                    ? 0
                    : events.nowMillis() - lastAnswered.getOrDefault(each.tenant(), 0L);
            latestBack = Math.max(latestBack, since);
            if (since > BACK_MILLIS) {
                violation(each + " is diverted " + since + " ms after his last request");
            }
        });
        OptionalLong oldest = modestWaiting.stream().filter(one -> !deadBetween(one.millis))
                .mapToLong(one -> one.millis).min();
        if (oldest.isPresent() && events.nowMillis() - oldest.getAsLong() > MODEST_MILLIS) {
            violation("a modest tenant waits for " + (events.nowMillis() - oldest.getAsLong()) + " ms; " + this);
        }
    }

    @Override
    public String toString() {
        return noisy + " of " + tenants + " tenants flood " + partitions + " partitions, " + atOnce + " calls of "
                + callMillis + " ms, " + bounds + (latestBirth == Long.MIN_VALUE
                        ? ""
                        : ", born again at " + (latestBirth - START));
    }

    private void violation(String what) {
        violations.add((events.nowMillis() - START) + " ms: " + what);
    }
}
