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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
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
    /** Of each generation's last answers so many are looked at before the next change. */
    private static final int LAST = 60;
    /** A machine that is slower than this asks less often, rather than answer ever later. */
    private static final int MOST_UNANSWERED = 2 * PER_SECOND;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

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
                    ConfigurationTopic topic = new ConfigurationTopic(kafka);
                    Caller callers = new Caller(caller, LANE)) {
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(worker::ready);
                assertThat(worker.generation()).as("its own file was the first").isEqualTo(1);
                log.read(new ConfigurationLog.Entry("routing/1/1", 1, 0, 1, start, "", "", 0));
                List<String> changes = List.of(yaml(simulator, one + ", " + two, "sequence: [two]"),
                        yaml(simulator, one.replace("500", "100") + ", " + two, "load_balanced: { one: 50, two: 50 }"),
                        yaml(simulator, two, "sequence: [two]"));
                List<Set<String>> routes = List.of(Set.of("one/m"), Set.of("two/m"), Set.of("one/m", "two/m"),
                        Set.of("two/m"));
                List<CompletableFuture<Caller.Answer>> asked = new ArrayList<>();
                List<List<CompletableFuture<Caller.Answer>>> sent = new ArrayList<>();
                routes.forEach(route -> sent.add(new ArrayList<>()));
                List<List<String>> servedBy = new ArrayList<>();
                Semaphore unanswered = new Semaphore(MOST_UNANSWERED);
                long began = System.nanoTime();
                long next = began;
                while (servedBy.size() < routes.size() && System.nanoTime() - began < LIMIT_NANOS) {
                    int generation = (int) worker.generation();
                    int wanted = servedBy.size() + 1;
                    if (generation == wanted && isShared(servedBy(sent.get(wanted - 1)), routes.get(wanted - 1))) {
                        servedBy.add(servedBy(sent.get(wanted - 1)));
                        if (wanted == 3) {
                            assertThat(worker.metrics())
                                    .contains("signalbox_permits_limit{deployment=\"one/m\",pool=\"*\"} 100.0");
                        }
                        if (wanted <= changes.size()) {
                            putInForce(topic, changes.get(wanted - 1));
                        }
                    }
                    assertThat(unanswered.tryAcquire(60, TimeUnit.SECONDS)).as("answers come").isTrue();
                    CompletableFuture<Caller.Answer> answer = callers
                            .ask(Caller.request("change-" + asked.size(), "m", Family.OPENAI.format,
                                    Family.OPENAI.body("m"), asked.size() % 2 == 0, Duration.ofSeconds(60)));
                    var _ = answer.whenComplete((got, error) -> unanswered.release());
                    asked.add(answer);
                    sent.get(generation - 1).add(answer);
                    next += TimeUnit.SECONDS.toNanos(1) / PER_SECOND;
                    LockSupport.parkNanos(next - System.nanoTime());
                }
                double seconds = (double) (System.nanoTime() - began) / TimeUnit.SECONDS.toNanos(1);
                for (CompletableFuture<Caller.Answer> answer : asked) {
                    var reply = answer.get(60, TimeUnit.SECONDS).reply();
                    assertThat(reply.getStatus()).as("%s: %s", reply.getRequestId(), reply.getError())
                            .isEqualTo(ReplyStatus.COMPLETED);
                }
                System.out.printf("routes changed three times under %.0f requests/s: %d of %d answered; sent and"
                        + " answered within each generation %s, of them by the first deployment %s%n",
                        asked.size() / seconds, asked.size(), asked.size(), servedBy.stream().map(List::size).toList(),
                        servedBy.stream().map(all -> Collections.frequency(all, "one/m")).toList());
                assertThat(servedBy.stream().map(Set::copyOf).toList())
                        .as("whoever asks after a change, and has his answer before the next one, goes by it")
                        .isEqualTo(routes);
                assertThat(servedBy(sent.getLast())).as("it is gone").containsOnly("two/m");
                assertThat(worker.metrics()).doesNotContain("signalbox_permits_in_use{deployment=\"one/m\"");
            }
        }
    }

    /** Who has served those that are answered by now, in the order of asking. */
    private static List<String> servedBy(List<CompletableFuture<Caller.Answer>> asked) {
        return asked.stream().filter(CompletableFuture::isDone)
                .map(answer -> answer.join().reply().getServedBy())
                .map(place -> place == null ? "nobody" : place.getDeployment()).toList();
    }

    /**
     * Whether of the last answers each of the route's deployments has given its part, or two thirds of it: a deployment
     * whose limit fell below what runs there takes nothing new until enough of that has ended, so the first ones tell little.
     */
    private static boolean isShared(List<String> servedBy, Set<String> route) {
        List<String> last = servedBy.subList(Math.max(0, servedBy.size() - LAST), servedBy.size());
        return last.size() == LAST && route.stream()
                .allMatch(deployment -> Collections.frequency(last, deployment) * route.size() * 3 >= LAST * 2);
    }
}
