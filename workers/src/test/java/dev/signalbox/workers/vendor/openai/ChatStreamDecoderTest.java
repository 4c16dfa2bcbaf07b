package dev.signalbox.workers.vendor.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.Deployments;
import dev.signalbox.workers.vendor.StreamRun;
import dev.signalbox.workers.vendor.StreamRun.End;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Shapes of chunks that the recordings do not hold. */
@Tag("issue-3")
class ChatStreamDecoderTest {
    @Test
    void parallelToolCallsWithoutIndexAreToldApartById() throws IOException {
        StreamRun run = run("{'tool_calls':[{'id':'a','type':'function','function':{'name':'f','arguments':'{1'}}]}",
                "{'tool_calls':[{'id':'a','function':{'arguments':'}'}}]}",
                "{'tool_calls':[{'id':'b','function':{'name':'g','arguments':'{2}'}}]}");
        assertThat(run.tools()).containsEntry(0, "f").containsEntry(1, "g");
        assertThat(run.text(ChunkKind.TOOL_CALL, 0)).isEqualTo("{1}");
        assertThat(run.text(ChunkKind.TOOL_CALL, 1)).isEqualTo("{2}");
        JsonNode calls = message(run).get("tool_calls");
        assertThat(calls).hasSize(2);
        assertThat(calls.get(1).get("id").asText()).isEqualTo("b");
    }

    @Test
    void callsThatAllHaveTheIndexNoughtAreToldApartById() {
        StreamRun run = run("{'tool_calls':[{'index':0,'id':'a','function':{'name':'f','arguments':'x'}}]}",
                "{'tool_calls':[{'index':0,'id':'b','function':{'name':'g','arguments':'y'}}]}");
        assertThat(run.text(ChunkKind.TOOL_CALL, 0)).isEqualTo("x");
        assertThat(run.text(ChunkKind.TOOL_CALL, 1)).isEqualTo("y");
    }

    @Test
    void interleavedCallsAreToldApartByIndex() {
        StreamRun run = run(
                "{'tool_calls':[{'index':0,'id':'a','function':{'name':'f','arguments':'1'}},"
                        + "{'index':1,'id':'b','function':{'name':'g','arguments':'2'}}]}",
                "{'tool_calls':[{'index':1,'function':{'arguments':'4'}},{'index':0,'function':{'arguments':'3'}}]}");
        assertThat(run.text(ChunkKind.TOOL_CALL, 0)).isEqualTo("13");
        assertThat(run.text(ChunkKind.TOOL_CALL, 1)).isEqualTo("24");
    }

    @Test
    void theOldFunctionCallIsAToolCallInTokensAndItselfInTheBody() throws IOException {
        StreamRun run = run("{'function_call':{'name':'f','arguments':''}}", "{'function_call':{'arguments':'{}'}}");
        assertThat(run.tools()).containsEntry(0, "f");
        assertThat(run.text(ChunkKind.TOOL_CALL, 0)).isEqualTo("{}");
        assertThat(message(run).get("function_call").get("arguments").asText()).isEqualTo("{}");
        assertThat(message(run).has("tool_calls")).isFalse();
    }

    @Test
    void logprobsOfAllChunksAreJoined() throws IOException {
        String wire = chunk("{'content':'a'}", ",'logprobs':{'content':[{'token':'a','logprob':-0.10}],'refusal':null}")
                + chunk("{'content':'b'}", ",'logprobs':{'content':[{'token':'b','logprob':-2}]}") + end();
        JsonNode choice = choice(run(wire.getBytes(StandardCharsets.UTF_8)));
        assertThat(choice.at("/logprobs/content")).hasSize(2);
        assertThat(choice.at("/logprobs/content/1/token").asText()).isEqualTo("b");
    }

    private static StreamRun run(String... deltas) {
        StringBuilder wire = new StringBuilder();
        for (String delta : deltas) {
            wire.append(chunk(delta, ""));
        }
        return run((wire + end()).getBytes(StandardCharsets.UTF_8));
    }

    private static StreamRun run(byte[] wire) {
        return StreamRun.of(new OpenAiChatCodec(), Deployments.call(
                Deployments.openAi(URI.create("http://localhost"), CallTimeouts.DEFAULT, true), "{\"messages\":[]}",
                true), wire, wire.length, List.of(), End.CLEAN);
    }

    private static String chunk(String delta, String more) {
        return ("data: {'id':'c','choices':[{'index':0,'delta':" + delta + more + "}]}\n\n").replace('\'', '"');
    }

    private static String end() {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    }

    private static JsonNode choice(StreamRun run) throws IOException {
        return new ObjectMapper().readTree(((Decoded.Answer) run.decoded()).body()).get("choices").get(0);
    }

    private static JsonNode message(StreamRun run) throws IOException {
        return choice(run).get("message");
    }
}
