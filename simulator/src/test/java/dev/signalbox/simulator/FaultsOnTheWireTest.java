package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.simulator.RawClient.End;
import dev.signalbox.simulator.RawClient.Exchange;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each fault as bytes on a socket. */
@Tag("issue-2")
class FaultsOnTheWireTest {
    private static final int QUIET_MILLIS = 400;
    private static Simulator simulator;

    @BeforeAll
    static void start() throws IOException {
        simulator = Simulator.start(SimulatorOptions.of(VendorProfile.of("openai", ModelProfile.ZERO_LATENCY)));
    }

    @AfterAll
    static void stop() {
        simulator.close();
    }

    private static Exchange call(String fault, boolean stream) throws IOException {
        return call(fault, stream, QUIET_MILLIS);
    }

    private static Exchange call(String fault, boolean stream, int quietMillis) throws IOException {
        simulator.reset();
        return RawClient.call(simulator.baseUrl(), RawClient.chat("gpt-4.1@fault=" + fault, stream), quietMillis,
                "connection: close");
    }

    private static CallRecord logged() {
        return simulator.calls().getLast();
    }

    @Test
    void a_healthy_stream_has_role_tokens_finish_usage_and_done() throws IOException {
        Exchange stream = RawClient.call(simulator.baseUrl(), RawClient.chat("gpt-4.1", true), QUIET_MILLIS,
                "connection: close");
        assertThat(stream.statusLine()).isEqualTo("HTTP/1.1 200 OK");
        assertThat(stream.text()).contains("content-type: text/event-stream; charset=utf-8", "x-request-id: req_",
                "\"delta\":{\"role\":\"assistant\",\"content\":\"\"", "\"finish_reason\":\"stop\"",
                "\"completion_tokens\":60", "data: [DONE]\n\n");
        assertThat(stream.tokens()).isEqualTo(60);
        assertThat(stream.end()).isEqualTo(End.FIN);
        assertThat(logged().outcome()).isEqualTo(CallOutcome.COMPLETED);
        assertThat(logged().tokensSent()).isEqualTo(60);
    }

    @ParameterizedTest
    @CsvSource({"'rate_limit,retry_after=2', 429, rate_limit_exceeded", "server_error, 500, server_error",
            "overloaded, 503, server_is_overloaded", "overloaded_529, 529, overloaded_error",
            "context_length, 400, context_length_exceeded", "content_filter, 400, content_policy_violation",
            "auth, 401, invalid_api_key", "quota, 429, insufficient_quota", "slow_down, 429, slow_down",
            "never_fits, 429, Request too large", "model_not_found, 404, model_not_found",
            "bad_gateway, 502, <title>502 Bad Gateway", "upstream, 503, upstream connect error",
            "cdn, 520, unknown error", "gateway_timeout, 504, 504 Gateway Time-out", "region, 403, unsupported_country",
            "status:418, 418, simulated status 418", "timeout, 408, timeout", "not_json, 200, <h1>Welcome"})
    void errors_have_the_vendors_own_form(String fault, int status, String says) throws IOException {
        for (boolean stream : new boolean[]{true, false}) {
            Exchange answer = call(fault, stream);
            assertThat(answer.statusLine()).startsWith("HTTP/1.1 " + status + " ");
            assertThat(answer.body()).contains(says);
            assertThat(answer.end()).isEqualTo(End.FIN);
            assertThat(logged().status()).isEqualTo(status);
            assertThat(logged().outcome()).isEqualTo(CallOutcome.ERROR);
        }
    }

    @Test
    void retry_after_is_said_in_both_headers() throws IOException {
        assertThat(call("rate_limit,retry_after=2", false).text()).contains("retry-after: 2\r\n",
                "retry-after-ms: 2000\r\n", "try again in 2s");
    }

    @Test
    void once_each_nth_and_times_count_calls() throws IOException {
        simulator.reset();
        String body = RawClient.chat("m@fault=server_error,nth=2-3", false);
        for (String status : List.of("200", "500", "500", "200")) {
            assertThat(RawClient.call(simulator.baseUrl(), body, QUIET_MILLIS, "connection: close").statusLine())
                    .contains(status);
        }
        String each = RawClient.chat("m@fault=overloaded,each=1", false);
        for (String call : List.of("a 503", "b 503", "a 200", "b 200")) {
            assertThat(RawClient.call(simulator.baseUrl(), each, QUIET_MILLIS, "connection: close",
                    "x-signalbox-request-id: " + call.substring(0, 1)).statusLine()).contains(call.substring(2));
        }
    }

    @ParameterizedTest
    @CsvSource({"reset, RST", "down, RST", "close, FIN", "silent:100ms, RST", "silent, STILL_OPEN"})
    void no_byte_comes_before_the_connection_ends(String fault, End end) throws IOException {
        Exchange answer = call(fault, true);
        assertThat(answer.text()).isEmpty();
        assertThat(answer.end()).isEqualTo(end);
    }

    @ParameterizedTest
    @CsvSource({"cut:40, FIN", "cut:40:fin, FIN", "cut:40:rst, RST", "stall:40, STILL_OPEN"})
    void a_stream_ends_or_stalls_after_exactly_that_many_tokens(String fault, End end) throws IOException {
        Exchange stream = call(fault, true);
        assertThat(stream.tokens()).isEqualTo(40);
        assertThat(stream.text()).doesNotContain("\"finish_reason\":\"stop\"", "[DONE]", "\r\n0\r\n");
        assertThat(stream.end()).isEqualTo(end);
        assertThat(logged().tokensSent()).isEqualTo(40);
    }

    @ParameterizedTest
    @CsvSource({"cut:40, FIN", "cut:40:rst, RST", "stall:40, STILL_OPEN"})
    void an_answer_in_one_piece_ends_or_stalls_in_the_middle(String fault, End end) throws IOException {
        Exchange answer = call(fault, false);
        assertThat(answer.text()).contains("content-length: ");
        assertThat(answer.body()).endsWith(FixedAnswer.text(40));
        assertThat(answer.end()).isEqualTo(end);
    }

    @Test
    void a_stall_and_a_late_token_end_in_the_whole_answer() throws IOException {
        for (String fault : List.of("stall:20:150ms", "first_token:150ms", "headers:150ms", "trickle:3ms")) {
            for (boolean stream : new boolean[]{true, false}) {
                Exchange answer = call(fault, stream, 2_000);
                assertThat(answer.lastByteMillis()).as(fault).isGreaterThanOrEqualTo(148);
                assertThat(answer.end()).isEqualTo(End.FIN);
                assertThat(stream ? answer.tokens() : 60).as(fault).isEqualTo(60);
                assertThat(answer.body()).contains(stream ? "[DONE]" : FixedAnswer.TEXT);
                assertThat(answer.firstByteMillis() > 100).as(fault)
                        .isEqualTo(fault.startsWith("headers") || (!stream && fault.startsWith("trickle")));
                assertThat(logged().outcome()).isEqualTo(CallOutcome.COMPLETED);
            }
        }
    }

    @Test
    void bent_streams() throws IOException {
        assertThat(call("malformed:10", true).text()).contains("{\"content\":\"\n\n").contains("[DONE]");
        assertThat(call("no_done", true).text()).contains("\"finish_reason\":\"stop\"", "\"completion_tokens\":60")
                .doesNotContain("[DONE]");
        assertThat(call("no_finish", true).text()).contains("\" opened.\"")
                .doesNotContain("[DONE]", "\"finish_reason\":\"stop\"");
        Exchange error = call("stream_error:5:overloaded", true);
        assertThat(error.tokens()).isEqualTo(5);
        assertThat(error.text()).contains("server_is_overloaded", "[DONE]").doesNotContain("\"stop\"");
        assertThat(call("content_type", true).text()).contains("content-type: text/html", "[DONE]");
        assertThat(call("garbage", true).text()).contains("[DONE]\n\ndata: {\"late\":true}");
        assertThat(call("finish:content_filter", true).text()).contains("\"finish_reason\":\"content_filter\"");
        Exchange empty = call("empty", true);
        assertThat(empty.tokens()).isZero();
        assertThat(empty.text()).contains("\"finish_reason\":\"stop\"", "[DONE]");
        assertThat(call("oversized:3MB", true, 2_000).text()).hasSizeGreaterThan(3 << 20).contains("[DONE]");
    }

    @Test
    void bent_answers_in_one_piece() throws IOException {
        assertThat(call("malformed:10", false).body()).endsWith(FixedAnswer.text(10));
        assertThat(call("garbage", false).body()).contains("}data: {\"late\":true}");
        assertThat(call("stream_error:5", false).statusLine()).contains("500");
        assertThat(call("oversized:3MB", false, 2_000).body()).hasSizeGreaterThan(3 << 20).endsWith("}");
        assertThat(call("content_type:text/plain", false).text()).contains("content-type: text/plain");
    }

    @Test
    void a_prefill_is_refused_and_nothing_else() throws IOException {
        assertThat(call("reject_prefill", false).statusLine()).contains("200");
        String prefill = RawClient.chat("m@fault=reject_prefill", false).replace("}]}",
                "},{\"role\":\"assistant\",\"content\":\"The lamp\"}]}");
        assertThat(RawClient.call(simulator.baseUrl(), prefill, QUIET_MILLIS, "connection: close").statusLine())
                .contains("400");
    }

    @Test
    void a_plan_names_vendor_model_and_time_and_can_be_changed() throws IOException {
        simulator.reset();
        simulator.setFaults(List.of(FaultRule.parse("openai", "gpt-*", "reset,times=1"),
                FaultRule.parse("openai", "gpt-*", "cut:3,until=3600s"),
                FaultRule.parse("elsewhere", "*", "overloaded")));
        String body = RawClient.chat("gpt-4.1", true);
        assertThat(RawClient.call(simulator.baseUrl(), body, QUIET_MILLIS).end()).isEqualTo(End.RST);
        assertThat(RawClient.call(simulator.baseUrl(), body, QUIET_MILLIS).tokens()).isEqualTo(3);
        simulator.setFaults(List.of());
        assertThat(RawClient.call(simulator.baseUrl(), body, QUIET_MILLIS).tokens()).isEqualTo(60);
    }

    @Test
    void a_fault_that_cannot_be_read_is_said_so() throws IOException {
        Exchange answer = call("explode", false);
        assertThat(answer.statusLine()).contains("400");
        assertThat(answer.body()).contains("there is no fault 'explode'");
    }
}
