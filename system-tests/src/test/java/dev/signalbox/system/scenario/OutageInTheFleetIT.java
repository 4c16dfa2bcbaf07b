package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Scenario S15 with three workers and the dispatcher: a vendor is down for 60 s while 20 requests come. All are served, the whole
 * fleet makes at most 5 calls to the sick vendor, and it is used again within 20 s of its recovery.
 */
@Tag("issue-5")
@Tag("long")
class OutageInTheFleetIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final int REQUESTS = 20;
    private static final Duration GAP = Duration.ofSeconds(3);
    private static final int MOST_CALLS = 5;
    private static final Duration BACK = Duration.ofSeconds(20);

    private int number;

    @Test
    void littleTrafficFindsAnOutageAndItsEnd(@TempDir Path folder) throws Exception {
        ModelProfile answers = ModelProfile.paced(20, 1);
        List<Worker> others = new ArrayList<>();
        try (Installation installation = Installation.start(folder.resolve("stack"),
                SimulatorOptions.of(VendorProfile.of("one", answers), VendorProfile.of("two", answers)),
                simulator -> """
                        environment: test
                        vendors:
                          one: { family: openai, base_url: "%s" }
                          two: { family: openai, base_url: "%s" }
                        deployments:
                          one/m: { vendor: one, model_id: m }
                          two/m: { vendor: two, model_id: m }
                        pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                        routes: { m: { test: { otherwise: { sequence: [one, two] } } } }
                        topics: { partitions: 6 }
                        """.formatted(simulator.baseUrl("one"), simulator.baseUrl("two")));
                Dispatcher dispatcher = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                        installation.clientProperties(), installation.registryProperties(),
                        folder.resolve("control")));
                Caller caller = new Caller(installation.callerProperties(), LANE);
                AutoCloseable _ = () -> others.forEach(Worker::close)) {
            for (int i = 0; i < 2; i++) {
                others.add(Worker.start(WorkerOptions.of(installation.configuration(),
                        installation.clientProperties(), installation.registryProperties())));
            }
            Awaitility.await().atMost(Duration.ofSeconds(60))
                    .until(() -> dispatcher.ready() && others.stream().allMatch(Worker::ready));
            for (int i = 0; i < 12; i++) {
                assertThat(servedBy(caller)).isEqualTo("one/m");
            }
            LockSupport.parkNanos(GAP.toNanos());

            List<String> seen = new ArrayList<>();
            long down = System.currentTimeMillis();
            installation.simulator().setFaults(List.of(FaultRule.parse("one", "m", "status:503")));
            for (int i = 0; i < REQUESTS; i++) {
                assertThat(servedBy(caller)).isEqualTo("two/m");
                var health = dispatcher.healths().health("one/m");
                seen.add("%.1f s: %s, %s".formatted((System.currentTimeMillis() - down) / 1_000.0, health.getState(),
                        health.getReason()));
                LockSupport.parkNanos(GAP.toNanos());
            }
            List<CallRecord> failing = installation.simulator().calls().stream().filter(call -> call.fault() != null)
                    .toList();
            String calls = failing.stream().map(call -> "%.1f s: %s".formatted(
                    (call.startedMillis() - down) / 1_000.0, call.requestId())).toList().toString();
            System.out.println("S15: calls that met the outage " + calls + ", seen meanwhile " + seen);

            installation.simulator().setFaults(List.of());
            long recovered = System.nanoTime();
            while (!servedBy(caller).equals("one/m")) {
                LockSupport.parkNanos(GAP.toNanos());
                assertThat(Duration.ofNanos(System.nanoTime() - recovered)).as("since its recovery").isLessThan(BACK);
            }
            System.out.printf("S15 with three workers: %d of %d served, %d calls met the outage, back after %d s%n",
                    REQUESTS, REQUESTS, failing.size(), TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - recovered));
            assertThat(failing).as("calls that met the outage").isNotEmpty().hasSizeLessThanOrEqualTo(MOST_CALLS);
        }
    }

    private String servedBy(Caller caller) throws Exception {
        var answer = caller.ask(Caller.request("s15-" + number++, "m", Family.OPENAI.format, Family.OPENAI.body("m"),
                false, Duration.ofSeconds(30))).get(60, TimeUnit.SECONDS);
        assertThat(answer.reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        return answer.reply().getServedBy().getDeployment();
    }
}
