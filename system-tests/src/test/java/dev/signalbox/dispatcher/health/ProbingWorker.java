package dev.signalbox.dispatcher.health;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ReadResult;
import dev.signalbox.dispatcher.health.ProbedFleet.Bug;
import dev.signalbox.dispatcher.health.ProbedFleet.Told;
import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.CallLesson;
import dev.signalbox.workers.router.CallUse;
import dev.signalbox.workers.router.FleetView;
import dev.signalbox.workers.router.Permit;
import dev.signalbox.workers.router.PermitDesk;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.RoutingQuery;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** One worker of a {@link ProbedFleet}: its permit desk, and what its shell does with it. Its clocks are its own. */
final class ProbingWorker {
    static final DeploymentName SICK = DeploymentName.parse("sick.eu/model");
    private static final Configuration CONFIGURATION = configuration("""
            environment: test
            pools: { main: { use_cases: [otherwise] } }
            deployments:
              sick.eu/model: { vendor: openai, model_id: m, limits: { requests_per_minute: 600000 } }
              well.eu/model: { vendor: openai, model_id: m, limits: { requests_per_minute: 600000 } }
            routes: { model: { test: { otherwise: { sequence: [sick.eu, well.eu] } } } }
            """);
    private static final CallUse USED = new CallUse(CallUse.End.BY_VENDOR, OptionalLong.empty(), OptionalLong.empty());
    private static final long PATIENCE_MILLIS = 500;
    private static final int MOST_ASKED = 3;

    private final String name;
    private final ProbedFleet fleet;
    private final SplittableRandom random;
    private final PermitDesk desk;
    private final long nanosOrigin;
    private final long clockErrorMillis;
    private final List<Runnable> waiting = new ArrayList<>();
    private @Nullable DeploymentHealth latest;
    private boolean alive = true;
    private int calls;
    private long announcedMillis;
    private long toldMillis;
    private long heardMillis;

    ProbingWorker(String name, ProbedFleet fleet) {
        this.name = name;
        this.fleet = fleet;
        this.random = fleet.random.split();
        this.desk = new PermitDesk(CONFIGURATION, random.split());
        this.nanosOrigin = random.nextLong(-1_000_000_000_000L, 1_000_000_000_000L);
        this.clockErrorMillis = random.nextLong(-100, 100);
    }

    private static Configuration configuration(String yaml) {
        return switch (ConfigurationReader.read("test.yaml", yaml, secret -> Optional.of("value of " + secret))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    String name() {
        return name;
    }

    void begin() {
        desk.share(new PoolName("main"), 1);
        fleet.every(1_000, this::tell);
        next();
    }

    private void next() {
        fleet.in(random.nextLong(2 * fleet.gapMillis()), () -> {
            if (alive) {
                // What makes a caller call makes it call others too, and they go to other workers.
                if (random.nextInt(3) == 0) {
                    List.copyOf(fleet.workers()).forEach(
                            worker -> fleet.in(random.nextLong(4), () -> worker.request(MOST_ASKED)));
                }
                request(MOST_ASKED);
                next();
            }
        });
    }

    private long nanos() {
        return nanosOrigin + (fleet.now() - ProbedFleet.BEGIN) * 1_000_000;
    }

    /** Reads {@code llm.health} at its own pace, in the order of the log. */
    void published(DeploymentHealth health) {
        long delay = random.nextInt(15) == 0 ? random.nextLong(10_000) : 1 + random.nextLong(15);
        heardMillis = Math.max(heardMillis, fleet.now() + delay);
        fleet.in(heardMillis - fleet.now(), () -> {
            latest = health;
            tell();
        });
    }

    private void tell() {
        DeploymentHealth told = latest;
        if (!alive || told == null) {
            return;
        }
        DeploymentHealth known = fleet.bug == Bug.TURNS_DO_NOT_END && told.getProbingUntilMillis() != null
                ? DeploymentHealth.newBuilder(told).setProbingUntilMillis(null).build()
                : told;
        desk.told(SICK, FleetView.of(known, name, fleet.now() + clockErrorMillis, nanos()), nanos());
        List<Runnable> woken = List.copyOf(waiting);
        waiting.clear();
        woken.forEach(Runnable::run);
    }

    /** @param left how often it is asked for before that is a loop */
    private void request(int left) {
        if (!alive) {
            return;
        }
        RoutingQuery query = new RoutingQuery(new PoolName("main"), "model", "any", List.of(), RoutingQuery.Needs.NONE,
                LocalDate.EPOCH, random.nextLong());
        if (!(desk.ask(query, CallAsk.FIRST, null, nanos()) instanceof Answer.Granted granted)) {
            return;
        }
        Permit permit = granted.permit();
        if (!permit.deployment().name().equals(SICK)) {
            desk.ended(permit, USED, new CallLesson.Answered(10, 0), nanos());
            return;
        }
        boolean isProbe = permit.isTrial() && isProbed();
        switch (desk.takeTurn(permit, nanos())) {
            case MAY_CALL -> call(permit, isProbe);
            case MAY_NOT -> refused(permit, left);
            case MUST_CLAIM -> claim(permit, left);
        }
    }

    private boolean isProbed() {
        FleetView view = desk.view(Objects.requireNonNull(CONFIGURATION.deployments().get(SICK)), nanos()).fleet();
        return view.found().filter(DeploymentState.PROBING::equals).isPresent()
                && nanos() - view.asOfNanos() <= FleetView.LONGEST_AGE.toNanos();
    }

    private void refused(Permit permit, int left) {
        desk.ended(permit, CallUse.NOT_MADE, CallLesson.NOTHING, nanos());
        if (left == 0) {
            fleet.violation = name + " asks again and again";
            return;
        }
        request(left - 1);
    }

    private void claim(Permit permit, int left) {
        announce(new Told(Told.Kind.CLAIMED, name, "", "", 0));
        if (!fleet.isCalm() && random.nextInt(20) == 0) {
            fleet.in(random.nextLong(30), this::die);
        }
        if (fleet.bug == Bug.NOBODY_WAITS_TO_BE_NAMED) {
            call(permit, true);
            return;
        }
        long until = fleet.now() + PATIENCE_MILLIS;
        waiting.add(() -> look(permit, until, left));
        fleet.in(PATIENCE_MILLIS, () -> {
            List<Runnable> woken = List.copyOf(waiting);
            waiting.clear();
            woken.forEach(Runnable::run);
        });
    }

    private void look(Permit permit, long until, int left) {
        if (!alive) {
            return;
        }
        switch (desk.takeTurn(permit, nanos())) {
            case MAY_CALL -> call(permit, isProbed());
            case MAY_NOT -> refused(permit, left);
            case MUST_CLAIM -> {
                if (fleet.now() >= until) {
                    refused(permit, left);
                } else {
                    waiting.add(() -> look(permit, until, left));
                }
            }
        }
    }

    private void call(Permit permit, boolean isProbe) {
        String id = name + "/" + ++calls;
        long length = switch (random.nextInt(10)) {
            case 0 -> random.nextLong(4 * ProbedFleet.MINUTE);
            case 1, 2 -> random.nextLong(20_000);
            default -> 1 + random.nextLong(random.nextBoolean() ? 20 : 2_000);
        };
        if (isProbe) {
            fleet.probeBegins(name);
        }
        announce(new Told(Told.Kind.STARTED, name, id, "", 0));
        fleet.in(length, () -> {
            if (alive) {
                ended(permit, id, length, isProbe);
            }
        });
        if (!fleet.isCalm() && random.nextInt(30) == 0) {
            fleet.in(random.nextLong(length + 1), this::die);
        }
    }

    private void ended(Permit permit, String id, long length, boolean isProbe) {
        String outcome = fleet.outcome(fleet.now());
        if (isProbe) {
            fleet.probeEnds(name);
        }
        toldMillis = Math.max(toldMillis, fleet.now() + fleet.appendDelay());
        fleet.in(toldMillis - fleet.now(),
                () -> fleet.appended(new Told(Told.Kind.ENDED, name, id, outcome, length)));
        desk.ended(permit, USED, outcome.equals(Blame.ANSWERED)
                ? new CallLesson.Answered(10, 0)
                : new CallLesson.Failed(CallLesson.Blame.SERVICE, Optional.<Duration>empty()), nanos());
    }

    /** What calls wait for has a producer of its own. What is sent arrives though its worker dies. */
    private void announce(Told told) {
        announcedMillis = Math.max(announcedMillis, fleet.now() + fleet.appendDelay());
        fleet.in(announcedMillis - fleet.now(), () -> fleet.appended(told));
    }

    private void die() {
        if (alive) {
            alive = false;
            fleet.kill(this);
        }
    }
}
