package dev.signalbox.workers.vendor.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.Deployments;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.RecordedExchanges;
import dev.signalbox.workers.vendor.RecordedExchanges.Exchange;
import dev.signalbox.workers.vendor.VendorError;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What Anthropic really answered unstreamed, and how it really failed. */
@Tag("issue-3")
class RecordedMessagesTest {
    private final MessagesCodec codec = new MessagesCodec();

    @Test
    void everyUnstreamedAnswerIsPassedOnAsItCameAndReadAsATreeReadsIt() throws IOException {
        List<Exchange> answers = messages();
        for (Exchange exchange : answers) {
            byte[] body = exchange.body();
            JsonNode tree = RecordedExchanges.JSON.readTree(body);
            Decoded decoded = decode(exchange, body);
            assertThat(decoded).as(exchange.toString()).isInstanceOf(Decoded.Answer.class);
            Decoded.Answer answer = (Decoded.Answer) decoded;
            assertThat(answer.body()).as(exchange.toString()).isSameAs(body);
            assertThat(answer.finishReason().orElse(null)).as(exchange.toString())
                    .isEqualTo(tree.path("stop_reason").asText(null));
            assertThat(answer.vendorModel().orElse(null)).as(exchange.toString())
                    .isEqualTo(tree.path("model").asText(null));
            JsonNode usage = tree.get("usage");
            answer.usage().ifPresent(counted -> {
                assertThat(counted.getInputTokens()).as(exchange.toString())
                        .isEqualTo(usage.path("input_tokens").asLong()
                                + usage.path("cache_read_input_tokens").asLong()
                                + usage.path("cache_creation_input_tokens").asLong());
                assertThat(counted.getOutputTokens()).as(exchange.toString())
                        .isEqualTo(usage.get("output_tokens").asLong());
                assertThat(counted.getEstimated()).isFalse();
            });
            assertThat(answer.usage()).as(exchange.toString()).isPresent();
        }
        assertThat(answers).hasSize(EXPECTED_ANSWERS);
    }

    private static final int EXPECTED_ANSWERS = 50;

    @Test
    void anAnswerThatEndsEarlyIsNeverComplete() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (Exchange exchange : messages()) {
            byte[] body = exchange.body();
            int end = new String(body, StandardCharsets.ISO_8859_1).lastIndexOf('}');
            for (int i = 0; i < 50; i++) {
                int cut = random.nextInt(end);
                assertThat(decode(exchange, Arrays.copyOf(body, cut))).as("%s, seed %d, cut %d", exchange, seed, cut)
                        .isInstanceOf(Decoded.NoAnswer.class);
            }
        }
    }

    @Test
    void everyErrorIsClassifiedAsLabelled() throws IOException {
        Map<String, JsonNode> labels = RecordedExchanges.rows("labels.proposed.jsonl");
        List<String> differences = new ArrayList<>();
        List<Exchange> errors = RecordedExchanges.of("error",
                vendor -> vendor.equals("anthropic") || vendor.equals("vertex-anthropic"));
        for (Exchange exchange : errors) {
            AttemptFailure failure = codec
                    .classify(new VendorError(exchange.status(400), exchange.headers(), exchange.body()));
            FailureClass ours = failure.failureClass();
            JsonNode label = labels.get(exchange.id());
            differ(differences, exchange, "class", label.get("class").asText(),
                    ours == FailureClass.INVALID_FOR_MODEL ? "INVALID_REQUEST" : ours.name());
            differ(differences, exchange, "same", label.get("retry_same_endpoint").asText(),
                    String.valueOf(failure.same() != FailureClass.Same.NO));
            differ(differences, exchange, "elsewhere", label.get("failover_other_endpoint_same_model").asText(),
                    String.valueOf(ours.elsewhere() == FailureClass.Elsewhere.YES));
            differ(differences, exchange, "model", label.get("failover_other_model").asText(),
                    String.valueOf(ours.otherModel() != FailureClass.OtherModel.NO));
            differ(differences, exchange, "health", label.get("counts_against_endpoint_health").asText(),
                    String.valueOf(ours.blame() != FailureClass.Blame.NOBODY));
            assertThat(label.get("delay_ms").isNull()).as(exchange.toString()).isEqualTo(
                    failure.retryAfter().isEmpty());
            assertThat(failure.message()).isNotBlank().hasSizeLessThanOrEqualTo(500).doesNotContainPattern("sk-\\w");
        }
        assertThat(differences).isEmpty();
        assertThat(errors).hasSize(EXPECTED_ERRORS);
    }

    private static final int EXPECTED_ERRORS = 7;

    /** Five recordings ask for a delay in a good answer; it is for nobody. */
    @Test
    void aDelayInAGoodAnswerIsNotKept() {
        byte[] overloaded = "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}"
                .getBytes(StandardCharsets.UTF_8);
        AttemptFailure failure = codec.classify(new VendorError(200, Map.of("retry-after", "30"), overloaded));
        assertThat(failure.failureClass()).isEqualTo(FailureClass.OVERLOADED);
        assertThat(failure.retryAfter()).isEqualTo(Optional.empty());
    }

    private static void differ(List<String> differences, Exchange exchange, String column, String label,
            String ours) {
        if (!label.equals(ours)) {
            differences.add(exchange.id() + "." + column + ": labelled " + label + " but is " + ours);
        }
    }

    private static List<Exchange> messages() throws IOException {
        List<Exchange> answers = new ArrayList<>();
        for (Exchange exchange : RecordedExchanges.of("unary",
                vendor -> vendor.equals("anthropic") || vendor.equals("vertex-anthropic"))) {
            if (RecordedExchanges.JSON.readTree(exchange.body()).has("content")) {
                answers.add(exchange);
            }
        }
        return answers;
    }

    private Decoded decode(Exchange exchange, byte[] body) {
        return codec.decode(Deployments.ownCall(
                Deployments.anthropic(URI.create("http://localhost"), CallTimeouts.DEFAULT), exchange.request(),
                false), body);
    }
}
