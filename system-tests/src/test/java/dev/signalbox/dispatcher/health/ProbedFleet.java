package dev.signalbox.dispatcher.health;

import dev.signalbox.dispatcher.health.HealthModel.Evidence;
import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * One deployment that fails for some minutes, workers that have a request for it now and then, one dispatcher, and the two logs
 * between them, one seed a run. Records are late, come twice, and those of a worker's two producers in any order; workers die, some right
 * after they claimed a turn; calls take up to minutes. What decides is the code that ships, as pure models: the dispatcher's
 * {@link HealthModel}, each worker's permit desk.
 */
final class ProbedFleet {
    static final Duration LONGEST_CALL = Duration.ofMinutes(5);
    static final long BEGIN = 1_700_000_000_000L;
    static final long MINUTE = 60_000;
    /** Healing ends within that after the vendor has recovered, though a call of a dead worker is waited for. */
    static final long CALM_MINUTES = 30;
    private static final long TICK = 1_000;
    private static final long REFRESH = 5_000;

    /** What is planted to see whether it is found. */
    enum Bug {
        NONE,
        /** Who claimed a turn begins its call at once, as it did before there were claims. */
        NOBODY_WAITS_TO_BE_NAMED,
        /** A probe that has run for a minute is taken for lost. */
        LOST_AFTER_A_MINUTE,
        /** A turn may be used as long as the record that gave it counts. */
        TURNS_DO_NOT_END
    }

    /** One event of {@code llm.attempts}. */
    record Told(Kind kind, String worker, String id, String outcome, long lengthMillis) {
        enum Kind {
            CLAIMED,
            STARTED,
            ENDED
        }
    }

    private record Event(long atMillis, long order, Runnable run) {
    }

    final long seed;
    final SplittableRandom random;
    final Bug bug;
    private final PriorityQueue<Event> events = new PriorityQueue<>((a, b) -> a.atMillis() != b.atMillis()
            ? Long.compare(a.atMillis(), b.atMillis())
            : Long.compare(a.order(), b.order()));
    private final HealthRules rules = HealthRules.DEFAULT;
    private final HealthModel model = new HealthModel(rules);
    private final Duration lost;
    private final FleetTime time = new FleetTime(() -> this.now - BEGIN);
    private final List<ProbingWorker> workers = new ArrayList<>();
    private final long outageFrom;
    private final long outageUntil;
    private final long gapMillis;
    private Standing standing = Standing.UNSEEN;
    private long order;
    private long now = BEGIN;
    private long readMillis = BEGIN;
    private int born;
    private String prober = "";
    String violation = "";
    int probes;
    int ejections;

    ProbedFleet(long seed, Bug bug) {
        this.seed = seed;
        this.bug = bug;
        this.random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L);
        this.lost = bug == Bug.LOST_AFTER_A_MINUTE ? Duration.ofMinutes(1) : LONGEST_CALL;
        this.outageFrom = BEGIN + MINUTE + random.nextLong(MINUTE);
        this.outageUntil = outageFrom + random.nextLong(2 * MINUTE, 12 * MINUTE);
        this.gapMillis = random.nextLong(500, 15_000);
        for (int i = random.nextInt(2, 6); i > 0; i--) {
            newWorker();
        }
        every(TICK, this::tick);
        every(REFRESH, this::refresh);
    }

    /** Empty: what must hold did. */
    String judged() {
        long end = outageUntil + CALM_MINUTES * MINUTE;
        while (violation.isEmpty() && events.element().atMillis() <= end) {
            Event event = events.remove();
            now = event.atMillis();
            event.run().run();
        }
        if (violation.isEmpty() && standing.state() != DeploymentState.HEALTHY && ejections > 0) {
            violation = "not healed: " + standing.state() + " since " + (now - standing.sinceMillis()) + " ms, "
                    + standing.probe();
        }
        return violation.isEmpty() ? "" : "seed " + seed + ": " + violation;
    }

    long now() {
        return now;
    }

    long gapMillis() {
        return gapMillis;
    }

    boolean isCalm() {
        return now >= outageUntil;
    }

    void in(long millis, Runnable run) {
        events.add(new Event(now + millis, order++, run));
    }

    void every(long millis, Runnable run) {
        in(millis, () -> {
            run.run();
            every(millis, run);
        });
    }

    void newWorker() {
        ProbingWorker worker = new ProbingWorker("worker-" + ++born, this);
        workers.add(worker);
        worker.begin();
    }

    void kill(ProbingWorker worker) {
        workers.remove(worker);
        if (prober.equals(worker.name())) {
            prober = "";
        }
        in(1_000, this::newWorker);
    }

    List<ProbingWorker> workers() {
        return workers;
    }

    /** How a call ends that ends at that time. */
    String outcome(long endsMillis) {
        return endsMillis >= outageFrom && endsMillis < outageUntil ? "TIMEOUT" : Blame.ANSWERED;
    }

    void probeBegins(String worker) {
        if (!prober.isEmpty()) {
            violation = worker + " probes at " + (now - BEGIN) + " ms while the probe of " + prober + " runs; "
                    + standing.probe();
        }
        prober = worker;
        probes++;
    }

    void probeEnds(String worker) {
        if (prober.equals(worker)) {
            prober = "";
        }
    }

    private boolean rarely() {
        return random.nextInt(50) == 0;
    }

    /** Of a record to its log: what is lost is sent again. */
    long appendDelay() {
        return 1 + (rarely() ? random.nextLong(900) : random.nextLong(15));
    }

    /** It is in the log now, and perhaps once more later. */
    void appended(Told told) {
        read(told);
        if (rarely()) {
            in(random.nextLong(3_000), () -> read(told));
        }
    }

    private void read(Told told) {
        long appendedMillis = now;
        readMillis = Math.max(readMillis, now + (rarely() ? random.nextLong(500) : random.nextLong(10)));
        in(readMillis - now, () -> {
            time.observe(appendedMillis);
            process(told, appendedMillis);
        });
    }

    private void process(Told told, long at) {
        switch (told.kind()) {
            case CLAIMED -> take(new HealthStep(model.onClaimed(standing, told.worker(), lost, at), List.of()), at);
            case STARTED ->
                take(new HealthStep(model.onStarted(standing, told.worker(), told.id(), lost, at), List.of()),
                        at);
            case ENDED -> take(model.onCall(standing,
                    new Call(told.id(), told.outcome(), told.worker(), at - told.lengthMillis()), Evidence.USUAL, lost,
                    at),
                    at);
        }
    }

    private void tick() {
        time.nowMillis().ifPresent(at -> take(model.onTime(standing, lost, at), at));
    }

    private void refresh() {
        tick();
        time.nowMillis().ifPresent(this::publish);
    }

    private void take(HealthStep step, long at) {
        ProbeTurn before = standing.probe();
        standing = step.standing();
        step.changes().forEach(change -> ejections += change.state() == DeploymentState.EJECTED ? 1 : 0);
        ProbeTurn after = standing.probe();
        if (!step.changes().isEmpty() || !Objects.equals(before.worker(), after.worker())
                || before.untilMillis() != after.untilMillis()) {
            publish(at);
        }
    }

    private void publish(long at) {
        DeploymentHealth health = HealthReport.of(ProbingWorker.SICK.toString(), standing, List.of(), rules, at);
        workers.forEach(worker -> worker.published(health));
    }
}
