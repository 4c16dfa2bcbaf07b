package dev.signalbox.cli.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Priority;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineParserTest {
    private static LineParser.Parsed parse(String line) {
        return LineParser.parse(7, line.getBytes(StandardCharsets.UTF_8));
    }

    private static List<String> faults(String line) {
        return parse(line) instanceof LineParser.Refused refused
                ? refused.faults().stream().map(fault -> fault.at("f")).toList()
                : List.of();
    }

    @Test
    void aBodyIsKeptByteForByte() {
        String body = "{ \"messages\" : [ {\"role\":\"user\",\"content\":\"Grüße \\u00e9\"} ],\"model\":\"m\" ,\"x\":1.0e2}";
        LineParser.Parsed parsed = parse(
                "{\"custom_id\":\"ä\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":"
                        + body + " }");
        assertThat(parsed).isInstanceOf(LineParser.Request.class);
        BatchLine line = ((LineParser.Request) parsed).line();
        assertThat(new String(line.body(), StandardCharsets.UTF_8)).isEqualTo(body);
        assertThat(line.customId()).isEqualTo("ä");
        assertThat(line.shape().model()).isEqualTo("m");
        assertThat(line.shape().streamed()).isFalse();
    }

    @Test
    void aLinesOwnOptionsAreRead() {
        LineParser.Parsed parsed = parse("""
                {"custom_id":"a","method":"POST","url":"/v1/chat/completions",\
                "body":{"model":"m","stream":true,"n":2,"max_tokens":50,"messages":[{"role":"user","content":"12345678"}]},\
                "signalbox":{"use_case":"chat","priority":"interactive","tenant":"t","time_to_live":"90s",\
                "stream_policy":"fail","labels":{"k":"v"},"experiment":{"id":"e","variant":"b"},\
                "prompt_template":{"id":"p","version":"3"}}}""");
        assertThat(parsed).isInstanceOf(LineParser.Request.class);
        BatchLine line = ((LineParser.Request) parsed).line();
        assertThat(line.options().priority()).contains(Priority.INTERACTIVE);
        assertThat(line.options().timeToLive()).contains(Duration.ofSeconds(90));
        assertThat(line.options().labels()).containsEntry("k", "v");
        assertThat(line.options().experiment().orElseThrow().getVariant()).isEqualTo("b");
        assertThat(line.shape().streamed()).isTrue();
        // "user" and the content are 12 characters, a message costs 4
        assertThat(line.shape().inputTokens()).isEqualTo(7);
        assertThat(line.shape().outputTokens()).isEqualTo(100);
    }

    @Test
    void everyFaultOfALineIsTold() {
        assertThat(
                faults("{\"custom_id\":\"\",\"method\":\"GET\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":7,"
                        + "\"messages\":[],\"stream\":\"yes\",\"max_tokens\":0}}"))
                .containsExactly(
                        "f:7:14: \"custom_id\" must be a string of 1 to 512 characters",
                        "f:7:26: \"method\" must be \"POST\", not \"GET\"",
                        "f:7:77: \"model\" must be a model's name", "f:7:90: \"messages\" is empty",
                        "f:7:102: \"stream\" must be true or false",
                        "f:7:121: \"max_tokens\" must be a positive whole number");
    }

    @Test
    void aMistypedTopLevelKeyIsNotPassedOver() {
        assertThat(faults("{\"custom_id\":\"a\",\"signalbix\":{},\"method\":\"POST\",\"url\":\"/v1/chat/completions\","
                + "\"body\":{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}}"))
                .containsExactly("f:7:18: unknown key \"signalbix\", did you mean \"signalbox\"?");
    }

    @Test
    void damagedLinesNeverThrow() {
        String line = "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"m\","
                + "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]},\"signalbox\":{\"labels\":{}}}";
        assertThat(parse(line)).isInstanceOf(LineParser.Request.class);
        for (int cut = 0; cut < line.length(); cut++) {
            assertThat(parse(line.substring(0, cut))).as("cut at %s", cut).isInstanceOf(LineParser.Refused.class);
            parse(line.substring(0, cut) + "}" + line.substring(cut));
            parse(line.substring(0, cut) + line.substring(cut + 1));
            parse(line.substring(0, cut) + "null" + line.substring(cut));
        }
    }
}
