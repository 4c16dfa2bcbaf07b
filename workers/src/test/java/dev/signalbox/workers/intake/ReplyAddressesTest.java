package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class ReplyAddressesTest {
    private final ReplyAddresses addresses = new ReplyAddresses(List.of("team.*.replies"));

    private static RecordHeaders headers(String... pairs) {
        RecordHeaders headers = new RecordHeaders();
        for (int i = 0; i < pairs.length; i += 2) {
            headers.add(pairs[i], pairs[i + 1].getBytes(StandardCharsets.UTF_8));
        }
        return headers;
    }

    @Test
    void without_a_word_answers_go_to_the_default_topics_in_the_requests_form() {
        ReplyAddress address = addresses.find(headers(), null, null).address();
        assertThat(address.replyTopic()).isEqualTo("llm.replies");
        assertThat(address.tokensTopic()).isEqualTo("llm.tokens");
        assertThat(address.form()).isEqualTo(ReplyAddress.Form.AVRO);
        assertThat(addresses.find(headers(Headers.CONTENT_TYPE, "application/json"), null, null).address().form())
                .isEqualTo(ReplyAddress.Form.JSON);
        assertThat(addresses.find(headers(Headers.ACCEPT, "application/json; q=1"), null, null).address().form())
                .isEqualTo(ReplyAddress.Form.JSON);
    }

    @Test
    void a_header_wins_over_the_record() {
        RecordHeaders headers = headers(Headers.SPRING_REPLY_TOPIC, "team.a.replies", Headers.REPLY_TO,
                "llm.replies.b");
        headers.add(Headers.SPRING_REPLY_PARTITION, new byte[]{0, 0, 0, 7});
        ReplyAddresses.Found found = addresses.find(headers, "llm.replies.c", "llm.tokens.c");
        assertThat(found.asked()).isTrue();
        assertThat(found.refused()).isEmpty();
        assertThat(found.address().replyTopic()).isEqualTo("team.a.replies");
        assertThat(found.address().replyPartition()).hasValue(7);
        assertThat(found.address().tokensTopic()).isEqualTo("llm.tokens.c");
    }

    @Test
    void a_topic_that_is_not_allowed_is_refused_and_never_the_address() {
        for (String topic : List.of("payments", "llm.requests.p.batch", "team.a.replies.x", "llm.repliesx",
                "llm.replies.a b", "llm.config")) {
            ReplyAddresses.Found found = addresses.find(headers(Headers.REPLY_TO, topic), null, null);
            assertThat(found.refused()).as(topic).contains(topic);
            assertThat(found.address().replyTopic()).isEqualTo("llm.replies");
            assertThat(addresses.find(headers(), null, topic).refused()).contains(topic);
        }
    }

    @Test
    void correlation_goes_apart_from_context_byte_for_byte() {
        RecordHeaders headers = headers("traceparent", "00-ab", "ce_type", "x", "other", "y");
        headers.add(Headers.SPRING_CORRELATION_ID, new byte[]{-1, 0, 3});
        ReplyAddress address = addresses.find(headers, null, null).address();
        assertThat(address.correlation()).extracting(Header::key).containsExactly(Headers.SPRING_CORRELATION_ID);
        assertThat(address.correlation().getFirst().value()).containsExactly(-1, 0, 3);
        assertThat(address.context()).extracting(Header::key).containsExactly("traceparent", "ce_type");
    }
}
