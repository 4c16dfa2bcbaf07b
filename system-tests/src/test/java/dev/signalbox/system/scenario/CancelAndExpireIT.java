package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.client.FailedSendListener;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The short forms of K11 and K12: requests that are cancelled, and requests whose time is up, at every point of their way. */
@Tag("issue-7")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CancelAndExpireIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final Duration MINUTES = Duration.ofMinutes(5);
    private static final int SOON_SECONDS = 5;

    private Installation installation;
    private Caller caller;
    private RequestProducer canceller;
    private int cancelled;

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors:
                  sim: { family: openai, base_url: "%s" }
                deployments:
                  sim/fast: { vendor: sim, model_id: fast }
                  sim/one: { vendor: sim, model_id: "one@fault=silent:120s", limits: { concurrency: 1 } }
                  sim/stalls: { vendor: sim, model_id: "stalls@fault=stall:5:120s:50ms" }
                  sim/down: { vendor: sim, model_id: "down@fault=status:503" }
                pools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                  fast: { test: { otherwise: { sequence: [sim] } } }
                  one: { test: { otherwise: { sequence: [sim] } } }
                  stalls: { test: { otherwise: { sequence: [sim] } } }
                  down: { test: { otherwise: { sequence: [sim] } } }
                topics: { partitions: 2 }
                """.formatted(simulator.baseUrl("sim"));
    }

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        installation = Installation.start(folder,
                SimulatorOptions.of(VendorProfile.of("sim", ModelProfile.paced(60, 2))),
                CancelAndExpireIT::configuration);
        caller = new Caller(installation.callerProperties(), LANE);
        canceller = RequestProducer.open(installation.callerProperties(), RequestProducerOptions.DEFAULT,
                FailedSendListener.NONE);
    }

    @AfterAll
    void stop() {
        canceller.close();
        caller.close();
        installation.close();
    }

    @Test
    void a_request_cancelled_before_it_comes_calls_nobody() throws Exception {
        cancelByAnyClient("early");
        await().until(() -> installation.worker().metrics().contains("signalbox_cancellations " + cancelled + ".0"));
        assertThat(status(ask("early", "fast", false, MINUTES))).isEqualTo(ReplyStatus.CANCELLED);
        assertThat(calls("early")).isEmpty();
    }

    @Test
    void a_request_cancelled_in_queue_in_a_pause_and_in_a_call_ends_at_once() throws Exception {
        CompletableFuture<Caller.Answer> holder = ask("holder", "one", false, MINUTES);
        await().until(() -> calls("holder").size() == 1);
        CompletableFuture<Caller.Answer> queued = ask("queued", "one", false, MINUTES);
        CompletableFuture<Caller.Answer> late = ask("late", "one", false, Duration.ofMillis(700));
        CompletableFuture<Caller.Answer> pausing = ask("pausing", "down", false, MINUTES);
        assertThat(status(late)).as("its time is up while its route is shut").isEqualTo(ReplyStatus.EXPIRED);
        assertThat(calls("late")).isEmpty();
        await().until(() -> calls("pausing").size() >= 3 && waiting() == 2);

        cancel("queued");
        assertThat(status(queued)).isEqualTo(ReplyStatus.CANCELLED);
        assertThat(calls("queued")).isEmpty();
        cancel("pausing");
        LlmReply paused = pausing.get(SOON_SECONDS, TimeUnit.SECONDS).reply();
        assertThat(paused.getStatus()).isEqualTo(ReplyStatus.CANCELLED);
        assertThat(paused.getAttempts()).hasSameSizeAs(calls("pausing"));

        assertThat(holder).isNotDone();
        cancel("holder");
        assertCut(holder, "holder");
    }

    @Test
    void a_stream_that_is_cancelled_is_cut_and_counted() throws Exception {
        CompletableFuture<Caller.Answer> stream = ask("stream", "stalls", true, MINUTES);
        await().until(() -> !caller.shown("stream").isEmpty());
        cancel("stream");
        TokenUsage usage = assertCut(stream, "stream");
        assertThat(usage.getOutputTokens()).isPositive();
    }

    @Test
    void a_request_that_has_ended_stays_as_it_is() throws Exception {
        assertThat(status(ask("done", "fast", false, MINUTES))).isEqualTo(ReplyStatus.COMPLETED);
        cancel("done");
        cancel("after-done");
        assertThat(status(ask("after-done", "fast", false, MINUTES))).isIn(ReplyStatus.CANCELLED,
                ReplyStatus.COMPLETED);
        assertThat(calls("done")).hasSize(1);
    }

    @Test
    void time_that_is_up_in_a_call_or_between_calls_is_told_and_nothing_is_called_after_it() throws Exception {
        CompletableFuture<Caller.Answer> running = ask("ttl-running", "stalls", true, Duration.ofMillis(900));
        CompletableFuture<Caller.Answer> retrying = ask("ttl-retrying", "down", false, Duration.ofMillis(1_500));
        LlmReply reply = running.get(SOON_SECONDS, TimeUnit.SECONDS).reply();
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.EXPIRED);
        assertThat(reply.getAttempts().getLast().getUsage().getEstimated()).isTrue();
        assertThat(reply.getTimings().getTotalMillis()).isBetween(500L, 2_500L);
        await().untilAsserted(() -> assertThat(outcome("ttl-running")).isEqualTo(CallOutcome.CLIENT_CLOSED));

        assertThat(status(retrying)).isEqualTo(ReplyStatus.EXPIRED);
        assertThat(calls("ttl-retrying")).isNotEmpty();
        assertThat(status(ask("ttl-none", "fast", false, Duration.ofMillis(1)))).isEqualTo(ReplyStatus.EXPIRED);
        assertThat(calls("ttl-none")).isEmpty();
    }

    /** Other tests' worker goes away meanwhile: they run one after the other. */
    @Test
    void a_worker_that_starts_knows_what_was_cancelled_before_it_serves() throws Exception {
        List<CompletableFuture<Caller.Answer>> asked = new ArrayList<>();
        installation.restartWorker(() -> {
            for (int i = 0; i < 20; i++) {
                asked.add(ask("restart-" + i, "fast", false, MINUTES));
                cancel("restart-" + i);
            }
        });
        for (CompletableFuture<Caller.Answer> each : asked) {
            assertThat(status(each)).isEqualTo(ReplyStatus.CANCELLED);
        }
        assertThat(installation.simulator().calls()).noneMatch(call -> call.requestId().startsWith("restart-"));
    }

    private void cancel(String id) {
        canceller.cancel(id).join();
        cancelled++;
    }

    /** A record of the topic whose key is the id, by whatever writes one. */
    private void cancelByAnyClient(String id) throws Exception {
        try (KafkaProducer<String, String> any = new KafkaProducer<>(installation.callerProperties(),
                new StringSerializer(), new StringSerializer())) {
            any.send(new ProducerRecord<>(Topics.CANCELLATIONS, id, null)).get();
        }
        cancelled++;
    }

    private CompletableFuture<Caller.Answer> ask(String id, String model, boolean streamed, Duration timeToLive) {
        LlmRequest request = Caller.request(id, model, BodyFormat.OPENAI_CHAT_COMPLETIONS,
                ("{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}")
                        .getBytes(StandardCharsets.UTF_8),
                streamed, timeToLive);
        return caller.ask(request);
    }

    private static ReplyStatus status(CompletableFuture<Caller.Answer> asked) throws Exception {
        return asked.get(SOON_SECONDS, TimeUnit.SECONDS).reply().getStatus();
    }

    /** Ended by a cancellation: the vendor saw the connection close, and what it used is estimated. */
    private TokenUsage assertCut(CompletableFuture<Caller.Answer> asked, String id) throws Exception {
        LlmReply reply = asked.get(SOON_SECONDS, TimeUnit.SECONDS).reply();
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.CANCELLED);
        assertThat(reply.getAttempts()).hasSize(1);
        TokenUsage usage = reply.getAttempts().getFirst().getUsage();
        assertThat(usage.getEstimated()).isTrue();
        assertThat(usage.getInputTokens()).isPositive();
        await().untilAsserted(() -> assertThat(outcome(id)).isEqualTo(CallOutcome.CLIENT_CLOSED));
        return usage;
    }

    private CallOutcome outcome(String id) {
        return calls(id).getFirst().outcome();
    }

    private List<CallRecord> calls(String id) {
        return installation.simulator().calls().stream().filter(call -> call.requestId().equals(id)).toList();
    }

    private int waiting() {
        return installation.worker().schedulers().values().stream()
                .flatMap(pool -> pool.priorities().values().stream()).mapToInt(priority -> priority.waiting()).sum();
    }
}
