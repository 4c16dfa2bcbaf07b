package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A lane's poll thread, which alone touches consumer and ledger: completions of other threads come over a queue that it
 * empties, so neither they nor the revoke path ever wait for a lock. {@link PollLoop} is what the thread does,
 * {@link PartitionClaims} how partitions come and go, {@link LaneCommits} when what is done is committed.
 *
 * <p>On assignment the committed answer is read once and sought to; then nothing is fetched from the partition until its new
 * epoch is committed. The broker does not fence a former owner that learnt the new generation: epochs do.
 */
public final class LaneConsumer implements RequestSource {
    private static final Logger LOG = LoggerFactory.getLogger(LaneConsumer.class);

    private final Lane lane;
    private final Supplier<? extends Consumer<byte[], byte[]>> consumers;
    private final Admission admission;
    private final RequestSink sink;
    private final RecordDecoding decoding;
    private final LaneLedger ledger;
    private final Handover handover;
    private final LongSupplier nanoClock;
    private final FleetClock clock;
    private final NextChance nextChance;
    private final Onward onward;
    /** Of which requests were parked; of the configuration. */
    private final Set<String> parkedRoutes = ConcurrentHashMap.newKeySet();
    /** When records that come to the retry topic may be served; bounded by those that are published at once. */
    private final ConcurrentLinkedQueue<Long> expected = new ConcurrentLinkedQueue<>();
    private final Completions completions;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;
    private volatile boolean draining;
    private volatile boolean closing;
    private final AtomicReference<@Nullable Predicate<String>> hastened = new AtomicReference<>();
    private volatile IntakeStatus status;
    private volatile CoordinatorContact contact = CoordinatorContact.NONE;

    /**
     * @param consumers makes the lane's consumer, of {@link LaneConsumerProperties}; called on the poll thread, which closes
     *        it
     * @param admission which records this worker serves
     * @param handover the one in the consumer's properties
     * @param trialTurn the one of all lanes of the worker
     * @param clock the fleet's, by which delays end
     * @param nextChance when what was parked may come before that; asked on the poll thread
     * @param onward takes what waits on so that others are read; called on the poll thread
     */
    public LaneConsumer(Lane lane, LaneBounds bounds, Supplier<? extends Consumer<byte[], byte[]>> consumers,
            Admission admission, RecordReader reader, RequestSink sink, Rejector rejector, Handover handover,
            TrialTurn trialTurn, FleetClock clock, NextChance nextChance, Onward onward) {
        this(lane, bounds, consumers, admission, reader, sink, rejector, handover, trialTurn,
                Thread::startVirtualThread, System::nanoTime, clock, nextChance, onward);
    }

    LaneConsumer(Lane lane, LaneBounds bounds, Supplier<? extends Consumer<byte[], byte[]>> consumers,
            Admission admission, RecordReader reader, RequestSink sink, Rejector rejector, Handover handover,
            TrialTurn trialTurn, Executor decodeThreads, LongSupplier nanoClock) {
        this(lane, bounds, consumers, admission, reader, sink, rejector, handover, trialTurn, decodeThreads, nanoClock,
                () -> TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong()), route -> false, Onward.NOWHERE);
    }

    LaneConsumer(Lane lane, LaneBounds bounds, Supplier<? extends Consumer<byte[], byte[]>> consumers,
            Admission admission, RecordReader reader, RequestSink sink, Rejector rejector, Handover handover,
            TrialTurn trialTurn, Executor decodeThreads, LongSupplier nanoClock, FleetClock clock,
            NextChance nextChance, Onward onward) {
        this.lane = lane;
        this.consumers = consumers;
        this.admission = admission;
        this.sink = sink;
        this.decoding = new RecordDecoding(lane, reader, sink, rejector, decodeThreads);
        this.ledger = new LaneLedger(lane, bounds, trialTurn);
        this.completions = new Completions(ledger);
        this.handover = handover;
        this.nanoClock = nanoClock;
        this.clock = clock;
        this.nextChance = nextChance;
        this.onward = onward;
        this.status = ledger.status(0, 0, Optional.empty());
        this.thread = Thread.ofPlatform().name("intake-" + lane).unstarted(this::run);
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public void complete(Ticket ticket) {
        completions.add(ticket);
    }

    @Override
    public void stopAdmitting() {
        draining = true;
    }

    @Override
    public void hasten(Predicate<String> ids) {
        hastened.accumulateAndGet(ids,
                (before, more) -> before == null ? more : before.or(Objects.requireNonNull(more)));
    }

    @Override
    public void expect(long dueMillis) {
        expected.add(dueMillis);
    }

    @Override
    public void parked(String route) {
        parkedRoutes.add(route);
    }

    @Override
    public IntakeStatus status() {
        return status;
    }

    @Override
    public Duration silence() {
        return contact.silence();
    }

    @Override
    public boolean close(Duration limit) {
        closing = true;
        if (thread.getState() == Thread.State.NEW) {
            return true;
        }
        try {
            return ended.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void run() {
        Optional<Throwable> failure = Optional.empty();
        try (PollLoop loop = loop(consumers.get())) {
            while (!closing) {
                step(loop);
            }
        } catch (RuntimeException | Error e) {
            LOG.error("intake of {} ended", lane, e);
            failure = Optional.of(e);
        } finally {
            status = ledger.status(0, 0, failure);
            ended.countDown();
        }
    }

    /** What the poll thread moves along; whoever does so in its place may make it with a consumer of its own. */
    PollLoop loop(Consumer<byte[], byte[]> consumer) {
        contact = CoordinatorContact.of(consumer);
        return new PollLoop(lane, consumer, ledger, admission, decoding, sink, completions, handover,
                nanoClock, clock, nextChance, onward);
    }

    /** A turn of the loop. */
    void step(PollLoop loop) {
        if (draining) {
            ledger.drain();
        }
        Predicate<String> ids = hastened.getAndSet(null);
        if (ids != null) {
            loop.hasten(ids);
        }
        for (Long due = expected.poll(); due != null; due = expected.poll()) {
            loop.expect(due);
        }
        parkedRoutes.removeIf(route -> {
            loop.parked(route);
            return true;
        });
        loop.step();
        status = loop.status();
    }
}
