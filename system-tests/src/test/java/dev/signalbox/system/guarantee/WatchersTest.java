package dev.signalbox.system.guarantee;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.ChunkEnd;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.client.ReplyEvent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A watcher that sees nothing is no watcher: each is shown a run that breaks its guarantee, and one that does not. */
@Tag("issue-2")
@Tag("issue-4")
class WatchersTest {
    private static final AttemptId ONE = new AttemptId(0, 1, 1, 7L);
    private static final AttemptId TWO = new AttemptId(0, 1, 2, 7L);
    private static final RunEvent SENT = new RunEvent.Acknowledged("p-0", 5, "r", "h", 1_000, 2_000);

    private static List<String> violations(Watcher watcher, RunEvent... events) {
        for (RunEvent event : events) {
            watcher.saw(event);
        }
        return watcher.violations();
    }

    @Test
    void a_request_without_reply_or_dead_letter_is_lost() {
        assertThat(violations(new NothingLost(), SENT)).hasSize(1);
        assertThat(violations(new NothingLost(), SENT, new RunEvent.Replied(reply("other", ONE)))).hasSize(1);
        assertThat(violations(new NothingLost(), SENT, new RunEvent.Replied(reply("h", ONE)))).isEmpty();
        assertThat(violations(new NothingLost(), SENT, new RunEvent.DeadLetter("p-0", 5))).isEmpty();
    }

    @Test
    void a_second_end_and_an_end_with_another_reply_than_the_first_are_seen() {
        RunEvent ended = new RunEvent.Shown("a", new ReplyEvent.Ended(reply("h", ONE), true));
        RunEvent first = new RunEvent.Replied(reply("h", ONE));
        RunEvent later = new RunEvent.Replied(reply("h", TWO));
        assertThat(violations(new EveryRequestEndsOnce(), SENT, first, later, ended)).isEmpty();
        assertThat(violations(new EveryRequestEndsOnce(), SENT, first, ended, ended)).hasSize(1);
        assertThat(violations(new EveryRequestEndsOnce(), SENT, later, first, ended)).hasSize(1);
        assertThat(violations(new EveryRequestEndsOnce(), SENT, new RunEvent.Replied(reply("other", TWO)), first,
                ended)).as("a reply to something else is not effective").isEmpty();
    }

    @Test
    void gaps_false_ends_and_mixed_texts_are_seen() {
        RunEvent a = new RunEvent.Chunk(chunk(ONE, 0, "a"));
        RunEvent b = new RunEvent.Chunk(chunk(ONE, 1, "b"));
        RunEvent end = new RunEvent.Chunk(end(ONE, 2, "ab"));
        RunEvent shownA = new RunEvent.Shown("x", new ReplyEvent.TextAppended(chunk(ONE, 0, "a")));
        RunEvent shownB = new RunEvent.Shown("x", new ReplyEvent.TextAppended(chunk(ONE, 1, "b")));
        RunEvent other = new RunEvent.Shown("x", new ReplyEvent.TextAppended(chunk(TWO, 0, "c")));
        RunEvent kept = new RunEvent.Shown("x", new ReplyEvent.Ended(reply("h", ONE), false));
        RunEvent replaced = new RunEvent.Shown("x", new ReplyEvent.Ended(reply("h", ONE), true));
        assertThat(violations(new NoMixedAttempts(), a, a, b, end, b, end, shownA, shownB, kept)).isEmpty();
        assertThat(violations(new NoMixedAttempts(), a, end)).as("gap").hasSize(1);
        assertThat(violations(new NoMixedAttempts(), a, new RunEvent.Chunk(end(ONE, 1, "x")))).as("hash").hasSize(1);
        assertThat(violations(new NoMixedAttempts(), a, b, end, shownA, other)).as("two at once").hasSize(1);
        assertThat(violations(new NoMixedAttempts(), a, b, end, shownA, kept)).as("not whole").hasSize(1);
        assertThat(violations(new NoMixedAttempts(), a, b, end, shownA, replaced)).isEmpty();
        assertThat(violations(new NoMixedAttempts(), a, b, end, other,
                new RunEvent.Shown("x", new ReplyEvent.Restarted("r", ONE)), shownA, shownB, kept)).isEmpty();
    }

    @Test
    void a_commit_above_a_pending_request_is_seen() {
        RunEvent reply = new RunEvent.Replied(reply("h", ONE));
        assertThat(violations(new CommittedNeverPassesPending(), SENT, new RunEvent.Committed("p-0", 6))).hasSize(1);
        assertThat(violations(new CommittedNeverPassesPending(), SENT, new RunEvent.Committed("p-0", 5))).isEmpty();
        assertThat(violations(new CommittedNeverPassesPending(), SENT, reply, new RunEvent.Committed("p-0", 6)))
                .isEmpty();
        assertThat(violations(new CommittedNeverPassesPending(), SENT, new RunEvent.DeadLetter("p-0", 5),
                new RunEvent.Committed("p-0", 6))).isEmpty();
    }

    @Test
    void a_call_after_expiry_is_seen() {
        assertThat(violations(new NoCallAfterExpiry(100), SENT, call(2_101))).hasSize(1);
        assertThat(violations(new NoCallAfterExpiry(100), SENT, call(2_100))).isEmpty();
    }

    @Test
    void a_canary_in_a_log_or_an_error_is_seen_and_in_an_answer_is_not() {
        LlmReply error = reply("h", ONE);
        error.setError(new ReplyError("X", "the key canary-1 is wrong", false, null, null));
        assertThat(violations(new NoSecretsInOutput(List.of("canary-1")),
                new RunEvent.Printed("log", "… canary-1 …"), new RunEvent.Replied(error))).hasSize(2);
        assertThat(violations(new NoSecretsInOutput(List.of("canary-1")), new RunEvent.Printed("log", "canary-2"),
                new RunEvent.Chunk(chunk(ONE, 0, "canary-1")))).isEmpty();
    }

    private static RunEvent call(long appendMillis) {
        AttemptEvent event = new AttemptEvent();
        event.setRequestId("r");
        event.setAttempt(ONE);
        event.setPhase(AttemptPhase.STARTED);
        event.setDeployment("v/m");
        return new RunEvent.Attempt(event, appendMillis);
    }

    private static LlmReply reply(String hash, AttemptId answeredBy) {
        LlmReply reply = new LlmReply();
        reply.setRequestId("r");
        reply.setStatus(ReplyStatus.COMPLETED);
        reply.setRequestHash(hash);
        reply.setBodyFormat(BodyFormat.OPENAI_CHAT_COMPLETIONS);
        reply.setAnsweredBy(answeredBy);
        reply.setAttempts(List.of());
        reply.setTimings(new ReplyTimings(0L, null, 0L));
        reply.setWarnings(List.of());
        return reply;
    }

    private static TokenChunk chunk(AttemptId attempt, int seq, String delta) {
        return new TokenChunk("r", attempt, seq, ChunkKind.TEXT, 0, delta, null, null, false);
    }

    private static TokenChunk end(AttemptId attempt, int seq, String text) {
        var digest = RequestHash.sha256();
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        return new TokenChunk("r", attempt, seq, ChunkKind.END, 0, "", null,
                new ChunkEnd(ChunkEndStatus.COMPLETE, seq, RequestHash.hex(digest.digest())), false);
    }
}
