package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.signalbox.config.VendorFamily;
import dev.signalbox.simulator.RawClient.End;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.Bill;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.meter.MeterReading;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-2")
class LogAndMetersTest {
    private static final int QUIET_MILLIS = 300;

    private static void call(Simulator simulator, String vendor, String model, boolean stream, String... headers)
            throws IOException {
        RawClient.call(simulator.baseUrl(vendor), RawClient.chat(model, stream), QUIET_MILLIS, headers);
    }

    @Test
    void vendors_on_one_port_count_apart_and_calls_are_joined_by_request_id() throws IOException {
        try (Simulator simulator = Simulator.start(SimulatorOptions.zeroLatency()
                .withVendor(VendorProfile.of("other", ModelProfile.ZERO_LATENCY))
                .withFault("openai", "*", "overloaded"))) {
            call(simulator, "openai", "a", true, "connection: close", "x-signalbox-request-id: r1");
            call(simulator, "other", "b", true, "connection: close", "x-request-id: r1");
            call(simulator, "other", "b", false, "connection: close", "x-request-id: r2");
            assertThat(simulator.callsByRequestId().get("r1")).extracting(CallRecord::vendor, CallRecord::outcome)
                    .containsExactly(tuple("openai", CallOutcome.ERROR),
                            tuple("other", CallOutcome.COMPLETED));
            MeterReading other = simulator.meter("other", "*");
            assertThat(other.calls()).isEqualTo(2);
            assertThat(other.outputTokens()).isEqualTo(120);
            assertThat(other.requestsPerMinuteMax()).isEqualTo(2);
            assertThat(other.tokensPerMinuteMax()).isEqualTo(120 + other.inputTokens());
            assertThat(simulator.meter("openai", "a").calls()).isEqualTo(1);
            assertThat(simulator.meter("openai", "a").outputTokens()).isZero();
            simulator.reset();
            assertThat(simulator.calls()).isEmpty();
            assertThat(simulator.meter("other", "b").calls()).isZero();
        }
    }

    @Test
    void the_bill_has_what_was_told_what_was_cut_and_nothing_for_errors() throws IOException {
        try (Simulator simulator = Simulator.start(SimulatorOptions.zeroLatency())) {
            call(simulator, "openai", "m", false, "connection: close");
            call(simulator, "openai", "m@fault=cut:5", true, "connection: close");
            call(simulator, "openai", "m@fault=overloaded", true, "connection: close");
            call(simulator, "openai", "m@fault=reset", true, "connection: close");
            await().until(() -> simulator.bill("openai").cuts() == 1);
            int prompt = simulator.calls().getFirst().promptTokens();
            assertThat(simulator.bill("openai")).isEqualTo(new Bill(1, prompt, 60, 1, prompt, 5));
            assertThat(simulator.calls()).extracting(CallRecord::usageTold).containsExactly(true, false, false, false);
            simulator.reset();
            assertThat(simulator.bill("openai")).isEqualTo(Bill.NOTHING);
        }
    }

    @Test
    void a_caller_that_hangs_up_is_seen_and_gives_its_place_back() throws IOException {
        try (Simulator simulator = Simulator.start(SimulatorOptions
                .of(VendorProfile.of("openai",
                        ModelProfile.paced(60, 20).withLimits(Limits.NONE.withConcurrency(1)))))) {
            assertThat(RawClient.call(simulator.baseUrl(), RawClient.chat("m@fault=stall:3", true), 200).end())
                    .isEqualTo(End.STILL_OPEN);
            await().until(() -> simulator.calls().getFirst().clientClosed());
            assertThat(simulator.calls().getFirst().tokensSent()).isEqualTo(3);
            await().until(() -> simulator.meter("openai", "*").callsNow() == 0);
            assertThat(RawClient.call(simulator.baseUrl(), RawClient.chat("m@fault=stall:3", true), 200).tokens())
                    .as("the limit of one call at once lets the next in").isEqualTo(3);
        }
    }

    @Test
    void limits_are_held_with_429_and_headers() throws IOException {
        Limits limits = Limits.NONE.withRequestsPerMinute(2).withTokensPerMinute(1000);
        try (Simulator simulator = Simulator.start(SimulatorOptions
                .of(VendorProfile.of("openai", ModelProfile.ZERO_LATENCY.withLimits(limits))))) {
            String chat = RawClient.chat("m", false);
            assertThat(RawClient.call(simulator.baseUrl(), chat, QUIET_MILLIS, "connection: close").text())
                    .contains("x-ratelimit-limit-requests: 2\r\n", "x-ratelimit-remaining-requests: 1\r\n",
                            "x-ratelimit-reset-requests: 1m0s\r\n", "x-ratelimit-limit-tokens: 1000\r\n");
            RawClient.call(simulator.baseUrl(), chat, QUIET_MILLIS, "connection: close");
            RawClient.Exchange third = RawClient.call(simulator.baseUrl(), chat, QUIET_MILLIS, "connection: close");
            assertThat(third.statusLine()).contains("429");
            assertThat(third.text()).contains("retry-after: 60", "x-ratelimit-remaining-requests: 0",
                    "on requests per min (RPM): Limit 2, Used 2, Requested 1. Please try again in ");
            assertThat(simulator.meter("openai", "m").refused()).isEqualTo(1);
            assertThat(simulator.meter("openai", "m").calls()).isEqualTo(3);
        }
    }

    @Test
    void anthropic_tells_its_limits_with_the_time_of_day_of_each_reset() throws IOException {
        Limits limits = Limits.NONE.withRequestsPerMinute(1).withInputTokensPerMinute(1000)
                .withOutputTokensPerMinute(500);
        try (Simulator simulator = Simulator.start(
                SimulatorOptions.of(Family.ANTHROPIC.profile(ModelProfile.ZERO_LATENCY.withLimits(limits))))) {
            String chat = Family.ANTHROPIC.chat("m", true);
            Instant before = Instant.now();
            String first = Family.ANTHROPIC.post(simulator, chat, QUIET_MILLIS, "connection: close").text();
            assertThat(first).contains("anthropic-ratelimit-requests-limit: 1\r\n",
                    "anthropic-ratelimit-requests-remaining: 0\r\n", "anthropic-ratelimit-input-tokens-limit: 1000\r\n",
                    "anthropic-ratelimit-output-tokens-remaining: 440\r\n")
                    .doesNotContain("anthropic-ratelimit-tokens-", "x-ratelimit");
            Instant reset = Instant.parse(
                    first.replaceAll("(?s).*anthropic-ratelimit-requests-reset: (\\S+)\r\n.*", "$1"));
            assertThat(reset).isBetween(before.plusSeconds(59), Instant.now().plusSeconds(61));
            RawClient.Exchange second = Family.ANTHROPIC.post(simulator, chat, QUIET_MILLIS, "connection: close");
            assertThat(second.statusLine()).contains("429");
            assertThat(second.text()).contains("retry-after: 60\r\n", "rate_limit_error", "of 1 requests per minute");
        }
    }

    @Test
    void the_admin_endpoint_changes_faults_and_shows_log_and_meters(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("calls.jsonl");
        try (Simulator simulator = Simulator.start(SimulatorOptions.zeroLatency().withLogFile(file));
                HttpClient http = HttpClient.newHttpClient()) {
            assertThat(admin(http, simulator, "PUT", "faults",
                    "[{\"model\":\"m\",\"fault\":\"cut:4\"},{\"model\":\"n\",\"status\":503,\"headers\":{\"x-a\":\"b\"},"
                            + "\"body\":\"busy\",\"times\":1}]"))
                    .contains("\"model\":\"m\"");
            call(simulator, "openai", "m", true, "x-request-id: r1");
            assertThat(
                    RawClient.call(simulator.baseUrl(), RawClient.chat("n", false), QUIET_MILLIS, "connection: close")
                            .text())
                    .contains("503", "x-a: b", "busy");
            assertThat(admin(http, simulator, "PUT", "faults", "[{\"model\":\"m\",\"fault\":\"cut:x\"}]"))
                    .contains("error", "cut:x");
            assertThat(admin(http, simulator, "GET", "log?request_id=r1", "")).contains("\"tokens_sent\":4",
                    "\"outcome\":\"BROKEN\"", "\"request_id\":\"r1\"");
            assertThat(admin(http, simulator, "GET", "meters", "")).contains("\"calls_max\":1");
            assertThat(admin(http, simulator, "DELETE", "faults", "")).isEqualTo("[]");
            assertThat(admin(http, simulator, "POST", "reset", "")).contains("true");
            assertThat(admin(http, simulator, "GET", "log", "")).isEqualTo("[]");
            assertThat(admin(http, simulator, "GET", "nothing", "")).contains("GET ready");
        }
        assertThat(Files.readAllLines(file)).hasSize(2).first().asString().contains("\"model\":\"m\"");
    }

    private static String admin(HttpClient http, Simulator simulator, String method, String path, String body)
            throws Exception {
        URI uri = simulator.adminUrl().resolve(path);
        return http.send(HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.ofString(body)).build(),
                BodyHandlers.ofString()).body();
    }

    @Test
    void a_taken_port_is_said_so() throws IOException {
        try (Simulator first = Simulator.start(SimulatorOptions.zeroLatency())) {
            assertThatThrownBy(() -> Simulator.start(SimulatorOptions.zeroLatency().withPort(first.port())))
                    .isInstanceOf(IOException.class).hasMessageContaining("127.0.0.1:" + first.port());
        }
    }

    @Test
    void a_configuration_file_names_vendors_and_faults(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("simulator.yaml"), """
                seed: 7
                vendors:
                  openai:
                    profile: realistic
                    first_token: 0
                    per_token: fixed:0
                    output_tokens: 60
                    limits: {concurrency: 4}
                    models:
                      slow: {first_token: lognormal:300:0.5}
                  backup: {api_key: sk-1, family: anthropic}
                faults:
                  - {vendor: openai, model: gpt-4.1, fault: "cut:40", from: 1s, until: 60s, probability: 0.5}
                """);
        SimulatorOptions options = SimulatorConfig.read(file);
        assertThat(options.vendors()).extracting(VendorProfile::name).containsExactly("openai", "backup");
        assertThat(options.vendors().getFirst().model("slow").orElseThrow().limits().concurrency()).isEqualTo(4);
        assertThat(options.vendors().getLast().family()).isEqualTo(VendorFamily.ANTHROPIC);
        assertThat(options.faults()).extracting(FaultRule::fromMillis).isEqualTo(List.of(1_000L));
        Files.writeString(file, "vendors:\n  openai: {first_token: soon}\n");
        assertThatThrownBy(() -> SimulatorConfig.read(file)).hasMessageStartingWith(file + ":2:")
                .hasMessageContaining("'soon' is no distribution");
        Files.writeString(file, "vendors:\n  openai: {first_tokn: 3}\n");
        assertThatThrownBy(() -> SimulatorConfig.read(file)).hasMessageStartingWith(file + ":2:")
                .hasMessageContaining("first_tokn");
    }
}
