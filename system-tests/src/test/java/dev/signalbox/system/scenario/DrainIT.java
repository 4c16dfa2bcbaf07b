package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import dev.signalbox.system.guarantee.RunEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a SIGTERM does to streams under way, seen by their readers: nothing. */
@Tag("issue-4")
class DrainIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final int STREAMS = 20;
    private static final int TOKEN_MILLIS = 40;

    @Test
    void streamsUnderWayEndWholeAndWhatCameLaterWaitsForTheNextWorker(@TempDir Path folder) throws Exception {
        ModelProfile slow = ModelProfile.paced(ModelProfile.FIXED_ANSWER_TOKENS, TOKEN_MILLIS);
        SimulatorOptions vendors = SimulatorOptions.of(Stream.of(Family.values())
                .flatMap(family -> Stream.of(Bench.sick(family), Bench.well(family))
                        .map(name -> VendorProfile.of(name, slow).withFamily(family.vendorFamily)))
                .toArray(VendorProfile[]::new));
        Bench bench = new Bench(List.of(), Duration.ofSeconds(10));
        try (Installation installation = Installation.start(folder, vendors, bench::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            Map<String, CompletableFuture<Caller.Answer>> asked = new LinkedHashMap<>();
            for (int i = 0; i < STREAMS; i++) {
                asked.put("stream-" + i, ask(caller, "stream-" + i, Family.values()[i % 2]));
            }
            await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(10))
                    .until(() -> asked.keySet().stream().noneMatch(id -> caller.shown(id).isEmpty()));
            assertThat(asked.values()).as("all are under way").noneMatch(CompletableFuture::isDone);

            assertThat(installation.worker().drain(Duration.ofSeconds(20))).as("all have ended").isTrue();
            CompletableFuture<Caller.Answer> late = ask(caller, "late", Family.OPENAI);
            for (var question : asked.entrySet()) {
                LlmReply reply = question.getValue().get(20, TimeUnit.SECONDS).reply();
                assertThat(reply.getStatus()).as(question.getKey()).isEqualTo(ReplyStatus.COMPLETED);
                assertThat(reply.getAttempts()).as(question.getKey()).hasSize(1);
                assertThat(caller.shown(question.getKey())).isEqualTo(FixedAnswer.TEXT);
            }
            assertThat(caller.events()).noneMatch(event -> event instanceof RunEvent.Shown(String _, ReplyEvent shown)
                    && shown instanceof ReplyEvent.Restarted);
            assertThat(installation.simulator().callsByRequestId()).hasSize(STREAMS);

            assertThat(late).as("a worker that stops takes nothing more").isNotDone();
            installation.restartWorker();
            assertThat(late.get(60, TimeUnit.SECONDS).reply().getStatus()).isEqualTo(ReplyStatus.COMPLETED);
            installation.simulator().callsByRequestId()
                    .forEach((id, calls) -> assertThat(calls).as("calls of " + id).hasSize(1));
        }
    }

    private static CompletableFuture<Caller.Answer> ask(Caller caller, String id, Family family) {
        String model = Bench.HEALTHY + family.label();
        return caller.ask(Caller.request(id, model, family.format, family.body(model), true, Duration.ofMinutes(2)));
    }
}
