package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Background for 16 s of a pool's capacity comes at once, and goes on coming beside interactive: a part of it is turned away
 * with a receipt, nobody is left without a reply, and who was turned away is served when he comes again.
 */
@Tag("issue-6")
@Tag("long")
class SheddingIT {
    private static final PoolName POOL = new PoolName("main");
    private static final int FLOOD = 640;
    private static final int SECONDS = 9;
    private static final int BACKGROUND_A_SECOND = 20;
    private static final int INTERACTIVE_A_SECOND = 4;

    /** @param elapsed from its being sent to its reply */
    private record Ended(LlmRequest request, LlmReply reply, Duration elapsed) {
    }

    /** Four calls at once of a tenth of a second. */
    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors: { v: { family: openai, base_url: "%s" } }
                deployments: { v.a/m: { vendor: v, model_id: m, limits: { concurrency: 4 } } }
                pools: { main: { use_cases: [otherwise], priorities: [interactive, background], sheds: [background] } }
                routes: { m: { test: { otherwise: { sequence: [v.a] } } } }
                topics: { partitions: 4 }
                """.formatted(simulator.baseUrl("v"));
    }

    private static LlmRequest request(String id) {
        String body = "{\"model\":\"m\",\"max_tokens\":10,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
        return Caller.request(id, "m", Family.OPENAI.format, body.getBytes(StandardCharsets.UTF_8), false,
                Duration.ofMinutes(5));
    }

    private static CompletableFuture<Ended> ask(Caller caller, LlmRequest request) {
        return caller.ask(request).thenApply(answer -> new Ended(request, answer.reply(), answer.elapsed()));
    }

    private static List<Ended> ended(List<CompletableFuture<Ended>> asked) {
        return asked.stream().map(each -> each.orTimeout(2, TimeUnit.MINUTES).join()).toList();
    }

    private static boolean isShed(Ended ended) {
        return ended.reply.getStatus() == ReplyStatus.SHED;
    }

    @Test
    void who_is_turned_away_is_told_why_and_served_when_he_comes_again(@TempDir Path folder) throws Exception {
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("v", ModelProfile.paced(10, 9)));
        try (Installation installation = Installation.start(folder, vendors, SheddingIT::configuration);
                Caller background = new Caller(installation.callerProperties(), new Lane(POOL, Priority.BACKGROUND));
                Caller interactive = new Caller(installation.callerProperties(),
                        new Lane(POOL, Priority.INTERACTIVE))) {
            ended(List.of(ask(background, request("warm-b")), ask(interactive, request("warm-i"))));
            List<CompletableFuture<Ended>> waiting = new ArrayList<>();
            List<CompletableFuture<Ended>> urgent = new ArrayList<>();
            for (int i = 0; i < FLOOD; i++) {
                waiting.add(ask(background, request("flood-" + i)));
            }
            long began = System.nanoTime();
            for (int i = 0; i < SECONDS * BACKGROUND_A_SECOND; i++) {
                waiting.add(ask(background, request("background-" + i)));
                if (i % (BACKGROUND_A_SECOND / INTERACTIVE_A_SECOND) == 0) {
                    urgent.add(ask(interactive, request("interactive-" + i)));
                }
                long next = began + TimeUnit.SECONDS.toNanos(i + 1) / BACKGROUND_A_SECOND;
                LockSupport.parkNanos(next - System.nanoTime());
            }

            assertThat(ended(urgent)).allMatch(each -> each.reply.getStatus() == ReplyStatus.COMPLETED);
            List<Ended> all = ended(waiting);
            List<Ended> shed = all.stream().filter(SheddingIT::isShed).toList();
            List<Ended> served = all.stream().filter(each -> !isShed(each)).toList();
            System.out.printf(Locale.ROOT,
                    "shedding: of %d background %d shed, told within %d ms, estimates %s ms; all served after %d ms%n",
                    all.size(), shed.size(), shed.stream().mapToLong(each -> each.elapsed.toMillis()).max().orElse(-1),
                    shed.stream().mapToLong(each -> each.reply.getError().getEstimatedMillis()).summaryStatistics(),
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
            assertThat(served).hasSizeGreaterThanOrEqualTo(FLOOD / 2)
                    .allMatch(each -> each.reply.getStatus() == ReplyStatus.COMPLETED);
            assertThat(shed).isNotEmpty().allSatisfy(SheddingIT::hasAReceipt);
            assertThat(installation.simulator().callsByRequestId().keySet())
                    .doesNotContainAnyElementsOf(shed.stream().map(each -> each.request.getId()).toList());

            LlmRequest again = request("again");
            again.setReplayOf(shed.getFirst().request.getId());
            assertThat(ended(List.of(ask(background, again))).getFirst().reply.getStatus())
                    .isEqualTo(ReplyStatus.COMPLETED);
        }
    }

    private static void hasAReceipt(Ended ended) {
        ReplyError error = ended.reply.getError();
        assertThat(error.getCode()).isEqualTo("CAPACITY_SHORT");
        assertThat(error.getRetryable()).isTrue();
        assertThat(error.getRule()).isEqualTo("pools.main.sheds");
        assertThat(error.getEstimatedMillis()).as("more than 10 s would be too much").isGreaterThanOrEqualTo(10_000);
        assertThat(error.getMessage()).contains("short of capacity", "pools.main.sheds", "background",
                error.getEstimatedMillis() / 1_000 + " s", "replayOf");
        assertThat(ended.reply.getAttempts()).isEmpty();
        assertThat(ended.elapsed).as("told before it would have been served")
                .isLessThan(Duration.ofMillis(error.getEstimatedMillis()));
    }
}
