package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-3")
class ErrorTextTest {
    private static final String CANARY = "the patient's canary sings at noon";

    /** Shapes in which vendors and gateways quote what they were sent. */
    @ParameterizedTest
    @ValueSource(strings = {"Invalid value: '%s'.", "Invalid value: \"%s\".", "Invalid value: `%s`.", "Bad “%s” here",
            "Bad ‘%s’ here", "Bad «%s» here", "Bad „%s“ here", "Invalid value: '%s", "Unterminated \"%s",
            "validation error: input_value=%s, input_type=str", "Input: %s", "got: %s instead", "Received: %s",
            "content: %s", "prompt: %s", "messages: %s", "near: %s", "value=%s",
            "[{'type': 'missing', 'input': {'content': '%s'}}]", "Body was {\"content\":\"%s\"} and that is wrong",
            "Body was [\"%s\"]", "one 'quotation' and \"another: %s\"", "it isn't valid: '%s' (can't be)"})
    void noQuotationOfTheRequestIsShown(String shape) {
        assertThat(ErrorText.of(shape.formatted(CANARY))).doesNotContain("canary", "patient", "noon");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sk-proj-abcdefghijklmnop", "sk-ant-api03-AbCdEf_12345-xyz", "AIzaSyA1234567890abcdefghijk",
            "AKIAIOSFODNN7EXAMPLE", "gsk_abcdefgh12345678", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
            "0123456789abcdef0123456789abcdef", "hf_abcdefghijklmno"})
    void noSecretIsShown(String secret) {
        for (String shape : List.of("Incorrect API key provided: %s.", "Bearer %s is not valid", "key %s",
                "https://user:%s@host/v1", "https://host/v1?key=%s", "invalid credential %s given")) {
            assertThat(ErrorText.of(shape.formatted(secret))).as(shape).doesNotContain(secret);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '^', value = {
            "Rate limit reached for requests | Rate limit reached for requests",
            "This model's maximum context length is 8192 tokens. | This model's maximum context length is 8192 tokens.",
            "The model `gpt-9` does not exist | The model `…` does not exist",
            "prompt is too long: 210000 tokens > 200000 maximum | prompt is too long: 210000 tokens > 200000 maximum",
            "line one~~ two | line one two"})
    void whatTheVendorItselfSaysIsShown(String text, String shown) {
        assertThat(ErrorText.of(text.replace('~', '\n'))).isEqualTo(shown);
    }

    @Test
    void longTextIsCut() {
        assertThat(ErrorText.of("word ".repeat(100_000))).hasSize(ErrorText.MAX_CHARS).endsWith("…");
        assertThat(ErrorText.of("'".repeat(100_000))).hasSizeLessThanOrEqualTo(ErrorText.MAX_CHARS);
        assertThat(ErrorText.of("")).isEmpty();
    }

    @Test
    void aSecretThatTheCutLeftHalfOfIsNotShown() {
        assertThat(ErrorText.without("all of c4n4ry!Pa55w0rd here", "c4n4ry!Pa55w0rd"))
                .isEqualTo("all of [secret] here");
        assertThat(ErrorText.without("a long text, key c4n4ry!P…", "c4n4ry!Pa55w0rd"))
                .isEqualTo("a long text, key [secret]");
        assertThat(ErrorText.without("nothing of it…", "c4n4ry!Pa55w0rd")).isEqualTo("nothing of it…");
    }
}
