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
import dev.signalbox.workers.scheduler.SchedulerStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker with one slot and two priorities that both have work: changed weights hold while it runs, and no request fails. */
@Tag("issue-6")
class ChangingWeightsIT {
    private static final PoolName POOL = new PoolName("main");
    private static final int REQUESTS = 150;
    /** So many calls are looked at under each configuration. */
    private static final int CALLS = 30;
    /** Of them the lighter priority may have so many: it may have earned one, and its turn was perhaps under way. */
    private static final int FEW = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ConfigurationLog log = new ConfigurationLog();

    private static String yaml(Simulator simulator, int interactive, int batch) {
        return """
                environment: test
                vendors: { one: { family: openai, base_url: "%s" } }
                deployments: { one/m: { vendor: one, model_id: m } }
                pools:
                  main:
                    use_cases: [otherwise]
                    priorities: { interactive: { weight: %d, floor: 0%% }, batch: { weight: %d, floor: 0%% } }
                routes: { m: { test: { otherwise: { sequence: [one] } } } }
                topics: { partitions: 1 }
                worker: { max_in_flight: 1 }
                """.formatted(simulator.baseUrl("one"), interactive, batch);
    }

    @Test
    void changedWeightsHoldInARunningWorker(@TempDir Path folder) throws Exception {
        try (EmbeddedStack stack = EmbeddedStack.start(folder, EmbeddedOptions.defaults());
                Simulator simulator = Simulator
                        .start(SimulatorOptions.of(VendorProfile.of("one", ModelProfile.paced(2, 20))))) {
            Map<String, Object> kafka = Map.of("bootstrap.servers", stack.bootstrapServers());
            Map<String, Object> registry = Map.of("schema.registry.url", stack.registryUrl());
            Map<String, Object> caller = Map.of("bootstrap.servers", stack.bootstrapServers(), "schema.registry.url",
                    stack.registryUrl());
            String first = yaml(simulator, 999, 1);
            try (Admin admin = Admin.create(kafka)) {
                ReadResult.Valid read = (ReadResult.Valid) ConfigurationReader.read("start.yaml", first,
                        name -> Optional.empty());
                new TopicAdmin(admin).createMissing(TopicCatalogue.of(read.configuration()), PATIENCE);
            }
            ConfigurationSource live = new ConfigurationSource.Live(
                    Optional.of(new ConfigurationSource.Text("start.yaml", first)), folder, name -> Optional.empty());
            try (Worker worker = Worker.start(WorkerOptions.of(live, kafka, registry));
                    ConfigurationTopic topic = new ConfigurationTopic(kafka);
                    Caller urgent = new Caller(caller, new Lane(POOL, Priority.INTERACTIVE));
                    Caller patient = new Caller(caller, new Lane(POOL, Priority.BATCH))) {
                Awaitility.await().atMost(PATIENCE).until(worker::ready);
                log.read(new ConfigurationLog.Entry("routing/1/1", 1, 0, 1, first, "", "", 0));
                List<CompletableFuture<Caller.Answer>> asked = new ArrayList<>();
                for (int i = 0; i < REQUESTS; i++) {
                    asked.add(ask(urgent, "urgent-" + i));
                    asked.add(ask(patient, "patient-" + i));
                }
                Awaitility.await().atMost(PATIENCE).until(() -> of(worker, Priority.BATCH).waiting() > CALLS
                        && of(worker, Priority.INTERACTIVE).waiting() > CALLS);
                Map<Priority, Long> before = nextCalls(worker);
                var next = log.next(yaml(simulator, 1, 999), "operator", "batch first");
                log.read(ConfigurationLog.Entry.of(topic.write(next), next, 0));
                Awaitility.await().atMost(PATIENCE).until(() -> worker.generation() == 2);
                Map<Priority, Long> after = nextCalls(worker);
                assertThat(of(worker, Priority.INTERACTIVE).waiting()).as("both had work").isPositive();
                for (CompletableFuture<Caller.Answer> answer : asked) {
                    var reply = answer.get(60, TimeUnit.SECONDS).reply();
                    assertThat(reply.getStatus()).as("%s: %s", reply.getRequestId(), reply.getError())
                            .isEqualTo(ReplyStatus.COMPLETED);
                }
                System.out.printf(
                        "weights 999 to 1 turned round while a worker ran: its next %d calls before %s, after %s;"
                                + " all %d requests answered%n",
                        CALLS, before, after, asked.size());
                assertThat(before.get(Priority.BATCH)).isBetween(0L, (long) FEW);
                assertThat(after.get(Priority.INTERACTIVE)).isBetween(0L, (long) FEW);
            }
        }
    }

    private static CompletableFuture<Caller.Answer> ask(Caller caller, String id) {
        return caller.ask(Caller.request(id, "m", Family.OPENAI.format, Family.OPENAI.body("m"), false,
                Duration.ofMinutes(5)));
    }

    private static SchedulerStatus.PriorityStatus of(Worker worker, Priority priority) {
        return Objects.requireNonNull(
                Objects.requireNonNull(worker.schedulers().get(POOL)).priorities().get(priority));
    }

    /** How many of them each priority had. */
    private static Map<Priority, Long> nextCalls(Worker worker) {
        long urgent = of(worker, Priority.INTERACTIVE).dispatched();
        long patient = of(worker, Priority.BATCH).dispatched();
        Map<Priority, Long> calls = new EnumMap<>(Priority.class);
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(10)).until(() -> {
            calls.put(Priority.INTERACTIVE, of(worker, Priority.INTERACTIVE).dispatched() - urgent);
            calls.put(Priority.BATCH, of(worker, Priority.BATCH).dispatched() - patient);
            return calls.values().stream().mapToLong(Long::longValue).sum() >= CALLS;
        });
        return calls;
    }
}
