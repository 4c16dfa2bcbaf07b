package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ConfigurationSource;
import dev.signalbox.config.live.ConfigurationTopic;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The short form of issue 5's bar on live configuration: under 200 requests/s a route moves to other deployments, limits
 * change, and a deployment goes; no request fails, and what runs ends where it began.
 */
@Tag("issue-5")
class ChangingRoutesIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final int PER_SECOND = 200;
    /** Requests of each generation, at least. */
    private static final int EACH = 120;
    private static final int MOST = 6_000;

    private final ConfigurationLog log = new ConfigurationLog();

    private static String yaml(Simulator simulator, String deployments, String route) {
        return """
                environment: test
                vendors:
                  one: { family: openai, base_url: "%s" }
                  two: { family: openai, base_url: "%s" }
                deployments: { %s }
                pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                routes: { m: { test: { otherwise: { %s } } } }
                topics: { partitions: 4 }
                """.formatted(simulator.baseUrl("one"), simulator.baseUrl("two"), deployments, route);
    }

    private void putInForce(ConfigurationTopic topic, String yaml) throws InterruptedException {
        var next = log.next(yaml, "operator", "a change");
        log.read(ConfigurationLog.Entry.of(topic.write(next), next, 0));
    }

    @Test
    void noRequestFails(@TempDir Path folder) throws Exception {
        ModelProfile answers = ModelProfile.paced(10, 30);
        try (EmbeddedStack stack = EmbeddedStack.start(folder, EmbeddedOptions.defaults());
                Simulator simulator = Simulator
                        .start(SimulatorOptions.of(VendorProfile.of("one", answers),
                                VendorProfile.of("two", answers)))) {
            Map<String, Object> kafka = Map.of("bootstrap.servers", stack.bootstrapServers());
            Map<String, Object> registry = Map.of("schema.registry.url", stack.registryUrl());
            String one = "one/m: { vendor: one, model_id: m, limits: { concurrency: 500 } }";
            String two = "two/m: { vendor: two, model_id: m }";
            String start = yaml(simulator, one + ", " + two, "sequence: [one]");
            try (Admin admin = Admin.create(kafka)) {
                ReadResult.Valid read = (ReadResult.Valid) ConfigurationReader.read("start.yaml", start,
                        name -> Optional.empty());
                new TopicAdmin(admin).createMissing(TopicCatalogue.of(read.configuration()), Duration.ofSeconds(60));
            }
            ConfigurationSource live = new ConfigurationSource.Live(
                    Optional.of(new ConfigurationSource.Text("start.yaml", start)), folder, name -> Optional.empty());
            Map<String, Object> caller = Map.of("bootstrap.servers", stack.bootstrapServers(), "schema.registry.url",
                    stack.registryUrl());
            try (Worker worker = Worker.start(WorkerOptions.of(live, kafka, registry));
                    ConfigurationTopic topic = new ConfigurationTopic(kafka, registry);
                    Caller callers = new Caller(caller, LANE)) {
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(worker::ready);
                assertThat(worker.generation()).as("its own file was the first").isEqualTo(1);
                log.read(new ConfigurationLog.Entry("routing/1/1", 1, 0, 1, start, "", "", 0));
                List<String> changes = List.of(yaml(simulator, one + ", " + two, "sequence: [two]"),
                        yaml(simulator, one.replace("500", "50") + ", " + two, "load_balanced: { one: 50, two: 50 }"),
                        yaml(simulator, two, "sequence: [two]"));
                List<CompletableFuture<Caller.Answer>> asked = new ArrayList<>();
                List<Long> generations = new ArrayList<>();
                int[] sent = new int[changes.size() + 2];
                int last = changes.size() + 1;
                long next = System.nanoTime();
                for (int wanted = 1; sent[last] < EACH && asked.size() < MOST;) {
                    int generation = (int) worker.generation();
                    if (generation == wanted && sent[generation] == EACH && wanted < last) {
                        putInForce(topic, changes.get(wanted - 1));
                        wanted++;
                    }
                    sent[generation]++;
                    generations.add((long) generation);
                    asked.add(callers.ask(Caller.request("change-" + asked.size(), "m", Family.OPENAI.format,
                            Family.OPENAI.body("m"), asked.size() % 2 == 0, Duration.ofSeconds(60))));
                    next += TimeUnit.SECONDS.toNanos(1) / PER_SECOND;
                    LockSupport.parkNanos(next - System.nanoTime());
                }
                int[] servedByOne = new int[sent.length];
                for (int i = 0; i < asked.size(); i++) {
                    var reply = asked.get(i).get(60, TimeUnit.SECONDS).reply();
                    assertThat(reply.getStatus()).as("%s: %s", reply.getRequestId(), reply.getError())
                            .isEqualTo(ReplyStatus.COMPLETED);
                    servedByOne[generations.get(i).intValue()] += reply.getServedBy().getDeployment().equals("one/m")
                            ? 1
                            : 0;
                }
                System.out.printf("routes changed three times under %d requests/s: %d of %d answered; sent in each"
                        + " generation %s, of them by the first deployment %s%n", PER_SECOND, asked.size(),
                        asked.size(), java.util.Arrays.toString(sent), java.util.Arrays.toString(servedByOne));
                assertThat(worker.generation()).isEqualTo(last);
                assertThat(servedByOne[2]).as("whoever asks after a change goes by it").isZero();
                assertThat(servedByOne[3]).as("half of them").isBetween(EACH / 5, sent[3] * 4 / 5);
                assertThat(servedByOne[4]).as("it is gone").isZero();
                assertThat(worker.metrics()).doesNotContain("signalbox_permits_in_use{deployment=\"one/m\"");
            }
        }
    }
}
