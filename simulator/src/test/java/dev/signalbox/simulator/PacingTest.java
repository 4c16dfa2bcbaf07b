package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class PacingTest {
    private static Simulator paced(int tokens, double millis) throws IOException {
        return Simulator.start(SimulatorOptions.of(VendorProfile.of("openai", ModelProfile.paced(tokens, millis))));
    }

    private static RawClient.Exchange call(Simulator simulator) {
        try {
            return RawClient.call(simulator.baseUrl(), RawClient.chat("m", true), 20_000, "connection: close");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @Tag("issue-2")
    void tokens_come_at_their_pace_and_late_ones_do_not_push_back_the_rest() throws Exception {
        int streams = 40;
        try (Simulator simulator = paced(20, 25);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<RawClient.Exchange>> calls = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                calls.add(threads.submit(() -> call(simulator)));
            }
            for (Future<RawClient.Exchange> call : calls) {
                assertThat(call.get().tokens()).isEqualTo(20);
                assertThat(call.get().lastByteMillis()).isBetween(20 * 25 - 2.0, 20 * 25 * 2.5);
            }
            assertThat(simulator.calls()).allSatisfy(call -> {
                assertThat(call.outcome()).isEqualTo(CallOutcome.COMPLETED);
                assertThat(call.durationMillis()).isBetween(20 * 25 - 1.0, 20 * 25 * 2.5);
            });
            assertThat(simulator.meter("openai", "m").callsMax()).isEqualTo(streams);
        }
    }

    @Test
    @Tag("benchmark")
    void two_thousand_streams_of_53_tokens_at_150_ms() throws Exception {
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        try (Simulator simulator = paced(53, 150);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            call(simulator);
            long cpu = machine.getProcessCpuTime();
            List<Future<RawClient.Exchange>> calls = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) {
                calls.add(threads.submit(() -> call(simulator)));
            }
            for (Future<RawClient.Exchange> call : calls) {
                assertThat(call.get().tokens()).isEqualTo(53);
            }
            double cpuMillis = (machine.getProcessCpuTime() - cpu) / 1e6;
            double[] durations = simulator.calls().stream().skip(1).mapToDouble(call -> call.durationMillis()).sorted()
                    .toArray();
            System.out.printf(
                    "2,000 streams of 53 tokens at 150 ms (ideal 7,950 ms): p50 %.0f ms, max %.0f ms, CPU a stream "
                            + "(server and client) %.2f ms%n",
                    durations[1_000], durations[1_999], cpuMillis / 2_000);
            assertThat(durations[1_999]).isLessThan(7_950 * 1.2);
        }
    }
}
