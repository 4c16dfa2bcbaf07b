package dev.signalbox.system.processes;

import dev.signalbox.schemas.client.ReplyAssembler;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.Topics;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.system.guarantee.CommittedNeverPassesPending;
import dev.signalbox.system.guarantee.EveryRequestEndsOnce;
import dev.signalbox.system.guarantee.Guarantees;
import dev.signalbox.system.guarantee.NoCallAfterExpiry;
import dev.signalbox.system.guarantee.NoMixedAttempts;
import dev.signalbox.system.guarantee.NothingLost;
import dev.signalbox.system.guarantee.RunEvent;
import dev.signalbox.system.guarantee.TopicReplay;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/**
 * Watches a fleet's run: the guarantees from the topics and from what readers were shown, and from the vendors' log how many
 * calls were made in vain. For one thread.
 */
final class Witness {
    private static final long COMMIT_MILLIS = 200;
    /** How old the number of pending requests is that a worker tells, at most. */
    private static final long STATUS_MILLIS = 100;

    private final Fleet fleet;
    private final Traffic traffic;
    private final TopicReplay topics;
    private final Set<String> replyTopics;
    private final Guarantees guarantees = new Guarantees(List.of(new NothingLost(), new EveryRequestEndsOnce(),
            new NoMixedAttempts(), new CommittedNeverPassesPending(), new NoCallAfterExpiry(1_000)));
    private long allowance;

    Witness(Fleet fleet, Traffic traffic, List<String> replyTopics) {
        this.fleet = fleet;
        this.traffic = traffic;
        this.replyTopics = Set.copyOf(replyTopics);
        this.topics = new TopicReplay(fleet.callerProperties(), Fleet.LANE, replyTopics);
    }

    /** Reads on to the topics' ends. */
    void look() throws Exception {
        topics.tell(guarantees);
        traffic.takeShown().forEach(guarantees::saw);
    }

    /** What broke a guarantee so far; with all replies there, also what is lacking. */
    List<String> violations() throws Exception {
        look();
        return guarantees.violations();
    }

    /** A reader who comes late, knows of no request and reads all from the beginning ends each once, as the first did. */
    List<String> violationsBefore(String latecomer) throws Exception {
        ConcurrentLinkedQueue<RunEvent> events = new ConcurrentLinkedQueue<>();
        AtomicInteger ended = new AtomicInteger();
        ReplyReaderOptions options = new ReplyReaderOptions(replyTopics, Set.of(Topics.TOKENS),
                new ReplyReaderOptions.Start.Earliest(), ReplyReaderOptions.Scope.ALL,
                ReplyAssembler.Bounds.DEFAULT);
        try (ReplyReader _ = ReplyReader.open(fleet.callerProperties(), options, event -> {
            events.add(new RunEvent.Shown(latecomer, event));
            if (event instanceof ReplyEvent.Ended) {
                ended.incrementAndGet();
            }
        })) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> ended.get() >= traffic.asked());
        }
        events.forEach(guarantees::saw);
        return guarantees.violations();
    }

    /**
     * A worker is about to be killed or frozen: what it holds may be called again, and what ended since its last commit; also
     * what it began since it last told what it holds.
     *
     * @param uncommitted how long commits may have failed already
     */
    void aboutToLose(FleetWorker victim, Duration uncommitted) {
        long since = System.currentTimeMillis() - COMMIT_MILLIS - STATUS_MILLIS - uncommitted.toMillis();
        long lately = fleet.vendors().calls().stream().filter(call -> call.startedMillis() >= since
                || (call.outcome() == CallOutcome.COMPLETED
                        && call.startedMillis() + call.durationMillis() >= since))
                .count();
        allowance += victim.pending() + lately;
    }

    /** Calls that may have been made more than once. */
    long allowance() {
        return allowance;
    }

    /** Calls beyond the first of each request. */
    long repeats() {
        List<CallRecord> calls = fleet.vendors().calls();
        return calls.size() - calls.stream().map(CallRecord::requestId).distinct().count();
    }
}
