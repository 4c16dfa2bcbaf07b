package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Issue 6's bar on limits of which there is hardly any: three workers share one call at once, and what a large request needs is collected. */
@Tag("issue-6")
@Tag("long")
@Timeout(value = 6, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ScarceLimitsIT {
    private static final int WORKERS = 3;
    private static final int REQUESTS = 300;
    private static final int TOKENS_PER_MINUTE = 6_000;
    private static final int SMALL = 100;
    private static final int LARGE = TOKENS_PER_MINUTE * 9 / 10;
    private static final Duration LARGE_WITHIN = Duration.ofMinutes(2);

    private static Fleet fleet(Path folder, ModelProfile answers, String limits) throws Exception {
        return Fleet.start(folder, 1, WORKERS, SimulatorOptions.of(VendorProfile.of("v", answers)), vendors -> """
                environment: test
                vendors: { v: { family: openai, base_url: "%s" } }
                deployments: { v/paced: { vendor: v, model_id: paced, limits: { %s } } }
                pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                routes: { paced: { test: { otherwise: { sequence: [v] } } } }
                topics: { partitions: %d }
                """.formatted(vendors.baseUrl("v"), limits, Fleet.PARTITIONS), System.getProperty("java.class.path"));
    }

    @Test
    void aLimitOfOneCallServesTheRequestsOfThreeWorkers(@TempDir Path folder) throws Exception {
        ModelProfile answers = ModelProfile.paced(10, 20).withLimits(Limits.NONE.withConcurrency(1));
        try (Fleet fleet = fleet(folder, answers, "concurrency: 1");
                FleetDispatcher dispatcher = fleet.startDispatcher("dispatcher");
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            dispatcher.awaitReady();
            long asked = System.currentTimeMillis();
            for (int i = 0; i < REQUESTS; i++) {
                traffic.ask(Traffic.request("r-" + i, false));
            }
            for (int i = 0; i < REQUESTS; i++) {
                LlmReply reply = traffic.reply("r-" + i).get(4, TimeUnit.MINUTES);
                assertThat(reply.getStatus()).as("%s", reply.getError()).isEqualTo(ReplyStatus.COMPLETED);
            }
            List<Integer> served = fleet.workers().stream()
                    .map(worker -> (int) worker.metric("signalbox_requests_seconds_count").orElse(0)).toList();
            List<CallRecord> calls = fleet.vendors().calls();
            double length = calls.stream().mapToDouble(CallRecord::durationMillis).sum() / REQUESTS;
            long longest = calls.stream().mapToLong(CallRecord::startedMillis).max().orElseThrow() - asked;
            double fair = length * REQUESTS;
            System.out.printf(Locale.ROOT,
                    "a limit of 1 with %d workers: requests served %s; calls of %.0f ms, the longest wait %.1f s of %.1f s if it were always used; %d refused%n",
                    WORKERS, served, length, longest / 1e3, fair / 1e3, fleet.vendors().meter("v", "paced").refused());
            assertThat(served).as("requests of each worker").allSatisfy(each -> assertThat(each).isPositive());
            assertThat(served.stream().mapToInt(Integer::intValue).sum()).isEqualTo(REQUESTS);
            assertThat((double) longest).as("the longest wait, ms").isLessThanOrEqualTo(2 * fair);
            assertThat(fleet.vendors().meter("v", "paced").refused()).isZero();
        }
    }

    @Test
    void aRequestOfNearlyAMinutesTokensIsServedUnderLoad(@TempDir Path folder) throws Exception {
        ModelProfile answers = ModelProfile.paced(SMALL, 10)
                .withLimits(Limits.NONE.withOutputTokensPerMinute(TOKENS_PER_MINUTE));
        try (Fleet fleet = fleet(folder, answers, "output_tokens_per_minute: " + TOKENS_PER_MINUTE);
                FleetDispatcher dispatcher = fleet.startDispatcher("dispatcher");
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            dispatcher.awaitReady();
            List<Double> took = new ArrayList<>();
            try (Traffic.Flow flow = traffic.flowOf("paced", 1.5 * TOKENS_PER_MINUTE / SMALL / 60,
                    request -> bounded(request, SMALL))) {
                TimeUnit.SECONDS.sleep(60);
                long asked = System.nanoTime();
                LlmRequest large = bounded(Traffic.request("large", false), LARGE);
                large.setTenant("large");
                traffic.ask(large);
                LlmReply reply = traffic.reply("large").get(4, TimeUnit.MINUTES);
                took.add((System.nanoTime() - asked) / 1e9);
                assertThat(reply.getStatus()).as("%s", reply.getError()).isEqualTo(ReplyStatus.COMPLETED);
                System.out.printf(Locale.ROOT,
                        "%d of %d output tokens a minute, under 1.5 times the load: served after %.1f s, %d small ones sent, %d refused%n",
                        LARGE, TOKENS_PER_MINUTE, took.getFirst(), flow.sent(),
                        fleet.vendors().meter("v", "paced").refused());
            }
            assertThat(took.getFirst()).isLessThanOrEqualTo(LARGE_WITHIN.toSeconds());
            assertThat(fleet.vendors().meter("v", "paced").refused()).isZero();
        }
    }

    private static LlmRequest bounded(LlmRequest request, int tokens) {
        String body = StandardCharsets.UTF_8.decode(request.getBody()).toString();
        request.setBody(ByteBuffer.wrap(("{\"max_tokens\":" + tokens + "," + body.substring(1))
                .getBytes(StandardCharsets.UTF_8)));
        return request;
    }
}
