package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.meter.MeterReading;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Limits as the vendor counts them: it refuses whatever goes beyond, its meters see every call, and nothing may be refused
 * while at least 90 % is used. And permits that no failing attempt keeps.
 */
@Tag("issue-3")
@Tag("alone")
class LimitsIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final int CALLS_AT_ONCE = 8;
    private static final int REQUESTS = 120;
    private static final int INPUT_TOKENS = 1_800;
    private static final int OUTPUT_TOKENS = 9_000;
    private static final int ANSWER_TOKENS = ModelProfile.FIXED_ANSWER_TOKENS;
    private static final double WANTED_USE = 0.9;
    /** Served before anything is measured, so that a new worker's code is compiled. */
    private static final int WARM_UP = 1_500;
    /** Of the short form's ten seconds the first ones still go by in colder code than the others. */
    private static final double WANTED_USE_COLD = 0.8;

    @Test
    void no_limit_is_exceeded_and_each_is_used(@TempDir Path folder) throws Exception {
        demand(folder, Duration.ofSeconds(10));
    }

    /** Two whole minutes, so that windows slide. */
    @Test
    @Tag("long")
    void no_limit_is_exceeded_in_any_sliding_minute(@TempDir Path folder) throws Exception {
        demand(folder, Duration.ofSeconds(125));
    }

    private static SimulatorOptions vendors() {
        ModelProfile brisk = ModelProfile.paced(ANSWER_TOKENS, 4);
        List<VendorProfile> vendors = new ArrayList<>();
        for (Family family : Family.values()) {
            vendors.add(VendorProfile.of(family.label() + "-w", brisk).withFamily(family.vendorFamily));
            vendors.add(VendorProfile.of(family.label() + "-b", brisk).withFamily(family.vendorFamily)
                    .withModel("calls", brisk.withLimits(Limits.NONE.withConcurrency(CALLS_AT_ONCE))
                            .withPerTokenMillis(Distribution.fixed(8)))
                    .withModel("requests", brisk.withLimits(Limits.NONE.withRequestsPerMinute(REQUESTS)))
                    .withModel("input", brisk.withLimits(Limits.NONE.withInputTokensPerMinute(INPUT_TOKENS)))
                    .withModel("output", brisk.withLimits(Limits.NONE.withOutputTokensPerMinute(OUTPUT_TOKENS))));
        }
        return SimulatorOptions.of(vendors.toArray(VendorProfile[]::new));
    }

    private static String configuration(Simulator simulator) {
        StringBuilder deployments = new StringBuilder();
        StringBuilder routes = new StringBuilder();
        for (Family family : Family.values()) {
            deployments.append("  %1$s-w/%1$s-warm: { vendor: %1$s-w, model_id: warm }%n".formatted(family.label()));
            routes.append("  %1$s-warm: { test: { otherwise: { sequence: [%1$s-w] } } }%n".formatted(family.label()));
            for (String limit : List.of("calls=concurrency: " + CALLS_AT_ONCE,
                    "requests=requests_per_minute: " + REQUESTS, "input=input_tokens_per_minute: " + INPUT_TOKENS,
                    "output=output_tokens_per_minute: " + OUTPUT_TOKENS)) {
                String model = limit.substring(0, limit.indexOf('='));
                deployments.append("  %1$s-b/%1$s-%2$s: { vendor: %1$s-b, model_id: %2$s, limits: { %3$s } }%n"
                        .formatted(family.label(), model, limit.substring(limit.indexOf('=') + 1)));
                routes.append("  %1$s-%2$s: { test: { otherwise: { sequence: [%1$s-b] } } }%n"
                        .formatted(family.label(), model));
            }
        }
        return """
                environment: test
                vendors:
                  openai-b: { family: openai, base_url: "%s" }
                  anthropic-b: { family: anthropic, base_url: "%s" }
                  openai-w: { family: openai, base_url: "%s" }
                  anthropic-w: { family: anthropic, base_url: "%s" }
                deployments:
                %spools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                %stopics: { partitions: 4 }
                # Each limit's queue has room beside the others' in the lane's buffer; slots are for what runs only.
                worker: { max_in_flight: 200, buffer_records: 20000 }
                """.formatted(simulator.baseUrl("openai-b"), simulator.baseUrl("anthropic-b"),
                simulator.baseUrl("openai-w"),
                simulator.baseUrl("anthropic-w"), deployments, routes);
    }

    private static void demand(Path folder, Duration time) throws Exception {
        try (Installation installation = Installation.start(folder, vendors(), LimitsIT::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            warmUp(caller);
            int minutes = (int) (time.toSeconds() / 60) + 1;
            List<CompletableFuture<Caller.Answer>> answers = new ArrayList<>();
            for (Family family : Family.values()) {
                ask(caller, family, "calls", (int) (CALLS_AT_ONCE * time.toMillis() / 480 * 1.3), time, answers);
                ask(caller, family, "requests", 2 * REQUESTS * minutes, time, answers);
                ask(caller, family, "input", 2 * INPUT_TOKENS / 12 * minutes, time, answers);
                ask(caller, family, "output", 2 * OUTPUT_TOKENS / ANSWER_TOKENS * minutes, time, answers);
            }
            int answered = 0;
            Map<String, Integer> others = new TreeMap<>();
            for (CompletableFuture<Caller.Answer> answer : answers) {
                LlmReply reply = answer.get(time.toSeconds() + 60, TimeUnit.SECONDS).reply();
                answered += reply.getStatus() == ReplyStatus.COMPLETED ? 1 : 0;
                if (reply.getStatus() != ReplyStatus.COMPLETED && reply.getStatus() != ReplyStatus.EXPIRED) {
                    others.merge(reply.getError() + " after " + reply.getAttempts().stream()
                            .map(attempt -> attempt.getDeployment() + " " + attempt.getOutcome()).toList(), 1,
                            Integer::sum);
                }
            }
            System.out.printf(Locale.ROOT, "limits: %d of %d requests answered within %d s%n", answered,
                    answers.size(), time.toSeconds());
            others.forEach((why, count) -> System.out.println("  " + count + " times " + why));
            for (Family family : Family.values()) {
                Simulator vendor = installation.simulator();
                String name = family.label() + "-b";
                MeterReading calls = vendor.meter(name, "calls");
                held(calls, calls.callsMax(), CALLS_AT_ONCE);
                double busy = vendor.calls().stream()
                        .filter(call -> call.vendor().equals(name) && call.model().equals("calls"))
                        .mapToDouble(CallRecord::durationMillis).sum() / (CALLS_AT_ONCE * spanMillis(vendor, name));
                System.out.printf(Locale.ROOT, "  %-12s calls at once in use on average: %.1f %%%n", name, busy * 100);
                assertThat(busy).as("part of the calls at once in use")
                        .isGreaterThanOrEqualTo(minutes > 1 ? WANTED_USE : WANTED_USE_COLD);
                MeterReading requests = vendor.meter(name, "requests");
                held(requests, requests.requestsPerMinuteMax(), REQUESTS);
                MeterReading input = vendor.meter(name, "input");
                held(input, input.inputTokensPerMinuteMax(), INPUT_TOKENS);
                MeterReading output = vendor.meter(name, "output");
                held(output, output.outputTokensPerMinuteMax(), OUTPUT_TOKENS);
                if (minutes > 1) {
                    assertThat(requests.calls()).as("over all minutes")
                            .isGreaterThanOrEqualTo((long) (WANTED_USE * REQUESTS * (minutes - 1)));
                    assertThat(output.outputTokens()).as("over all minutes")
                            .isGreaterThanOrEqualTo((long) (WANTED_USE * OUTPUT_TOKENS * (minutes - 1)));
                }
            }
            assertThat(others).as("neither answered nor out of time").isEmpty();
        }
    }

    private static void warmUp(Caller caller) throws Exception {
        List<CompletableFuture<Caller.Answer>> answers = new ArrayList<>();
        for (Family family : Family.values()) {
            ask(caller, family, "warm", WARM_UP, Duration.ofMinutes(1), answers);
        }
        for (CompletableFuture<Caller.Answer> answer : answers) {
            answer.get(70, TimeUnit.SECONDS);
        }
    }

    private static void ask(Caller caller, Family family, String limit, int count, Duration time,
            List<CompletableFuture<Caller.Answer>> answers) {
        for (int i = 0; i < count; i++) {
            String model = family.label() + "-" + limit;
            String body = new String(family.body(model), StandardCharsets.UTF_8).replace("1024",
                    Integer.toString(ANSWER_TOKENS));
            LlmRequest request = Caller.request(model + "-" + i, model, family.format,
                    body.getBytes(StandardCharsets.UTF_8), i % 2 == 0, time);
            request.setTenant(limit);
            answers.add(caller.ask(request));
        }
    }

    /** From the first call's arrival to the last one's. */
    private static double spanMillis(Simulator vendor, String name) {
        var starts = vendor.calls().stream()
                .filter(call -> call.vendor().equals(name) && call.model().equals("calls"))
                .mapToLong(CallRecord::startedMillis).summaryStatistics();
        return starts.getMax() - starts.getMin() + 480.0;
    }

    private static void held(MeterReading meter, long most, long limit) {
        System.out.printf(Locale.ROOT, "  %-12s %-9s most %5d of %5d (%.1f %%), %d calls, %d refused%n", meter.vendor(),
                meter.model(), most, limit, 100.0 * most / limit, meter.calls(), meter.refused());
        assertThat(meter.refused()).as("%s %s: calls that the vendor refused", meter.vendor(), meter.model()).isZero();
        assertThat(most).as("%s %s", meter.vendor(), meter.model()).isBetween((long) (limit * WANTED_USE), limit);
    }

    @Test
    void failing_attempts_leak_no_permit(@TempDir Path folder) throws Exception {
        failAndThenAskAsEver(folder, 1_000);
    }

    @Test
    @Tag("long")
    void ten_thousand_failing_attempts_leak_no_permit(@TempDir Path folder) throws Exception {
        failAndThenAskAsEver(folder, 10_000);
    }

    /** K09: failures of every kind, then as many calls at once as ever. */
    private static void failAndThenAskAsEver(Path folder, int failures) throws Exception {
        List<String> faults = List.of("invalid_request", "content_filter", "context_length", "server_error", "reset",
                "close", "cut:20", "malformed:10", "stream_error:5", "not_json", "rate_limit,retry_after=0", "auth",
                "no_finish", "empty", "payload_too_large", "quota");
        ModelProfile brisk = ModelProfile.paced(ANSWER_TOKENS, 0.2);
        List<FaultRule> plan = new ArrayList<>();
        for (int i = 0; i < faults.size(); i++) {
            plan.add(FaultRule.parse("*", "m" + i, faults.get(i)));
        }
        SimulatorOptions options = SimulatorOptions.of(
                VendorProfile.of("openai-b", brisk),
                VendorProfile.of("anthropic-b", brisk).withFamily(Family.ANTHROPIC.vendorFamily)).withFaults(plan);
        try (Installation installation = Installation.start(folder, options,
                simulator -> leaky(simulator, faults.size()));
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            Simulator vendor = installation.simulator();
            long attempts = 0;
            int wave = 0;
            long end = System.nanoTime() + Duration.ofMinutes(4).toNanos();
            while (attempts < failures && System.nanoTime() < end) {
                wave++;
                wave(caller, faults.size(), "wave-" + wave, 20, Duration.ofSeconds(5));
                attempts = vendor.calls().stream().filter(call -> call.fault() != null).count();
            }
            System.out.printf(Locale.ROOT, "permits: %d failing attempts in %d waves%n", attempts, wave);
            assertThat(attempts).isGreaterThanOrEqualTo(failures);
            vendor.setFaults(List.of());
            vendor.reset();
            Awaitility.await().atMost(Duration.ofSeconds(60)).pollInSameThread().untilAsserted(() -> {
                wave(caller, faults.size(), "after-" + System.nanoTime(), 12, Duration.ofSeconds(10));
                assertThat(vendor.meters()).filteredOn(meter -> !meter.model().equals("*"))
                        .hasSize(2 * faults.size()).allSatisfy(
                                meter -> assertThat(meter.callsMax()).as(meter.toString()).isEqualTo(4));
            });
        }
    }

    private static String leaky(Simulator simulator, int models) {
        StringBuilder deployments = new StringBuilder();
        StringBuilder routes = new StringBuilder();
        for (Family family : Family.values()) {
            for (int i = 0; i < models; i++) {
                deployments
                        .append("  %1$s-b/%1$s-%2$d: { vendor: %1$s-b, model_id: m%2$d, limits: { concurrency: 4 } }%n"
                                .formatted(family.label(), i));
                routes.append("  %1$s-%2$d: { test: { otherwise: { sequence: [%1$s-b] } } }%n"
                        .formatted(family.label(), i));
            }
        }
        return """
                environment: test
                vendors:
                  openai-b: { family: openai, base_url: "%s" }
                  anthropic-b: { family: anthropic, base_url: "%s" }
                deployments:
                %spools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                %stopics: { partitions: 4 }
                """.formatted(simulator.baseUrl("openai-b"), simulator.baseUrl("anthropic-b"), deployments, routes);
    }

    private static void wave(Caller caller, int models, String name, int each, Duration timeToLive) throws Exception {
        List<CompletableFuture<Caller.Answer>> answers = new ArrayList<>();
        for (int i = 0; i < each * models * 2; i++) {
            Family family = Family.values()[i % 2];
            String model = family.label() + "-" + i / 2 % models;
            answers.add(caller.ask(Caller.request(name + "-" + i, model, family.format, family.body(model), i % 4 < 2,
                    timeToLive)));
        }
        for (CompletableFuture<Caller.Answer> answer : answers) {
            answer.get(60, TimeUnit.SECONDS);
        }
    }
}
