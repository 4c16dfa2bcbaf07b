package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.workers.TestRequests;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.RequestSink;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class ReplyRoomTest {
    private static final TopicPartition P0 = new TopicPartition(TestRequests.LANE.requestTopic(), 0);
    private static final long NEVER = Long.MIN_VALUE;

    private final List<Long> offered = new CopyOnWriteArrayList<>();
    private final List<String> forgotten = new CopyOnWriteArrayList<>();
    private final List<String> sent = new CopyOnWriteArrayList<>();
    private final ReplyRoom room = new ReplyRoom(new RequestSink() {
        @Override
        public void offer(InboundRequest request) {
            offered.add(request.ticket().offset());
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
            forgotten.add(partition + "@" + epoch);
        }
    }, 1_000);

    @Test
    void overItsBytesATopicsRequestsWaitAndNobodyElses() {
        send("dead", 600);
        assertThat(room.admits(request("dead", 1), NEVER)).isTrue();
        assertThat(room.isFull(request("dead", 1))).isFalse();
        send("dead", 400);
        assertThat(room.isFull(request("dead", 2))).isTrue();
        assertThat(room.isFull(request("alive", 3))).isFalse();
        assertThat(room.admits(request("dead", 2), NEVER)).as("over the bound").isFalse();
        assertThat(room.admits(request("alive", 3), NEVER)).isTrue();
        assertThat(room.waiting()).isEqualTo(1);

        room.acknowledged("dead", 400);
        assertThat(room.waiting()).as("more than half is still unacknowledged").isEqualTo(1);
        room.acknowledged("dead", 600);
        assertThat(room.isFull(request("dead", 2))).isFalse();
        Awaitility.await().until(() -> offered.equals(List.of(2L)));
        assertThat(room.waiting()).isZero();
        assertThat(room.unacknowledgedBytes()).isZero();
    }

    @Test
    void theProducerHoldsNoMoreOfATopicThanItsBytes() {
        proven("t", "other");
        send("t", 600);
        send("t", 601);
        send("other", 600);
        assertThat(sent).containsExactly("t-600", "other-600");

        room.acknowledged("t", 600);
        Awaitility.await().until(() -> sent.contains("t-601"));
    }

    @Test
    void aReplyLargerThanTheBoundGoesAlone() {
        proven("t");
        send("t", 5_000);
        send("t", 1);
        assertThat(sent).containsExactly("t-5000");
        room.acknowledged("t", 5_000);
        Awaitility.await().until(() -> sent.contains("t-1"));
    }

    @Test
    void untilATopicHasTakenAReplyItsSendsHaveTheirOwnThreads() {
        Thread test = Thread.currentThread();
        List<Boolean> here = new CopyOnWriteArrayList<>();
        Runnable send = () -> here.add(Thread.currentThread().equals(test));
        room.begin("t", 1, send);
        Awaitility.await().until(() -> here.size() == 1);
        room.acknowledged("t", 1);
        room.begin("t", 1, send);
        assertThat(here).containsExactly(false, true);
        room.failed("t");
        room.begin("t", 1, send);
        Awaitility.await().until(() -> here.size() == 3);
        assertThat(here).containsExactly(false, true, false);
    }

    @Test
    void ofATopicThatFailedOnlyOneChunkIsUnderWay() {
        assertThat(room.takesChunk("t", 10)).isTrue();
        assertThat(room.takesChunk("t", 10)).isTrue();
        assertThat(room.takesChunk("t", 990)).as("over the bound").isFalse();
        room.chunkEnded("t", 10, false);
        assertThat(room.takesChunk("t", 10)).isFalse();
        room.chunkEnded("t", 10, false);
        assertThat(room.takesChunk("t", 10)).as("one that tries").isTrue();
        assertThat(room.takesChunk("t", 10)).isFalse();
        room.chunkEnded("t", 10, true);
        assertThat(room.takesChunk("t", 10)).isTrue();
        assertThat(room.takesChunk("t", 10)).isTrue();
    }

    @Test
    void whatMovedOrIsLongOverWaitsNoLonger() {
        send("t", 1_000);
        room.admits(request("t", 1), NEVER);
        room.admits(expiring("t", 2, 50), NEVER);
        room.sweep(51);
        Awaitility.await().until(() -> offered.equals(List.of(2L)));
        assertThat(room.admits(expiring("t", 2, 50), 51)).as("to be told that it is over").isTrue();

        room.forget(P0, 3);
        assertThat(room.waiting()).isZero();
        assertThat(forgotten).hasSize(1);
    }

    /** Topics that have taken a reply: what is sent to them next is sent on the caller's thread. */
    private void proven(String... topics) {
        for (String topic : topics) {
            send(topic, 1);
            room.acknowledged(topic, 1);
        }
        Awaitility.await().until(() -> sent.size() == topics.length);
        sent.clear();
    }

    private void send(String topic, long bytes) {
        room.begin(topic, bytes, () -> sent.add(topic + "-" + bytes));
    }

    private static InboundRequest request(String topic, long offset) {
        return expiring(topic, offset, Long.MAX_VALUE);
    }

    private static InboundRequest expiring(String topic, long offset, long expiresAtMillis) {
        InboundRequest plain = DuplicatesTest.record(P0, offset, "a" + offset, "h");
        ReplyAddress address = new ReplyAddress(topic, OptionalInt.empty(), "llm.tokens", ReplyAddress.Form.JSON,
                List.of(), List.of());
        return new InboundRequest(plain.lane(), plain.ticket(), plain.request(), "h", 0, 0, expiresAtMillis, address,
                100);
    }
}
