package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One lane's consumer and ledger, moved along a turn at a time by the one thread that may touch them. */
final class PollLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PollLoop.class);
    private static final long STATUS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** Half of the shortest session that brokers allow by default: a thread that stood still for longer may have missed its end. */
    private static final long STANDSTILL_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
    /** Parked requests that begin a further hop at each look, so that no more than 2,000 a second do. */
    private static final int MOST_OVER = 200;
    private static final long EARLY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int EARLY_OF_A_ROUTE = 500;
    private static final int EARLY_OF_A_SHUT_ROUTE = 20;
    /** Records decoded one after another: few enough to use all cores, enough to be worth a thread. */
    private static final int DECODE_BATCH = 64;

    private final Lane lane;
    private final String retryTopic;
    private final String overflowTopic;
    private final Consumer<byte[], byte[]> consumer;
    private final Admission admission;
    private final RecordDecoding decoding;
    private final LaneLedger ledger;
    private final LaneCommits commits;
    private final PartitionClaims claims;
    private final PartitionReleases releases;
    private final Completions completions;
    private final LongSupplier nanoClock;
    private final FleetClock clock;
    private final NextChance nextChance;
    private final Onward onward;
    private final ParkedLines lines;
    private final Postponed postponed;
    private final ReadingOn readingOn = new ReadingOn();
    /** Put off again, since they could not be published; the producer's threads add, the poll thread takes. */
    private final ConcurrentLinkedQueue<RecordDecoding.Admitted> unmoved = new ConcurrentLinkedQueue<>();
    /** Partitions of the retry topic that are not read as far as they must be. */
    private Set<TopicPartition> readOn = Set.of();
    private int ledgerChanges;
    private long nextEarly;
    private IntakeStatus status;
    private long nextStatus;
    private long lastAlive;

    PollLoop(Lane lane, Consumer<byte[], byte[]> consumer, LaneLedger ledger, Admission admission,
            RecordDecoding decoding, RequestSink sink, Completions completions, Handover handover,
            LongSupplier nanoClock, FleetClock clock, NextChance nextChance, Onward onward) {
        this.lane = lane;
        this.retryTopic = lane.retryTopic();
        this.overflowTopic = lane.overflowTopic();
        this.consumer = consumer;
        this.admission = admission;
        this.decoding = decoding;
        this.ledger = ledger;
        this.completions = completions;
        this.nanoClock = nanoClock;
        this.clock = clock;
        this.nextChance = nextChance;
        this.onward = onward;
        this.lines = onward.lines();
        this.postponed = new Postponed(lines);
        this.nextStatus = nanoClock.getAsLong();
        this.nextEarly = nextStatus;
        this.lastAlive = nextStatus;
        this.commits = new LaneCommits(lane, consumer, ledger, nextStatus);
        this.releases = new PartitionReleases(consumer, ledger, handover);
        this.claims = new PartitionClaims(lane, consumer, ledger, completions, commits, releases, sink, decoding,
                nanoClock);
        this.status = ledger.status(0, 0, Optional.empty());
        // By pattern, so that topics of the lane which do not exist yet are read as soon as they do.
        consumer.subscribe(Pattern.compile(Pattern.quote(lane.requestTopic()) + "|"
                + Pattern.quote(lane.overflowTopic()) + "|" + Pattern.quote(lane.retryTopic())), claims);
    }

    /** One turn: completions, commit, pauses, poll, hand-over. */
    void step() {
        completions.take();
        long now = nanoClock.getAsLong();
        alive(now);
        claims.turn(now);
        turnTrials(now);
        commits.turn(now);
        releases.turn(now);
        readOn = readOn();
        Set<TopicPartition> paused = applyPauses();
        if (now - nextStatus >= 0) {
            status = ledger.status(paused.size(), commits.ageNanos(now), Optional.empty());
            nextStatus = now + STATUS_NANOS;
        }
        resume(now);
        boolean awaits = claims.isAwaited() || ledger.isTrialTold();
        ConsumerRecords<byte[], byte[]> records = poll(
                PollPace.limit(awaits, ledger.pendingRecords(), !paused.isEmpty()));
        alive(nanoClock.getAsLong());
        noteSilence(records, paused);
        handOver(records);
        noteAlone();
        if (ledger.isCrowdedByRetries()) {
            letOthersBeRead();
        }
    }

    /**
     * A process that was frozen, or collected garbage for seconds, still has what it had fetched, and could fetch more: reading
     * is not fenced. Nothing of that is taken in until the group's coordinator has acknowledged a commit.
     */
    private void alive(long now) {
        if (now - lastAlive > STANDSTILL_NANOS) {
            LOG.warn("{}: stood still for {} s; what it owned may be others' by now", lane,
                    TimeUnit.NANOSECONDS.toSeconds(now - lastAlive));
            ledger.doubt();
            commits.hasten(now);
        }
        lastAlive = now;
    }

    /** What is to be tried next is committed at once, and what was is begun. */
    private void turnTrials(long now) {
        List<RecordDecoding.Admitted> begin = ledger.turnTrials(now, this::quarantine);
        if (ledger.noteAlone(now) || ledger.isTrialTold()) {
            commits.hasten(now);
        }
        for (int from = 0; from < begin.size(); from += DECODE_BATCH) {
            decoding.decode(begin.subList(from, Math.min(begin.size(), from + DECODE_BATCH)));
        }
    }

    /** That one request has begun which is the only one of the worker is committed at once, since it may be the end of it. */
    private void noteAlone() {
        long now = nanoClock.getAsLong();
        if (ledger.noteAlone(now)) {
            commits.hasten(now);
            commits.turn(now);
        }
    }

    private void quarantine(RecordDecoding.Admitted convicted) {
        LOG.error(
                "{}: {} brought workers down {} times while it was all they ran or was on trial alone; it is quarantined",
                lane, convicted.ticket(), PartitionTrial.STRIKES);
        decoding.quarantine(convicted);
    }

    /** Hands on what was put off and may go now. */
    private void resume(long now) {
        if (ledgerChanges != ledger.changes()) {
            ledgerChanges = ledger.changes();
            postponed.keepOnly(ledger::isCurrent);
        }
        for (RecordDecoding.Admitted each = unmoved.poll(); each != null; each = unmoved.poll()) {
            if (ledger.isCurrent(each.ticket())) {
                ledger.stays(each.ticket());
                postponed.add(each);
            }
        }
        boolean looks = now - nextEarly >= 0;
        if (looks) {
            nextEarly = now + EARLY_NANOS;
            readingOn.look(nextChance::isOpen, clock.nowMillis());
            lines.owned(ledger.ownedRetries());
            readingOn.lookForUnread(lines.unread().stream().anyMatch(this::isKeptOut), ledger.isCrowdedByRetries(),
                    ledger.ownedRetries(), clock.nowMillis());
        }
        if (postponed.size() == 0) {
            return;
        }
        if (looks) {
            postponed.lookAgain();
        }
        handOn(postponed.due(clock.nowMillis(), this::waitsOn, this::hasRoomFor));
        if (looks) {
            publishAgain(postponed.over(MOST_OVER, this::mayResume));
        }
        if (looks || !readOn.isEmpty()) {
            handOn(postponed.early(early(), this::hasRoomFor));
        }
    }

    /** As it is now. */
    private Postponed.Early early() {
        Map<String, Boolean> rooms = new HashMap<>();
        Map<String, Integer> fews = new HashMap<>();
        return new Postponed.Early() {
            @Override
            public int most(String route) {
                return nextChance.isOpen(route) ? EARLY_OF_A_ROUTE : EARLY_OF_A_SHUT_ROUTE;
            }

            @Override
            public boolean mayCome(String route, int waiting) {
                return waiting < fews.computeIfAbsent(route, nextChance::few)
                        || rooms.computeIfAbsent(route, nextChance::hasRoom);
            }

            @Override
            public int waiting(String route, String tenant) {
                return nextChance.waiting(route, tenant);
            }

            @Override
            public boolean mayAwaitOlder(String route) {
                return nextChance.mayAwaitOlder(route);
            }
        };
    }

    /** Whether requests of that route go on as fast as they are read. */
    private boolean goesOn(String route) {
        return nextChance.isOpen(route) && ledger.hasPlenty();
    }

    /** Whether requests of a line may come now, and might not for what others have put off. */
    private boolean isKeptOut(String line) {
        return !goesOn(ParkedLines.route(line)) && mayCome(line);
    }

    private boolean mayCome(String line) {
        String route = ParkedLines.route(line);
        return nextChance.hasRoom(route)
                || nextChance.waiting(route, ParkedLines.tenant(line)) < nextChance.few(route);
    }

    private boolean hasRoomFor(Ticket ticket) {
        return mayResume(ticket) && ledger.resumes(ticket);
    }

    private void letOthersBeRead() {
        Set<TopicPartition> wanted = readOn();
        if (wanted.stream().anyMatch(readingOn::isExpected)) {
            publishAgain(postponed.waitOn(nextChance::isOpen, this::waitsOn, clock.nowMillis(), this::mayResume));
        } else if (!wanted.isEmpty()) {
            publishAgain(postponed.beyondTheirPart(this::goesOn, this::mayResume));
        }
    }

    /** They wait on behind what stands behind them now. */
    private void publishAgain(List<RecordDecoding.Admitted> waiting) {
        for (RecordDecoding.Admitted each : waiting) {
            ledger.moves(each.ticket());
            long now = clock.nowMillis();
            long rest = restMillis(each.source(), now);
            String route = RecordFacts.parkedRoute(each.source());
            if (route.isEmpty()) {
                readingOn.expect(now + rest, now);
            } else {
                readingOn.parked(route);
            }
            onward.publish(new Onward.Waiting(each.source(), RecordFacts.hop(each.source()),
                    RecordFacts.firstEnqueuedMillis(each.source()), Duration.ofMillis(rest)),
                    () -> completions.add(each.ticket()), () -> unmoved.add(each));
        }
    }

    /** What is left of its delay, or if nothing is the next one of what was parked. */
    private static long restMillis(ConsumerRecord<byte[], byte[]> source, long now) {
        long rest = Postponed.dueMillis(source) + RecordFacts.furtherDelayMillis(source) - now;
        // By chance, and the same chance whenever a run is repeated.
        double chance = (Arrays.hashCode(source.key()) & 0xffff) / (double) 0x1_0000;
        return rest > 0 && (rest > ReadingOn.SLICE_MILLIS || RecordFacts.parkedRoute(source).isEmpty())
                ? rest
                : ParkedDelay.millis(RecordFacts.hop(source), RecordFacts.expiresMillis(source) - now, chance);
    }

    /**
     * Whether a parked request goes on waiting though its time has come: its route is shut, and of that as many as may wait here
     * already do, or it is a retry that has older ones before it. It is not even decoded, so that a route that is down costs
     * others next to nothing however many wait for it.
     */
    private boolean waitsOn(ConsumerRecord<byte[], byte[]> source) {
        String route = RecordFacts.parkedRoute(source);
        return !route.isEmpty() && source.key() != null && RecordFacts.expiresMillis(source) > clock.nowMillis()
                && (!mayCome(ParkedLines.line(route, ParkedLines.tenant(RecordFacts.line(source))))
                        || (isBehind(source) && !nextChance.mayAwaitOlder(route)))
                && !nextChance.isCancelled(new String(source.key(), StandardCharsets.UTF_8));
    }

    private boolean isBehind(ConsumerRecord<byte[], byte[]> source) {
        return RecordFacts.isTried(source)
                && lines.isBehind(RecordFacts.line(source), RecordFacts.firstEnqueuedMillis(source));
    }

    /** A record comes to the retry topic that may be served from then on, and must not wait behind others. */
    void expect(long dueMillis) {
        readingOn.expect(dueMillis, clock.nowMillis());
    }

    /** A request of that route was parked. */
    void parked(String route) {
        readingOn.parked(route);
    }

    /** Requests of these ids are handed on now, though they were put off. */
    void hasten(Predicate<String> ids) {
        handOn(postponed.picked(ids, ticket -> {
            boolean may = mayResume(ticket);
            if (may) {
                ledger.resumed(ticket);
            }
            return may;
        }));
    }

    private boolean mayResume(Ticket ticket) {
        return !ledger.isDraining() && !releases.leaving().contains(ticket.partition()) && ledger.isCurrent(ticket)
                && ledger.isOpen(ticket.partition());
    }

    private void handOn(List<RecordDecoding.Admitted> due) {
        for (int from = 0; from < due.size(); from += DECODE_BATCH) {
            List<RecordDecoding.Admitted> batch = due.subList(from, Math.min(due.size(), from + DECODE_BATCH));
            decoding.decode(batch);
        }
    }

    /** What it held when that was last looked at, at most 100 ms and a poll ago. */
    IntakeStatus status() {
        return status;
    }

    private Set<TopicPartition> readOn() {
        Set<TopicPartition> readable = ledger.retries();
        readable.removeAll(claims.unresolved());
        readable.removeAll(releases.leaving());
        readable.removeIf(partition -> !readingOn.isWanted(partition));
        return readable;
    }

    /** Whether a partition of the retry topic is read as far as it must be, and others are not. */
    private boolean waitsMeanwhile(TopicPartition partition) {
        return !readOn.isEmpty() && !readOn.contains(partition);
    }

    /** Records come at once where there are any, and the client's last fetch has seen none. */
    private void noteSilence(ConsumerRecords<byte[], byte[]> records, Set<TopicPartition> paused) {
        Set<TopicPartition> silent = ledger.retries();
        silent.removeAll(paused);
        silent.removeAll(records.partitions());
        silent.removeIf(partition -> consumer.currentLag(partition).orElse(1) != 0);
        readingOn.silent(silent, clock.nowMillis());
    }

    private Set<TopicPartition> applyPauses() {
        Set<TopicPartition> wanted = ledger.paused();
        ledger.retries().stream().filter(this::waitsMeanwhile).forEach(wanted::add);
        wanted.addAll(claims.unresolved());
        wanted.addAll(releases.leaving());
        Set<TopicPartition> paused = consumer.paused();
        if (!wanted.equals(paused)) {
            Set<TopicPartition> resumed = new HashSet<>(paused);
            resumed.removeAll(wanted);
            consumer.resume(resumed);
            consumer.pause(wanted);
        }
        return wanted;
    }

    private ConsumerRecords<byte[], byte[]> poll(Duration limit) {
        try {
            return consumer.poll(limit);
        } catch (LogTruncationException e) {
            claims.truncated(e);
        } catch (OffsetOutOfRangeException e) {
            claims.outOfRange(e.partitions());
        } catch (InvalidOffsetException e) {
            // The committed answer of these is still to come; until then they are paused.
            consumer.seekToBeginning(e.partitions());
        } catch (RetriableException e) {
            LOG.warn("{}: {}", lane, e.toString());
            LockSupport.parkNanos(PollPace.BUSY.toNanos());
        }
        return ConsumerRecords.empty();
    }

    private void handOver(ConsumerRecords<byte[], byte[]> records) {
        List<RecordDecoding.Admitted> batch = new ArrayList<>();
        Set<TopicPartition> readAgain = new HashSet<>();
        for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> ofPartition = records.records(partition);
            if (!ledger.isOpen(partition)) {
                consumer.seek(partition, ofPartition.getFirst().offset());
                continue;
            }
            for (ConsumerRecord<byte[], byte[]> source : ofPartition) {
                boolean putOff = isPutOff(source);
                if (isTooMuch(source, putOff) && staysTooMuch(source, putOff)) {
                    consumer.seek(partition, source.offset());
                    readAgain.add(partition);
                    break;
                }
                if (partition.topic().equals(retryTopic)) {
                    readingOn.read(partition, source.timestamp(), RecordFacts.parkedRoute(source));
                }
                source.leaderEpoch().ifPresent(epoch -> ledger.appended(partition, source.offset(), epoch));
                if (ledger.received(partition, source.offset())) {
                    admitOrHold(partition, source, putOff, batch);
                }
                if (partition.topic().equals(retryTopic)) {
                    lines.read(partition, source.offset() + 1);
                }
                if (batch.size() == DECODE_BATCH) {
                    decoding.decode(batch);
                    batch = new ArrayList<>();
                }
            }
        }
        if (!batch.isEmpty()) {
            decoding.decode(batch);
        }
        // Beyond the last record lie, if anything, markers of transactions and records of aborted ones.
        records.nextOffsets().forEach((partition, next) -> {
            if (!readAgain.contains(partition)) {
                ledger.passed(partition, next.offset());
            }
        });
    }

    /** Whether it is to be put off, which others' moves may change at any time. */
    private boolean isPutOff(ConsumerRecord<byte[], byte[]> source) {
        return source.topic().equals(retryTopic) && (Postponed.takes(source, clock.nowMillis()) || waitsOn(source));
    }

    /** Whether it would have to be put off, and too much is; or was diverted, and there is no room for that. */
    private boolean isTooMuch(ConsumerRecord<byte[], byte[]> source, boolean putOff) {
        if (source.topic().equals(overflowTopic)) {
            return !ledger.mayTakeOverflow(RecordFacts.sizeBytes(source));
        }
        return putOff && !ledger.mayPutOff(RecordFacts.sizeBytes(source));
    }

    private boolean staysTooMuch(ConsumerRecord<byte[], byte[]> source, boolean putOff) {
        letOthersBeRead();
        return isTooMuch(source, putOff);
    }

    private void admitOrHold(TopicPartition partition, ConsumerRecord<byte[], byte[]> source, boolean putOff,
            List<RecordDecoding.Admitted> batch) {
        switch (admission.judge(source.key(), source.headers())) {
            case Admission.Verdict.Hold(String owner) -> ledger.hold(partition, owner);
            case Admission.Verdict.Answered() -> ledger.completed(admit(partition, source));
            case Admission.Verdict.Admit() ->
                begin(new RecordDecoding.Admitted(source, admit(partition, source)), putOff, batch);
        }
    }

    private void begin(RecordDecoding.Admitted admitted, boolean putOff, List<RecordDecoding.Admitted> batch) {
        if (ledger.awaitsTrial(admitted)) {
            return;
        }
        if (putOff) {
            ledger.postponed(admitted.ticket());
            postponed.add(admitted);
        } else {
            batch.add(admitted);
        }
    }

    private Ticket admit(TopicPartition partition, ConsumerRecord<byte[], byte[]> source) {
        return ledger.admit(partition, source.offset(), RecordFacts.sizeBytes(source),
                RecordFacts.firstEnqueuedMillis(source));
    }

    /** Commits what is complete and leaves the group, within 3 s. */
    @Override
    public void close() {
        try {
            claims.giveBackAll();
        } finally {
            consumer.close(CloseOptions.timeout(CLOSE_LIMIT));
        }
    }
}
