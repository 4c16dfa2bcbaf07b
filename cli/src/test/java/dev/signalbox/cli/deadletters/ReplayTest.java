package dev.signalbox.cli.deadletters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestCodec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-7")
class ReplayTest {
    private static final String REQUEST = """
            {"id":"old-1","model":"m","tenant":"t","timeToLiveMillis":60000,"body":{"model":"m","messages":[]}}""";
    private final RequestCodec codec = new RequestCodec((topic, bytes) -> {
        throw new AssertionError("it is JSON");
    }, new JsonRecords());

    private static Header header(String name, String value) {
        return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static KeptRecord kept(String... more) {
        List<Header> headers = Stream.concat(
                Stream.of(header(Headers.CONTENT_TYPE, Headers.CONTENT_TYPE_JSON), header(Headers.CORRELATION_ID, "c")),
                Stream.of(more).map(name -> header(name, "9"))).toList();
        return new KeptRecord("0-7", 5_000, Optional.of("old-1"), REQUEST.getBytes(StandardCharsets.UTF_8), headers,
                new DeadLetter("QUARANTINED", "why", "llm.retry.main.standard", 1, 42, 1_000, OptionalLong.empty()));
    }

    @Test
    void a_replay_is_a_new_request_that_says_which_one_it_replays() {
        Replay replay = Replay.of(kept(), codec, "new-1");
        LlmRequest request = replay.request();
        assertThat(request.getId()).isEqualTo("new-1");
        assertThat(request.getReplayOf()).isEqualTo("old-1");
        assertThat(replay.lane().requestTopic()).isEqualTo("llm.requests.main.standard");
        assertThat(request.getTimeToLiveMillis()).isEqualTo(60_000);
    }

    @Test
    void what_was_mended_is_one_as_well_whatever_id_it_says() {
        Replay replay = Replay.edited(kept(), REQUEST.replace("old-1", "other").getBytes(StandardCharsets.UTF_8), codec,
                "new-1");
        assertThat(replay.request().getId()).isEqualTo("new-1");
        assertThat(replay.request().getReplayOf()).isEqualTo("old-1");
    }

    @Test
    void it_begins_anew_its_callers_headers_stay() {
        Replay replay = Replay.of(kept(Headers.HOP, Headers.FIRST_ENQUEUED, Headers.DELAY, Headers.PARKED_ROUTE,
                Headers.HISTORY, Headers.STRIKES, Headers.BATCH), codec, "new-1");
        assertThat(replay.headers()).extracting(Header::key).containsExactly(Headers.CORRELATION_ID);
    }
}
