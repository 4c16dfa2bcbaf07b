package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.system.Installation;
import dev.signalbox.system.guarantee.Guarantees;
import dev.signalbox.system.guarantee.TopicReplay;
import dev.signalbox.system.scenario.Trial.Row;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Prints the scorecard and holds it: every trial of every scenario passes, in both families, streamed and not, those of
 * streams under each stream policy; and all guarantees are kept by all of it.
 */
@Tag("issue-3")
@Tag("issue-4")
@Tag("alone")
class ScenarioScorecardIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final int WARM_UP = 60;
    private static final long SPACING_NANOS = Duration.ofMillis(15).toNanos();

    /** Lines that are known not to pass, each with the reason; one that turns green must leave the list. */
    private static final Map<Row, String> KNOWN_RED = Map.of();

    @Test
    void everyScenarioPassesInBothFamiliesStreamedAndNot(@TempDir Path folder) throws Exception {
        judge(folder, Duration.ofSeconds(3));
    }

    @Test
    @Tag("long")
    void everyScenarioPassesWithTrueTimes(@TempDir Path folder) throws Exception {
        judge(folder, Duration.ofSeconds(30));
    }

    private static void judge(Path folder, Duration callLimit) throws Exception {
        Scorecard card = run(folder, new Bench(Trial.all(), callLimit));
        System.out.println(card.table());
        KNOWN_RED.forEach((row, reason) -> System.out.println("known to be red: " + row + ": " + reason));
        assertThat(card.red()).as("lines that do not pass").isEqualTo(new TreeSet<>(KNOWN_RED.keySet()));
    }

    private static Scorecard run(Path folder, Bench bench) throws Exception {
        Duration timeToLive = bench.callLimit().multipliedBy(3).plusSeconds(10);
        try (Installation installation = Installation.start(folder, Bench.vendors(), bench::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            warmUp(caller);
            Map<Trial, CompletableFuture<Caller.Answer>> asked = new LinkedHashMap<>();
            for (Trial trial : bench.trials()) {
                String name = trial.name();
                LlmRequest request = Caller.request(name, name, trial.family().format, trial.family().body(name),
                        trial.streamed(), timeToLive);
                request.setStreamPolicy(trial.policy());
                asked.put(trial, caller.ask(request));
                LockSupport.parkNanos(SPACING_NANOS);
            }
            Map<Trial, Optional<Caller.Answer>> answers = new LinkedHashMap<>();
            for (var question : asked.entrySet()) {
                answers.put(question.getKey(), answer(question.getValue(), timeToLive.plusSeconds(10)));
            }
            assertThat(violations(installation, caller)).as("guarantees broken").isEmpty();
            Map<String, List<CallRecord>> calls = installation.simulator().callsByRequestId();
            Scorecard card = new Scorecard();
            answers.forEach((trial, answer) -> card.add(trial, Judgement.of(trial.scenario(), new Observation(
                    trial.family(), trial.streamed(), trial.policy(), answer.map(Caller.Answer::reply),
                    caller.shown(trial.name()),
                    answer.map(Caller.Answer::elapsed).orElse(timeToLive), calls.getOrDefault(trial.name(), List.of()),
                    bench.callLimit())), answer.map(Caller.Answer::elapsed).orElse(timeToLive)));
            return card;
        }
    }

    private static List<String> violations(Installation installation, Caller caller) throws Exception {
        Guarantees guarantees = Guarantees.all(1_000, List.of());
        new TopicReplay(installation.callerProperties(), LANE).tell(guarantees);
        caller.events().forEach(guarantees::saw);
        return guarantees.violations();
    }

    /** So that no trial is judged by the time that classes take to load. */
    private static void warmUp(Caller caller) throws Exception {
        List<CompletableFuture<Caller.Answer>> answers = new ArrayList<>();
        for (int i = 0; i < WARM_UP; i++) {
            Family family = Family.values()[i % 2];
            String model = Bench.HEALTHY + family.label();
            answers.add(caller.ask(Caller.request("warm-up-" + i, model, family.format, family.body(model), i % 4 < 2,
                    Duration.ofMinutes(1))));
        }
        for (CompletableFuture<Caller.Answer> answer : answers) {
            answer.get(60, TimeUnit.SECONDS);
        }
    }

    private static Optional<Caller.Answer> answer(CompletableFuture<Caller.Answer> asked, Duration limit)
            throws InterruptedException, ExecutionException {
        try {
            return Optional.of(asked.get(limit.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException none) {
            return Optional.empty();
        }
    }
}
