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
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An important pool with three of ten calls at once, which borrows from the pool below it, and that one with the other seven, to
 * which nobody lends: with a worker and the dispatcher, which alone may give a pool more than its own part.
 */
@Tag("issue-6")
@Tag("long")
class BorrowedCapacityIT {
    private static final String LOWER = "everything-else";
    private static final Lane IMPORTANT = new Lane(new PoolName("conversation-serving"), Priority.STANDARD);
    private static final Lane OTHERS = new Lane(new PoolName(LOWER), Priority.STANDARD);
    private static final int CALLS = 10;
    private static final int OWN = 3;
    private static final int LENT = CALLS - OWN;
    /** Of 0.7 s each: together much longer than a grant takes that is asked for. */
    private static final int ROUNDS_ALONE = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors: { v: { family: openai, base_url: "%s" } }
                deployments:
                  v/m: { vendor: v, model_id: m, limits: { concurrency: %d }, pools: { conversation-serving: 30%%, everything-else: 70%% } }
                pools:
                  conversation-serving: { use_cases: [chat], priorities: [standard], borrows_from: [everything-else] }
                  everything-else: { use_cases: [otherwise], priorities: [standard] }
                routes: { m: { test: { otherwise: { sequence: [v] } } } }
                topics: { partitions: 2 }
                """
                .formatted(simulator.baseUrl("v"), CALLS);
    }

    @Test
    void an_important_pool_uses_what_a_lower_one_leaves_idle_and_not_the_reverse(@TempDir Path folder)
            throws Exception {
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("v",
                ModelProfile.paced(10, 70).withLimits(Limits.NONE.withConcurrency(CALLS))));
        try (Installation installation = Installation.start(folder.resolve("stack"), vendors,
                BorrowedCapacityIT::configuration);
                Dispatcher dispatcher = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                        installation.clientProperties(), installation.registryProperties(),
                        folder.resolve("control")));
                Caller important = new Caller(installation.callerProperties(), IMPORTANT);
                Caller others = new Caller(installation.callerProperties(), OTHERS)) {
            Awaitility.await().atMost(PATIENCE).until(dispatcher::ready);
            Simulator simulator = installation.simulator();
            List<CompletableFuture<LlmReply>> flood = floodUntilAllIsUsed(important, simulator);
            List<CompletableFuture<LlmReply>> further = ask(important, "chat-", "chat", flood.size(), 2 * CALLS);
            flood.addAll(further);
            answered(further.subList(0, 1));
            long woke = System.currentTimeMillis();
            List<CompletableFuture<LlmReply>> woken = ask(others, "woken-", "digest", 0, 2 * LENT);
            awaitRunning(simulator, "woken-", LENT);
            long whole = System.currentTimeMillis() - woke;
            answered(woken);
            answered(flood);
            List<CompletableFuture<LlmReply>> alone = ask(others, "alone-", "digest", 0, ROUNDS_ALONE * LENT);
            answered(alone);

            assertThat(simulator.meter("v", "m").refused()).as("refused by the vendor").isZero();
            Map<String, AttemptEvent> attempts = attempts(installation, flood.size() + woken.size() + alone.size());
            judge(new CallSpans(simulator.calls()), attempts, whole);
            usageAgrees(installation, attempts);
        }
    }

    /** As many requests of the important pool as it takes until all calls at once are its, and as many again that wait. */
    private static List<CompletableFuture<LlmReply>> floodUntilAllIsUsed(Caller important, Simulator simulator) {
        List<CompletableFuture<LlmReply>> flood = new ArrayList<>();
        Awaitility.await("all calls at once").atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> {
            int open = (int) flood.stream().filter(each -> !each.isDone()).count();
            flood.addAll(ask(important, "chat-", "chat", flood.size(), 2 * CALLS - open));
            return running(simulator, "chat-") == CALLS;
        });
        return flood;
    }

    private static List<CompletableFuture<LlmReply>> ask(Caller caller, String prefix, String useCase, int from,
            int requests) {
        List<CompletableFuture<LlmReply>> asked = new ArrayList<>();
        for (int i = from; i < from + requests; i++) {
            LlmRequest request = Caller.request(prefix + i, "m", Family.OPENAI.format, Family.OPENAI.body("m"), false,
                    Duration.ofMinutes(5));
            request.setUseCase(useCase);
            asked.add(caller.ask(request).thenApply(Caller.Answer::reply));
        }
        return asked;
    }

    private static void answered(List<CompletableFuture<LlmReply>> asked) throws Exception {
        for (CompletableFuture<LlmReply> each : asked) {
            LlmReply reply = each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(reply.getStatus()).as("%s: %s", reply.getRequestId(), reply.getError())
                    .isEqualTo(ReplyStatus.COMPLETED);
        }
    }

    private static void awaitRunning(Simulator simulator, String prefix, int calls) {
        Awaitility.await("%d calls of %s at once".formatted(calls, prefix)).atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20)).until(() -> running(simulator, prefix) == calls);
    }

    private static long running(Simulator simulator, String prefix) {
        return simulator.calls().stream().filter(call -> call.requestId().startsWith(prefix))
                .filter(call -> call.outcome() == CallOutcome.RUNNING).count();
    }

    /** The one call of each request. */
    private static Map<String, AttemptEvent> attempts(Installation installation, int all) {
        Map<String, AttemptEvent> attempts = new HashMap<>();
        Awaitility.await("attempts").atMost(PATIENCE).untilAsserted(() -> {
            List<AttemptEvent> ended = TopicRecords
                    .all(installation.callerProperties(), Topics.ATTEMPTS, AttemptEvent.class).stream()
                    .filter(each -> each.getPhase() == AttemptPhase.ENDED).toList();
            ended.forEach(each -> attempts.put(each.getRequestId(), each));
            assertThat(ended).hasSize(all);
            assertThat(attempts).hasSize(all);
        });
        return attempts;
    }

    private static void judge(CallSpans calls, Map<String, AttemptEvent> attempts, long whole) {
        Set<String> lent = new HashSet<>();
        attempts.forEach((id, attempt) -> {
            if (attempt.getLender() != null) {
                lent.add(id);
            }
        });
        CallSpans borrowed = calls.only(call -> lent.contains(call.requestId()));
        CallSpans own = calls.of("chat-").only(call -> !lent.contains(call.requestId()));
        System.out.printf(Locale.ROOT,
                "borrowed: %d of %d calls of the important pool, at most %d of them and %d of its own at once; the lower pool had all %d of its own %d ms after it woke, and at most %d while the important one was idle%n",
                borrowed.count(), calls.of("chat-").count(), borrowed.mostAtOnce(), own.mostAtOnce(), LENT, whole,
                calls.of("alone-").mostAtOnce());
        assertThat(borrowed).as("nobody else borrows").isEqualTo(borrowed.of("chat-"));
        assertThat(borrowed.calls()).as("of whom").allSatisfy(call -> assertThat(attempts.get(call.requestId()))
                .extracting(AttemptEvent::getPool, AttemptEvent::getLender)
                .containsExactly(IMPORTANT.pool().value(), LOWER));
        assertThat(calls.of("chat-").mostAtOnce()).as("of the important pool, at once").isEqualTo(CALLS);
        assertThat(borrowed.mostAtOnce()).as("of them on what the lower pool left idle").isEqualTo(LENT);
        assertThat(own.mostAtOnce()).as("and on its own part").isEqualTo(OWN);
        assertThat(calls.of("woken-").mostAtOnce()).as("of the lower pool, beside it").isEqualTo(LENT);
        assertThat(calls.of("alone-").mostAtOnce()).as("of the lower pool, alone").isEqualTo(LENT);
    }

    private static void usageAgrees(Installation installation, Map<String, AttemptEvent> attempts) {
        Map<String, String> expected = new HashMap<>();
        attempts.forEach((id, attempt) -> expected.put(id, attempt.getPool() + " of " + attempt.getLender()));
        Awaitility.await("usage").atMost(PATIENCE).untilAsserted(() -> {
            Map<String, String> told = new HashMap<>();
            TopicRecords.all(installation.callerProperties(), Topics.USAGE, UsageRecord.class)
                    .forEach(each -> told.put(each.getRequestId(), each.getPool() + " of " + each.getLender()));
            assertThat(told).isEqualTo(expected);
        });
    }
}
