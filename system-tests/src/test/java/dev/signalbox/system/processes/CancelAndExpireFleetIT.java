package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.FailedSendListener;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.guarantee.EveryRequestEndsOnce;
import dev.signalbox.system.guarantee.Guarantees;
import dev.signalbox.system.guarantee.NoCallAfterExpiry;
import dev.signalbox.system.guarantee.NothingLost;
import dev.signalbox.system.guarantee.TopicReplay;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * K11 and K12 with three worker processes of which two are killed: whoever is cancelled, or whose time is up, before it comes, in
 * queue, between visits, in a call or after its end, ends so, also when its worker dies meanwhile, and is called no more.
 */
@Tag("issue-7")
@Tag("long")
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CancelAndExpireFleetIT {
    private static final int EACH = 12;
    private static final int HOLDERS = 30;
    private static final int AT_ONCE = 6;
    private static final Duration MINUTES = Duration.ofMinutes(5);
    private static final Duration IN_QUEUE = Duration.ofSeconds(3);
    private static final Duration BETWEEN_VISITS = Duration.ofSeconds(4);
    /** Longer than a dead worker's session: those that were in its calls begin again at another. */
    private static final Duration RUNNING = Duration.ofSeconds(14);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** A cancellation is read and acted on within this, and a call that was just then begun ends. */
    private static final long ACTS_WITHIN_MILLIS = 1_000;

    private Simulator vendors;
    private Traffic traffic;
    private RequestProducer canceller;

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors:
                  sim: { family: openai, base_url: "%s" }
                deployments:
                  sim/fast: { vendor: sim, model_id: fast }
                  sim/one: { vendor: sim, model_id: "one@fault=silent:300s", limits: { concurrency: %d } }
                  sim/stalls: { vendor: sim, model_id: "stalls@fault=stall:5:300s:50ms" }
                  sim/down: { vendor: sim, model_id: "down@fault=status:503" }
                pools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                  fast: { test: { otherwise: { sequence: [sim] } } }
                  one: { test: { otherwise: { sequence: [sim] } } }
                  stalls: { test: { otherwise: { sequence: [sim] } } }
                  down: { test: { otherwise: { sequence: [sim] } } }
                topics: { partitions: %d }
                """.formatted(simulator.baseUrl("sim"), AT_ONCE, Fleet.PARTITIONS);
    }

    @Test
    void whoIsCancelledOrExpiredEndsSoWhicheverWorkerDies(@TempDir Path folder) throws Exception {
        SimulatorOptions simulated = SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.paced(60, 2)));
        long begun = System.nanoTime();
        try (Fleet fleet = Fleet.start(folder, 1, 3, simulated, CancelAndExpireFleetIT::configuration,
                System.getProperty("java.class.path"));
                Traffic callers = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest());
                RequestProducer cancels = RequestProducer.open(fleet.callerProperties(),
                        RequestProducerOptions.DEFAULT, FailedSendListener.NONE)) {
            vendors = fleet.vendors();
            traffic = callers;
            canceller = cancels;
            cancelledBeforeTheyCome(fleet);
            ask("holder", "one", HOLDERS, false, MINUTES);
            until(() -> calls("holder").size() == AT_ONCE);
            cancelledWhileTheirWorkerDies(fleet);
            expiredWhileTheirWorkerDies(fleet);
            cancel("holder", HOLDERS);
            assertEnd("holder", HOLDERS, ReplyStatus.CANCELLED);
            assertCut("holder");
            Guarantees guarantees = new Guarantees(List.of(new NothingLost(), new EveryRequestEndsOnce(),
                    new NoCallAfterExpiry(ACTS_WITHIN_MILLIS)));
            new TopicReplay(fleet.callerProperties(), Fleet.LANE).tell(guarantees);
            assertThat(guarantees.violations()).isEmpty();
            System.out.printf(Locale.ROOT, "%d requests cancelled or expired at every point of their way, two of three"
                    + " workers killed meanwhile: %d calls, in %.0f s%n", traffic.asked(), vendors.calls().size(),
                    (System.nanoTime() - begun) / 1e9);
        }
    }

    private void cancelledBeforeTheyCome(Fleet fleet) throws Exception {
        cancel("early", EACH);
        until(() -> fleet.workers().stream().allMatch(worker -> cancellations(worker) >= EACH));
        ask("early", "fast", EACH, false, MINUTES);
        assertEnd("early", EACH, ReplyStatus.CANCELLED);
        assertThat(calls("early")).isEmpty();
        ask("done", "fast", EACH, false, MINUTES);
        assertEnd("done", EACH, ReplyStatus.COMPLETED);
        cancel("done", EACH);
    }

    private static double cancellations(FleetWorker worker) {
        return worker.metric("signalbox_cancellations").orElse(0);
    }

    private void cancelledWhileTheirWorkerDies(Fleet fleet) throws Exception {
        ask("queued", "one", EACH, false, MINUTES);
        ask("pausing", "down", EACH, false, MINUTES);
        ask("stream", "stalls", EACH, true, MINUTES);
        until(() -> calls("stream").size() >= EACH && calls("pausing").size() >= 3);
        fleet.workers().getFirst().process().kill();
        List<String> cancelled = List.of("queued", "pausing", "stream");
        for (String kind : cancelled) {
            cancel(kind, EACH);
        }
        cancel("late", EACH);
        long actedOn = System.currentTimeMillis() + ACTS_WITHIN_MILLIS;
        fleet.replace(0);
        for (String kind : cancelled) {
            assertEnd(kind, EACH, ReplyStatus.CANCELLED);
            assertThat(calls(kind)).as("calls of %s after they were cancelled", kind)
                    .noneMatch(call -> call.startedMillis() > actedOn);
        }
        assertThat(calls("queued")).isEmpty();
        assertCut("stream");
        fleet.awaitReady();
        ask("late", "fast", EACH, false, MINUTES);
        assertEnd("late", EACH, ReplyStatus.CANCELLED);
        assertThat(calls("late")).as("cancelled before one of the workers was there").isEmpty();
    }

    private void expiredWhileTheirWorkerDies(Fleet fleet) throws Exception {
        long asked = System.currentTimeMillis();
        ask("ttl-running", "stalls", EACH, true, RUNNING);
        ask("ttl-queued", "one", EACH, false, IN_QUEUE);
        ask("ttl-pausing", "down", EACH, false, BETWEEN_VISITS);
        until(() -> calls("ttl-running").size() >= EACH);
        long sent = System.currentTimeMillis();
        fleet.workers().get(1).process().kill();
        for (String kind : List.of("ttl-queued", "ttl-pausing", "ttl-running")) {
            assertEnd(kind, EACH, ReplyStatus.EXPIRED);
        }
        assertThat(System.currentTimeMillis()).as("none ends before its time is up")
                .isGreaterThanOrEqualTo(asked + RUNNING.toMillis());
        assertThat(calls("ttl-queued")).isEmpty();
        assertThat(calls("ttl-pausing")).noneMatch(isAfter(sent, BETWEEN_VISITS));
        assertThat(calls("ttl-running")).noneMatch(isAfter(sent, RUNNING));
        assertCut("ttl-running");
        fleet.replace(1);
        fleet.awaitReady();
    }

    private static Predicate<CallRecord> isAfter(long sentMillis, Duration timeToLive) {
        return call -> call.startedMillis() > sentMillis + timeToLive.toMillis();
    }

    private void ask(String kind, String model, int count, boolean streamed, Duration timeToLive) {
        for (int i = 0; i < count; i++) {
            LlmRequest request = Traffic.request(kind + "-" + i, model, timeToLive, streamed, Topics.REPLIES);
            var _ = traffic.ask(request);
        }
    }

    private void cancel(String kind, int count) {
        for (int i = 0; i < count; i++) {
            canceller.cancel(kind + "-" + i).join();
        }
    }

    private void assertEnd(String kind, int count, ReplyStatus status) throws Exception {
        List<String> others = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ReplyStatus ended = traffic.reply(kind + "-" + i).get(PATIENCE.toSeconds(), TimeUnit.SECONDS).getStatus();
            if (ended != status) {
                others.add(kind + "-" + i + " " + ended);
            }
        }
        assertThat(others).as("ended otherwise than %s", status).isEmpty();
    }

    /** Each of their calls ended by its connection being closed, the worker's death included. */
    private void assertCut(String kind) {
        Awaitility.await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertThat(calls(kind)).isNotEmpty()
                .allMatch(call -> call.outcome() == CallOutcome.CLIENT_CLOSED));
    }

    private List<CallRecord> calls(String kind) {
        return vendors.calls().stream().filter(call -> call.requestId().startsWith(kind + "-")).toList();
    }

    private static void until(java.util.concurrent.Callable<Boolean> holds) {
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(holds);
    }
}
