package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import dev.signalbox.workers.scheduler.SchedulerStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A pool of 50 slots, two of whose routes cannot serve: one may call once a minute and has 2,000 waiting, one is down and has
 * 100 that are tried again and again. The third route's 20 requests a second take no longer than alone (G10).
 */
@Tag("issue-4")
@Tag("issue-6")
@Tag("long")
class RoutesApartIT {
    private static final PoolName POOL = new PoolName("main");
    private static final Lane LANE = new Lane(POOL, Priority.STANDARD);
    private static final int LIMITED = 2_000;
    private static final int DOWN = 100;
    private static final int PER_SECOND = 20;
    private static final int SECONDS = 3;
    private static final Duration MARGIN = Duration.ofMillis(50);
    /** A machine that does something else slows some of them down; requests that waited for a slot would do so in each. */
    private static final int ROUNDS = 4;

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors:
                  sim: { family: openai, base_url: "%s" }
                deployments:
                  sim/open: { vendor: sim, model_id: open }
                  sim/limited: { vendor: sim, model_id: limited, limits: { requests_per_minute: 1 } }
                  sim/down: { vendor: sim, model_id: "down@fault=status:503" }
                pools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                  open: { test: { otherwise: { sequence: [sim] } } }
                  limited: { test: { otherwise: { sequence: [sim] } } }
                  down: { test: { otherwise: { sequence: [sim] } } }
                topics: { partitions: 4 }
                worker: { max_in_flight: 50, buffer_records: 20000 }
                """.formatted(simulator.baseUrl("sim"));
    }

    @Test
    void routes_that_cannot_serve_delay_no_other(@TempDir Path folder) throws Exception {
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.paced(20, 2)));
        try (Installation installation = Installation.start(folder, vendors, RoutesApartIT::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE);
                RequestProducer others = RequestProducer.open(installation.callerProperties(),
                        RequestProducerOptions.DEFAULT, (request, error) -> {
                            throw new AssertionError(request, error);
                        })) {
            phase(caller, "warm-up");
            List<Duration> alone = List.of(phase(caller, "alone-0"), phase(caller, "alone-1"));
            for (int i = 0; i < LIMITED + DOWN; i++) {
                String model = i < LIMITED ? "limited" : "down";
                var _ = others.send(LANE, request("waits-" + i, model), List.of());
            }
            Awaitility.await().atMost(Duration.ofSeconds(60))
                    .until(() -> waiting(installation) >= LIMITED + DOWN - 50);
            List<Duration> beside = new ArrayList<>(List.of(phase(caller, "beside-0")));
            for (int round = 1; round < ROUNDS && !isAlike(alone, beside); round++) {
                beside.add(phase(caller, "beside-" + round));
            }
            System.out.printf("p99 of %d requests: alone %s, beside %d that wait %s; slots in use %d of 50%n",
                    PER_SECOND * SECONDS, alone, waiting(installation), beside, status(installation).inFlight());
            assertThat(waiting(installation)).as("they still wait").isGreaterThan(LIMITED);
            assertThat(status(installation).inFlight()).as("slots held").isLessThanOrEqualTo(DOWN / 10);
            assertThat(isAlike(alone, beside)).as("p99 alone %s, beside %s", alone, beside).isTrue();
        }
    }

    private static boolean isAlike(List<Duration> alone, List<Duration> beside) {
        return Collections.min(beside).compareTo(Collections.max(alone).plus(MARGIN)) <= 0;
    }

    private static SchedulerStatus status(Installation installation) {
        return Optional.ofNullable(installation.worker().schedulers().get(POOL)).orElseThrow();
    }

    private static int waiting(Installation installation) {
        return status(installation).waiting();
    }

    /** The 99th percentile of what requests take that are sent at an even pace. */
    private static Duration phase(Caller caller, String name) throws Exception {
        List<CompletableFuture<Caller.Answer>> answers = new ArrayList<>();
        long start = System.nanoTime();
        for (int i = 0; i < PER_SECOND * SECONDS; i++) {
            answers.add(caller.ask(request(name + "-" + i, "open")));
            long next = start + TimeUnit.SECONDS.toNanos(i + 1) / PER_SECOND;
            while (next - System.nanoTime() > 0) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }
        List<Duration> elapsed = new ArrayList<>();
        for (CompletableFuture<Caller.Answer> answer : answers) {
            Caller.Answer got = answer.get(30, TimeUnit.SECONDS);
            assertThat(got.reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
            elapsed.add(got.elapsed());
        }
        elapsed.sort(null);
        return elapsed.get((int) Math.ceil(elapsed.size() * 0.99) - 1);
    }

    private static LlmRequest request(String id, String model) {
        return Caller.request(id, model, Family.OPENAI.format, Family.OPENAI.body(model), false,
                Duration.ofMinutes(10));
    }
}
