package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Through Kafka, a worker and the dispatcher: who has time waits for throughput that is reserved, who has not goes to what is paid
 * by use when his part of the wait is over; and of more requests than a model has calls for only the rest goes to the fallback model.
 */
@Tag("issue-6")
@Tag("long")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SpillIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Calls at once of the reserved deployment, of a second each. */
    private static final int RESERVED = 2;
    private static final int PATIENT = 6;
    private static final int HURRIED = 12;
    private static final Duration HURRIED_TIME_TO_LIVE = Duration.ofSeconds(8);
    /** A quarter of that. */
    private static final long SPILL_MILLIS = 2_000;
    /** How far the broker's clock, as the worker knows it, may be off. */
    private static final long CLOCK_MILLIS = 200;
    private static final long SOON_MILLIS = 2_000;
    /** Calls at once of the models that have fallback models. */
    private static final int OWN = 4;
    /** Calls at once of a slow model, of six seconds each, and of its brisk fallback model, of half a second. */
    private static final int FEW = 2;
    /** At least that part of a deployment's calls while somebody waits for it; the rest is the way from one call to the next. */
    private static final double USED = 0.65;
    private static final Duration MINUTES = Duration.ofMinutes(10);

    private Installation installation;
    private Dispatcher dispatcher;
    private Caller caller;

    /** @param sentMillis wall clock, just before it was sent */
    private record Asked(String id, long sentMillis, CompletableFuture<LlmReply> reply) {
    }

    /** @param call the only one, as its vendor saw it */
    private record Served(String id, String by, String model, long sentMillis, CallRecord call) {
        long waitedMillis() {
            return call.startedMillis() - sentMillis;
        }
    }

    private static SimulatorOptions vendors() {
        return SimulatorOptions.of(VendorProfile.of("v", ModelProfile.paced(10, 100))
                .withModel("reserved", ModelProfile.paced(10, 100).withLimits(Limits.NONE.withConcurrency(RESERVED)))
                .withModel("short", ModelProfile.paced(10, 200).withLimits(Limits.NONE.withConcurrency(OWN)))
                .withModel("half", ModelProfile.paced(10, 200).withLimits(Limits.NONE.withConcurrency(OWN)))
                .withModel("other", ModelProfile.paced(10, 200))
                .withModel("slow", ModelProfile.paced(10, 600).withLimits(Limits.NONE.withConcurrency(FEW)))
                .withModel("brisk", ModelProfile.paced(10, 50).withLimits(Limits.NONE.withConcurrency(FEW))));
    }

    /** By list price the reserved deployment is the dearer one, and it is written last. */
    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors: { v: { family: openai, base_url: "%1$s" } }
                deployments:
                  by-use/m: { vendor: v, model_id: by-use }
                  reserved/m: { vendor: v, model_id: reserved, throughput: provisioned, limits: { concurrency: %2$d } }
                  here/short: { vendor: v, model_id: short, limits: { concurrency: %3$d } }
                  here/half: { vendor: v, model_id: half, limits: { concurrency: %3$d } }
                  here/other: { vendor: v, model_id: other }
                  here/slow: { vendor: v, model_id: slow, limits: { concurrency: %4$d } }
                  here/brisk: { vendor: v, model_id: brisk, limits: { concurrency: %4$d } }
                pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                routes:
                  m: { test: { otherwise: { cheapest: [by-use, reserved], spill_after: 25%% } } }
                  short: { test: { otherwise: { sequence: [here], fallback_models: [{ model: other, overflow: 100%% }] } } }
                  half: { test: { otherwise: { sequence: [here], fallback_models: [{ model: other, overflow: 50%% }] } } }
                  other: { test: { otherwise: { sequence: [here] } } }
                  slow: { test: { otherwise: { sequence: [here], fallback_models: [{ model: brisk, overflow: 100%% }] } } }
                  brisk: { test: { otherwise: { sequence: [here] } } }
                prices:
                  deployments:
                    by-use/m: { input_per_million: 1, output_per_million: 1 }
                    reserved/m: { input_per_million: 2, output_per_million: 2 }
                topics: { partitions: 2 }
                """
                .formatted(simulator.baseUrl("v"), RESERVED, OWN, FEW);
    }

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        installation = Installation.start(folder.resolve("stack"), vendors(), SpillIT::configuration);
        dispatcher = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                installation.clientProperties(), installation.registryProperties(), folder.resolve("control")));
        caller = new Caller(installation.callerProperties(), LANE);
        Awaitility.await().atMost(PATIENCE).until(dispatcher::ready);
    }

    @AfterAll
    void stop() {
        if (caller != null) {
            caller.close();
        }
        if (dispatcher != null) {
            dispatcher.close();
        }
        if (installation != null) {
            installation.close();
        }
    }

    private List<Asked> ask(String prefix, String model, int requests, Duration timeToLive) {
        List<Asked> asked = new ArrayList<>();
        for (int i = 0; i < requests; i++) {
            String id = prefix + i;
            asked.add(new Asked(id, System.currentTimeMillis(), caller.ask(Caller.request(id, model,
                    Family.OPENAI.format, Family.OPENAI.body(model), false, timeToLive))
                    .thenApply(Caller.Answer::reply)));
        }
        return asked;
    }

    private List<Served> served(List<Asked> asked) throws Exception {
        List<Served> served = new ArrayList<>();
        for (Asked each : asked) {
            LlmReply reply = each.reply.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(reply.getStatus()).as("%s: %s", each.id, reply.getError()).isEqualTo(ReplyStatus.COMPLETED);
            List<CallRecord> calls = installation.simulator().callsByRequestId().getOrDefault(each.id, List.of());
            assertThat(calls).as("calls of %s", each.id).hasSize(1);
            served.add(new Served(each.id, reply.getServedBy().getDeployment(), reply.getServedBy().getModel(),
                    each.sentMillis, calls.getFirst()));
        }
        return served;
    }

    private static List<Served> by(String deployment, List<Served> served) {
        return served.stream().filter(each -> each.by.equals(deployment)).toList();
    }

    private static CallSpans spans(List<Served> served) {
        return new CallSpans(served.stream().map(Served::call).toList());
    }

    /** Attempts and usage say the same as replies and vendors. */
    private void recordsAgree(List<Served> served, String asked) {
        Map<String, Served> byId = new HashMap<>();
        served.forEach(each -> byId.put(each.id, each));
        List<String> expected = served.stream().map(each -> told(each.id, each.by, each.model, asked)).toList();
        assertThat(served).allSatisfy(each -> assertThat(each.call.model())
                .isEqualTo(each.by.equals("by-use/m")
                        ? "by-use"
                        : each.by.equals("reserved/m") ? "reserved" : each.model));
        Awaitility.await("attempts and usage").atMost(PATIENCE).untilAsserted(() -> {
            List<AttemptEvent> attempts = TopicRecords
                    .all(installation.callerProperties(), Topics.ATTEMPTS, AttemptEvent.class).stream()
                    .filter(each -> byId.containsKey(each.getRequestId())).toList();
            for (AttemptPhase phase : List.of(AttemptPhase.STARTED, AttemptPhase.ENDED)) {
                assertThat(attempts.stream().filter(each -> each.getPhase() == phase)
                        .map(each -> told(each.getRequestId(), each.getDeployment(), each.getModel(),
                                each.getRequestedModel())))
                        .containsExactlyInAnyOrderElementsOf(expected);
            }
            assertThat(TopicRecords.all(installation.callerProperties(), Topics.USAGE, UsageRecord.class).stream()
                    .filter(each -> byId.containsKey(each.getRequestId()))
                    .map(each -> told(each.getRequestId(), each.getDeployment(), each.getModel(),
                            each.getRequestedModel())))
                    .containsExactlyInAnyOrderElementsOf(expected);
        });
    }

    private static String told(String id, String deployment, String model, String asked) {
        return "%s asked %s and had %s of %s".formatted(id, asked, model, deployment);
    }

    @Test
    void who_has_time_waits_for_reserved_throughput_and_who_has_not_spills_when_his_wait_ends() throws Exception {
        List<Asked> first = ask("first-", "m", 1, HURRIED_TIME_TO_LIVE);
        assertThat(by("reserved/m", served(first))).as("while it is free it serves everybody").hasSize(1);

        List<Asked> patient = ask("patient-", "m", PATIENT, MINUTES);
        List<Asked> hurried = ask("hurried-", "m", HURRIED, HURRIED_TIME_TO_LIVE);
        List<Served> hadTime = served(patient);
        List<Served> hadNot = served(hurried);
        List<Served> spilled = by("by-use/m", hadNot);
        List<Served> inTime = by("reserved/m", hadNot);
        CallSpans reserved = spans(Stream.concat(hadTime.stream(), inTime.stream()).toList());
        LongSummaryStatistics waits = spilled.stream().mapToLong(Served::waitedMillis).summaryStatistics();
        System.out.printf(Locale.ROOT,
                "spill: of %d that wait %d ms %d spilled, after %d to %d ms; the reserved deployment served the other %d and all %d that had time, %.0f %% used, the last after %d ms%n",
                HURRIED, SPILL_MILLIS, spilled.size(), waits.getMin(), waits.getMax(), inTime.size(),
                by("reserved/m", hadTime).size(), 100 * reserved.used(RESERVED),
                hadTime.stream().mapToLong(Served::waitedMillis).max().orElseThrow());

        assertThat(by("reserved/m", hadTime)).as("who has time is served there").hasSize(PATIENT);
        assertThat(spilled.size() + inTime.size()).isEqualTo(HURRIED);
        assertThat(spilled).as("it has not so many calls within their wait").hasSizeGreaterThanOrEqualTo(HURRIED / 3)
                .allSatisfy(each -> assertThat(each.waitedMillis()).isBetween(SPILL_MILLIS - CLOCK_MILLIS,
                        SPILL_MILLIS + SOON_MILLIS));
        assertThat(inTime).as("whose time ends first goes first").hasSizeGreaterThanOrEqualTo(RESERVED);
        assertThat(hadTime).as("though by use there was room").anySatisfy(
                each -> assertThat(each.call.startedMillis()).isGreaterThan(spans(spilled).lastStart()));
        assertThat(reserved.used(RESERVED)).as("used while somebody waited for it").isGreaterThan(USED);
        assertThat(installation.simulator().meter("v", "reserved").refused()).isZero();
        recordsAgree(Stream.concat(hadTime.stream(), hadNot.stream()).toList(), "m");
    }

    @Test
    void only_what_exceeds_the_first_models_calls_goes_to_the_fallback_model_and_nothing_waits() throws Exception {
        List<Served> all = new ArrayList<>();
        for (int requests : List.of(3 * OWN, OWN + 1)) {
            List<Served> served = served(ask("burst-of-" + requests + "-", "short", requests, MINUTES));
            CallSpans spans = spans(served);
            System.out.printf(Locale.ROOT,
                    "overflow: of %d at once %d by the first model, %d by the fallback; all called within %d ms of the first%n",
                    requests, by("here/short", served).size(), by("here/other", served).size(),
                    spans.lastStart() - spans.firstStart());
            assertThat(by("here/short", served)).as("of %d, by the first model", requests).hasSize(OWN);
            assertThat(by("here/other", served)).as("of %d, the rest", requests).hasSize(requests - OWN);
            assertThat(spans.lastStart()).as("none waited for a call to end").isLessThan(spans.firstEnd());
            all.addAll(served);
        }
        assertThat(installation.simulator().meter("v", "short").refused()).isZero();
        recordsAgree(all, "short");
    }

    /** Which requests may overflow their ids say, so that the parts are the same in each run but for those called first. */
    @Test
    void the_part_that_may_overflow_does_so_at_once_and_the_rest_waits_for_the_first_model() throws Exception {
        int requests = 4 * OWN;
        List<Served> served = served(ask("part-", "half", requests, MINUTES));
        CallSpans own = spans(by("here/half", served));
        CallSpans other = spans(by("here/other", served));
        System.out.printf(Locale.ROOT,
                "overflow of a half: of %d at once %d by the fallback, the last called %d ms after the first; %d by the first model, %.0f %% used%n",
                requests, other.count(), other.lastStart() - own.firstStart(), own.count(), 100 * own.used(OWN));
        assertThat(own.count() + other.count()).isEqualTo(requests);
        assertThat(other.count()).isBetween(requests / 4, requests * 5 / 8);
        assertThat(other.lastStart()).as("who may overflow waits for no call to end").isLessThan(own.firstEnd());
        assertThat(own.used(OWN)).as("used while somebody waited for it").isGreaterThan(USED);
        assertThat(installation.simulator().meter("v", "half").refused()).isZero();
        recordsAgree(served, "half");
    }

    /** Once those that were refused by both models waited for the first one's calls alone, and looked at the other each second. */
    @Test
    void who_waits_since_the_fallback_model_is_busy_too_goes_there_when_one_of_its_calls_ends() throws Exception {
        int beyond = 6 * FEW;
        List<Served> served = served(ask("crowd-", "slow", FEW + beyond, MINUTES));
        CallSpans other = spans(by("here/brisk", served));
        System.out.printf(Locale.ROOT,
                "overflow into %d calls at once: %d by the fallback within %d ms, %.0f %% used, %d by the first model%n",
                FEW, other.count(), other.lastStart() - other.firstStart(), 100 * other.used(FEW),
                by("here/slow", served).size());
        assertThat(by("here/slow", served)).as("the others are done before one of its calls ends").hasSize(FEW);
        assertThat(other.count()).isEqualTo(beyond);
        assertThat(other.used(FEW)).as("used while somebody waited").isGreaterThan(USED);
        assertThat(installation.simulator().meter("v", "brisk").refused()).isZero();
        recordsAgree(served, "slow");
    }
}
