package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A vendor whose first token is 20 s late, on a route that hedges: its caller has another's whole answer, and no token of two. */
@Tag("issue-6")
@Tag("long")
class HedgedCallsIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.INTERACTIVE);
    private static final int REQUESTS = 5;

    @Test
    void aLateFirstTokenCostsASecondCallAndNotTheCallersTime(@TempDir Path folder) throws Exception {
        ModelProfile brisk = ModelProfile.paced(ModelProfile.FIXED_ANSWER_TOKENS, 2);
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("late", brisk),
                VendorProfile.of("well", brisk));
        try (Installation installation = Installation.start(folder, vendors, HedgedCallsIT::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            for (int i = 0; i < REQUESTS; i++) {
                String id = "hedged-" + i;
                Caller.Answer answer = caller.ask(Caller.request(id, "m", Family.OPENAI.format, Family.OPENAI.body("m"),
                        true, Duration.ofMinutes(2))).get(60, TimeUnit.SECONDS);
                LlmReply reply = answer.reply();
                assertThat(reply.getStatus()).as(id).isEqualTo(ReplyStatus.COMPLETED);
                assertThat(reply.getServedBy().getDeployment()).isEqualTo("well/m");
                assertThat(reply.getAttempts()).extracting(AttemptSummary::getDeployment).containsExactly("late/m",
                        "well/m");
                assertThat(reply.getAttempts().getFirst().getOutcome()).isEqualTo("CANCELLED");
                assertThat(answer.elapsed()).as("not 20 s").isLessThan(Duration.ofSeconds(10));
                assertThat(caller.shown(id)).isEqualTo(FixedAnswer.TEXT);
            }
            assertThat(installation.simulator().callsByRequestId()).as("each request was called at both, no more")
                    .hasSize(REQUESTS).allSatisfy((id, calls) -> assertThat(calls).hasSize(2));
        }
    }

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors:
                  late: { family: openai, base_url: "%s" }
                  well: { family: openai, base_url: "%s" }
                deployments:
                  late/m: { vendor: late, model_id: "m@fault=first_token:20s" }
                  well/m: { vendor: well, model_id: m }
                pools:
                  main: { use_cases: [otherwise], priorities: [interactive] }
                routes:
                  m: { test: { otherwise: { sequence: [late, well], hedge_after: 300ms } } }
                topics: { partitions: 1 }
                """.formatted(simulator.baseUrl("late"), simulator.baseUrl("well"));
    }
}
