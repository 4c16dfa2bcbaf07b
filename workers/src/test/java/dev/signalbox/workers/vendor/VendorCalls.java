package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.workers.vendor.ScriptedVendor.Exchange;
import dev.signalbox.workers.vendor.ScriptedVendor.Script;
import dev.signalbox.workers.vendor.VendorClient.Call;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Calls to scripted vendors, and what came of them; closes the client and all vendors. */
final class VendorCalls implements AutoCloseable {
    static final Duration LONG = Duration.ofSeconds(30);
    static final String REQUEST = "{\"model\":\"logical\",\"messages\":[]}";
    static final String ANSWER = """
            {"id":"1","model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},\
            "finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""";
    static final String FIRST = delta("Hel", null);
    static final String LAST = delta("lo", "stop");
    static final String USAGE = "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
            + "\"completion_tokens\":2}}\n\n";
    static final String DONE = "data: [DONE]\n\n";

    final HttpVendorClient client = client(HttpLimits.DEFAULT);
    /** Tokens of the calls that were made with this as their sink, as {@code KIND text}. */
    final List<String> tokens = new ArrayList<>();
    private final List<ScriptedVendor> opened = new ArrayList<>();

    AttemptOutcome call(ScriptedVendor vendor, boolean streamed) {
        return client.call(call(vendor.baseUrl(), CallTimeouts.DEFAULT, streamed), this::token);
    }

    void token(ChunkKind kind, int index, String delta, Object toolCall) {
        synchronized (tokens) {
            tokens.add(kind + " " + delta);
        }
    }

    ScriptedVendor vendor(Script script) throws IOException {
        ScriptedVendor vendor = new ScriptedVendor(script);
        opened.add(vendor);
        return vendor;
    }

    static boolean silent(Exchange exchange) throws IOException {
        exchange.awaitClosed();
        return false;
    }

    static HttpVendorClient client(HttpLimits limits) {
        return new HttpVendorClient(Map.of(VendorFamily.OPENAI, new OpenAiChatCodec()), limits, System::nanoTime);
    }

    static Call call(URI baseUrl, CallTimeouts timeouts, boolean streamed) {
        return Deployments.call(Deployments.openAi(baseUrl, timeouts, true), REQUEST, streamed);
    }

    static AttemptOutcome.Answered answered(AttemptOutcome outcome) {
        assertThat(outcome).isInstanceOf(AttemptOutcome.Answered.class);
        return (AttemptOutcome.Answered) outcome;
    }

    static AttemptOutcome.Failed failed(AttemptOutcome outcome) {
        assertThat(outcome).isInstanceOf(AttemptOutcome.Failed.class);
        return (AttemptOutcome.Failed) outcome;
    }

    static AttemptFailure failure(AttemptOutcome outcome) {
        return failed(outcome).failure();
    }

    static String delta(String text, String finishReason) {
        return "data: {\"id\":\"1\",\"model\":\"gpt\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text
                + "\"},\"finish_reason\":" + (finishReason == null ? "null" : "\"" + finishReason + "\"") + "}]}\n\n";
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        client.close();
        for (ScriptedVendor vendor : opened) {
            vendor.close();
        }
    }
}
