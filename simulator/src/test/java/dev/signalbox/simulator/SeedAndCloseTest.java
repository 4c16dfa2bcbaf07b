package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.simulator.RawClient.End;
import dev.signalbox.simulator.RawClient.Exchange;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.ModelProfile;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random numbers that come again, and the end of a simulator while it speaks. */
@Tag("issue-3")
class SeedAndCloseTest {
    private static final ModelProfile RANDOM = ModelProfile.ZERO_LATENCY
            .withFirstTokenMillis(Distribution.parse("uniform:0:20"))
            .withOutputTokens(Distribution.parse("uniform:1:200"));

    /** First-token time in whole ms, as the vendor says it, and length of some answers, other models' calls between. */
    private static List<String> drawn(long seed, boolean others) throws IOException {
        List<String> drawn = new ArrayList<>();
        try (Simulator simulator = Simulator.start(SimulatorOptions.of(Family.OPENAI.profile(RANDOM)).withSeed(seed))) {
            for (int i = 0; i < 12; i++) {
                if (others) {
                    Family.OPENAI.post(simulator, RawClient.chat("other", false), 2_000, "connection: close");
                }
                long began = System.nanoTime();
                Exchange answer = Family.OPENAI.post(simulator, RawClient.chat("m", false), 2_000,
                        "connection: close");
                String head = answer.text().replaceAll("(?s).*openai-processing-ms: (\\d+)\r\n.*", "$1");
                assertThat((System.nanoTime() - began) / 1e6).isGreaterThanOrEqualTo(Double.parseDouble(head) - 1);
                drawn.add(head + " ms, " + simulator.calls().getLast().tokensSent());
            }
        }
        return drawn;
    }

    @Test
    void the_same_seed_gives_the_nth_call_of_a_model_the_same_latency_and_length() throws IOException {
        List<String> first = drawn(5, false);
        assertThat(first).doesNotHaveDuplicates();
        assertThat(drawn(5, true)).as("whatever other models do").isEqualTo(first);
        assertThat(drawn(6, false)).isNotEqualTo(first);
    }

    @ParameterizedTest
    @EnumSource(Family.class)
    void close_breaks_running_streams_off_and_keeps_log_and_meters(Family family) throws Exception {
        int streams = 20;
        Simulator simulator = Simulator.start(SimulatorOptions.of(family.profile(ModelProfile.paced(1_000, 20))));
        try (Closeable _ = simulator::close; ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Exchange>> calls = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                calls.add(threads.submit(() -> family.post(simulator, family.chat("m", true), 20_000)));
            }
            await().until(() -> simulator.meter(family.vendor, "m").outputTokens() >= 3 * streams);
            simulator.close();
            for (Future<Exchange> call : calls) {
                assertThat(call.get().end()).isNotEqualTo(End.STILL_OPEN);
                assertThat(call.get().tokens()).isBetween(1, 900);
                assertThat(call.get().text()).doesNotContain(family.endMarker);
            }
            assertThat(simulator.calls()).hasSize(streams).extracting(call -> call.outcome())
                    .doesNotContain(CallOutcome.COMPLETED, CallOutcome.ERROR);
            assertThat(simulator.meter(family.vendor, "m").calls()).isEqualTo(streams);
        }
    }
}
