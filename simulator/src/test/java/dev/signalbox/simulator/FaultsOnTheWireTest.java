package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.simulator.RawClient.End;
import dev.signalbox.simulator.RawClient.Exchange;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.ModelProfile;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each fault as bytes on a socket, in each family. */
@Tag("issue-2")
@Tag("issue-3")
@ParameterizedClass
@EnumSource(Family.class)
class FaultsOnTheWireTest {
    private static final int QUIET_MILLIS = 400;
    private static Simulator simulator;

    @Parameter
    Family family = Family.OPENAI;

    @BeforeAll
    static void start() throws IOException {
        simulator = Simulator.start(SimulatorOptions.of(Family.OPENAI.profile(ModelProfile.ZERO_LATENCY),
                Family.ANTHROPIC.profile(ModelProfile.ZERO_LATENCY)));
    }

    @AfterAll
    static void stop() {
        simulator.close();
    }

    private Exchange call(String fault, boolean stream) throws IOException {
        return call(fault, stream, QUIET_MILLIS);
    }

    private Exchange call(String fault, boolean stream, int quietMillis) throws IOException {
        simulator.reset();
        return send(family.chat("model-1@fault=" + fault, stream), quietMillis);
    }

    private Exchange send(String body, int quietMillis, String... headers) throws IOException {
        String[] all = Arrays.copyOf(headers, headers.length + 1);
        all[headers.length] = "connection: close";
        return family.post(simulator, body, quietMillis, all);
    }

    private static CallRecord logged() {
        return simulator.calls().getLast();
    }

    @Test
    void a_healthy_stream_begins_and_ends_as_the_vendors() throws IOException {
        simulator.reset();
        Exchange stream = send(family.chat("model-1", true), QUIET_MILLIS);
        assertThat(stream.statusLine()).isEqualTo("HTTP/1.1 200 OK");
        assertThat(stream.text()).contains("content-type: text/event-stream; charset=utf-8", "request-id: req_",
                family.of("\"delta\":{\"role\":\"assistant\",\"content\":\"\"",
                        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"model-1\","),
                family.of("chat.completion.chunk", "event: ping\ndata: {\"type\": \"ping\"}\n\n"), family.finish,
                family.usage, family.endMarker);
        assertThat(stream.tokens()).isEqualTo(60);
        assertThat(stream.end()).isEqualTo(End.FIN);
        assertThat(logged().outcome()).isEqualTo(CallOutcome.COMPLETED);
        assertThat(logged().tokensSent()).isEqualTo(60);
    }

    @ParameterizedTest
    @CsvSource({"'rate_limit,retry_after=2', 429, rate_limit_exceeded, 429, rate_limit_error",
            "token_limit, 429, tokens per min (TPM), 429, input tokens per minute",
            "server_error, 500, server_error, 500, api_error",
            "overloaded, 503, server_is_overloaded, 529, overloaded_error",
            "overloaded_529, 529, overloaded_error, 529, overloaded_error",
            "status:503, 503, server_is_overloaded, 503, overloaded_error",
            "context_length, 400, context_length_exceeded, 400, prompt is too long: ",
            "content_filter, 400, content_policy_violation, 400, Output blocked by content filtering policy",
            "auth, 401, invalid_api_key, 401, authentication_error",
            "permission, 403, model_not_available, 403, permission_error",
            "region, 403, unsupported_country, 403, Request not allowed",
            "model_not_found, 404, model_not_found, 404, model: model-1",
            "conflict, 409, conflict, 409, conflict_error",
            "payload_too_large, 413, request_too_large, 413, request_too_large",
            "quota, 429, insufficient_quota, 400, credit balance is too low",
            "slow_down, 429, slow_down, 429, acceleration limit",
            "never_fits, 429, Request too large, 429, rate_limit_error",
            "timeout, 408, timeout, 504, timeout_error", "invalid_request, 400, invalid_request_error, 400, "
                    + "invalid_request_error",
            "bad_gateway, 502, <title>502 Bad Gateway, 502, <title>502 Bad Gateway",
            "upstream, 503, upstream connect error, 503, upstream connect error",
            "cdn, 520, api.openai.com | 520, 520, api.anthropic.com | 520",
            "gateway_timeout, 504, 504 Gateway Time-out, 504, 504 Gateway Time-out",
            "status:418, 418, simulated status 418, 418, simulated status 418",
            "not_json, 200, <h1>Welcome, 200, <h1>Welcome"})
    void errors_have_the_vendors_own_form(String fault, int openAi, String openAiSays, int anthropic,
            String anthropicSays) throws IOException {
        int status = family.of(openAi, anthropic);
        for (boolean stream : new boolean[]{true, false}) {
            Exchange answer = call(fault, stream);
            assertThat(answer.statusLine()).startsWith("HTTP/1.1 " + status + " ");
            assertThat(answer.body()).contains(family.of(openAiSays, anthropicSays));
            assertThat(answer.end()).isEqualTo(End.FIN);
            assertThat(logged().status()).isEqualTo(status);
            assertThat(logged().outcome()).isEqualTo(CallOutcome.ERROR);
        }
    }

    @Test
    void retry_after_is_said_where_the_vendor_says_it() throws IOException {
        assertThat(call("rate_limit,retry_after=2", false).text()).contains("retry-after: 2\r\n",
                family.of("retry-after-ms: 2000\r\n", "x-should-retry: true\r\n"),
                family.of("try again in 2s", "try again later"));
    }

    @Test
    void a_body_beyond_32_megabytes_is_refused() throws IOException {
        Exchange answer = send("{\"model\":\"" + "x".repeat(33 << 20) + "\"}", 10_000);
        assertThat(answer.statusLine()).startsWith("HTTP/1.1 413 ");
        assertThat(answer.body()).contains("request_too_large");
    }

    @Test
    void an_error_in_mid_stream_ends_it_as_the_vendor_does() throws IOException {
        Exchange error = call("stream_error:5:overloaded", true);
        assertThat(error.tokens()).isEqualTo(5);
        assertThat(error.end()).isEqualTo(End.FIN);
        assertThat(error.text()).contains(family.of("server_is_overloaded", "event: error\ndata: {\"type\":\"error\","
                + "\"error\":{\"details\":null,\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}"))
                .doesNotContain(family.finish);
        assertThat(error.text().contains(family.endMarker)).isEqualTo(family == Family.OPENAI);
        assertThat(call("stream_error:5", false).statusLine()).contains("500");
    }

    @Test
    void once_each_nth_and_times_count_calls() throws IOException {
        simulator.reset();
        String body = family.chat("m@fault=server_error,nth=2-3", false);
        for (String status : List.of("200", "500", "500", "200")) {
            assertThat(send(body, QUIET_MILLIS).statusLine()).contains(status);
        }
        String each = family.chat("m@fault=server_error,each=1", false);
        for (String call : List.of("a 500", "b 500", "a 200", "b 200")) {
            assertThat(send(each, QUIET_MILLIS, "x-signalbox-request-id: " + call.substring(0, 1)).statusLine())
                    .contains(call.substring(2));
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
        assertThat(stream.text()).doesNotContain(family.finish, family.endMarker, "\r\n0\r\n");
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
                assertThat(answer.body()).contains(stream ? family.endMarker : FixedAnswer.TEXT);
                assertThat(answer.firstByteMillis()).as(fault).isGreaterThanOrEqualTo(
                        fault.startsWith("headers") || (!stream && fault.startsWith("trickle")) ? 148 : 0);
                assertThat(logged().outcome()).isEqualTo(CallOutcome.COMPLETED);
            }
        }
    }

    @Test
    void a_stall_may_show_signs_of_life_that_are_no_tokens() throws IOException {
        Exchange stalled = call("stall:20:1500ms:100ms", true, 1_000);
        assertThat(stalled.end()).as("never quiet for a second").isEqualTo(End.FIN);
        assertThat(stalled.lastByteMillis()).isGreaterThan(1_480);
        assertThat(stalled.text().split(family.of(": ping\n\n", "event: ping\n"), -1))
                .hasSize(family.of(14, 15) + 1);
        assertThat(stalled.tokens()).isEqualTo(60);
    }

    @Test
    void a_healthy_answer_may_tell_to_come_back_later() throws IOException {
        for (boolean stream : new boolean[]{true, false}) {
            Exchange answer = call("retry_hint:20s", stream);
            assertThat(answer.text()).startsWith("HTTP/1.1 200 OK").contains("retry-after: 20\r\n");
            assertThat(logged().outcome()).isEqualTo(CallOutcome.COMPLETED);
        }
    }

    @Test
    void bent_streams() throws IOException {
        assertThat(call("malformed:10", true).text())
                .contains(family.of("{\"content\":\"\n\n", "\"type\":\"text_delta\",\"text\":\"\n\n"))
                .contains(family.endMarker);
        assertThat(call("no_done", true).text()).contains(family.finish, family.usage)
                .doesNotContain(family.endMarker);
        assertThat(call("no_finish", true).text()).contains("\" opened.\"")
                .doesNotContain(family.endMarker, family.finish, family.usage);
        assertThat(call("content_type", true).text()).contains("content-type: text/html", family.endMarker);
        assertThat(call("garbage", true).text()).contains(family.endMarker + family.of("data: {\"late\":true}",
                "event: content_block_delta\ndata: {\"late\":true}"));
        assertThat(call("finish:content_filter", true).text()).contains(
                family.of("\"finish_reason\":\"content_filter\"", "\"stop_reason\":\"refusal\""));
        assertThat(call("finish:pause_turn", true).text())
                .contains(family.of("\"finish_reason\":", "\"stop_reason\":") + "\"pause_turn\"");
        Exchange empty = call("empty", true);
        assertThat(empty.tokens()).isZero();
        assertThat(empty.text()).contains(family.finish, family.endMarker).doesNotContain("content_block");
        assertThat(call("oversized:3MB", true, 2_000).text()).hasSizeGreaterThan(3 << 20).contains(family.endMarker);
    }

    @Test
    void bent_answers_in_one_piece() throws IOException {
        assertThat(call("malformed:10", false).body()).endsWith(FixedAnswer.text(10));
        assertThat(call("garbage", false).body())
                .contains(family.of("}data: {\"late\":true}", "}event: content_block_delta"));
        assertThat(call("oversized:3MB", false, 2_000).body()).hasSizeGreaterThan(3 << 20).endsWith("}");
        assertThat(call("content_type:text/plain", false).text()).contains("content-type: text/plain");
        assertThat(call("empty", false).body())
                .contains(family.of("\"content\":\"\"", "\"content\":[]"), family.finish);
    }

    @Test
    void a_prefill_is_refused_and_nothing_else() throws IOException {
        assertThat(call("reject_prefill", false).statusLine()).contains("200");
        Exchange refused = send(Family.prefilled(family.chat("m@fault=reject_prefill", false), "The lamp"),
                QUIET_MILLIS);
        assertThat(refused.statusLine()).contains("400");
        assertThat(refused.body()).contains("does not support assistant message prefill");
    }

    @Test
    void a_prefill_is_continued_only_where_the_vendor_does_so() throws IOException {
        Exchange answer = send(Family.prefilled(family.chat("m", true), FixedAnswer.text(40)), QUIET_MILLIS);
        assertThat(answer.tokens()).isEqualTo(family.of(60, 20));
        assertThat(answer.text()).contains(family.endMarker);
    }

    @Test
    void a_plan_names_vendor_model_and_time_and_can_be_changed() throws IOException {
        simulator.reset();
        simulator.setFaults(List.of(FaultRule.parse(family.vendor, "gpt-*", "reset,times=1"),
                FaultRule.parse(family.vendor, "gpt-*", "cut:3,until=3600s"),
                FaultRule.parse("elsewhere", "*", "overloaded")));
        String body = family.chat("gpt-4.1", true);
        assertThat(send(body, QUIET_MILLIS).end()).isEqualTo(End.RST);
        assertThat(send(body, QUIET_MILLIS).tokens()).isEqualTo(3);
        simulator.setFaults(List.of());
        assertThat(send(body, QUIET_MILLIS).tokens()).isEqualTo(60);
    }

    @Test
    void a_fault_that_cannot_be_read_is_said_so() throws IOException {
        Exchange answer = call("explode", false);
        assertThat(answer.statusLine()).contains("400");
        assertThat(answer.body()).contains("there is no fault 'explode'");
    }
}
