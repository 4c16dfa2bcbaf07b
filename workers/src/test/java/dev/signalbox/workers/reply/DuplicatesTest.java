package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.TestRequests;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.reply.Duplicates.Arrival;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class DuplicatesTest {
    private static final TopicPartition P0 = new TopicPartition(TestRequests.LANE.requestTopic(), 0);
    private static final TopicPartition P1 = new TopicPartition(TestRequests.LANE.requestTopic(), 1);
    private static final long MINUTE = 60_000_000_000L;

    private final Duplicates model = new Duplicates(new Duplicates.Bounds(100, 100_000));

    @Test
    void aSecondRecordOfAPendingIdWaitsForTheFirstOnesReply() {
        assertThat(model.arrived(record(P0, 1, "a", "h"), 0)).isInstanceOf(Arrival.First.class);
        InboundRequest second = record(P0, 2, "a", "h");
        assertThat(model.arrived(second, 1)).isInstanceOf(Arrival.Joined.class);

        assertThat(model.ended(ticket(P0, 1), reply(10), 2)).containsExactly(second);
        assertThat(model.ended(ticket(P0, 1), reply(10), 3)).as("told twice").isEmpty();
    }

    @Test
    void forTenMinutesAnEndedIdIsAnsweredWithTheReplyThatItGot() {
        KeptReply reply = reply(10);
        model.arrived(record(P0, 1, "a", "h"), 0);
        model.ended(ticket(P0, 1), reply, 0);

        assertThat(model.arrived(record(P0, 2, "a", "h"), 10 * MINUTE - 1)).isEqualTo(new Arrival.Answered(reply));
        assertThat(model.arrived(record(P0, 3, "a", "h"), 10 * MINUTE)).isInstanceOf(Arrival.First.class);
        assertThat(model.replyBytes()).isZero();
    }

    @Test
    void anotherPayloadConflictsWhileTheIdIsPendingAndAfter() {
        model.arrived(record(P0, 1, "a", "h"), 0);
        assertThat(model.arrived(record(P0, 2, "a", "other"), 0)).isInstanceOf(Arrival.Conflicting.class);
        model.ended(ticket(P0, 1), reply(10), 0);
        assertThat(model.arrived(record(P0, 3, "a", "other"), 0)).isInstanceOf(Arrival.Conflicting.class);
    }

    @Test
    void theSameRecordDeliveredAgainIsNoDuplicateOfItself() {
        model.arrived(record(P0, 1, "a", "h"), 0);
        assertThat(model.arrived(record(P0, 1, "a", "h"), 0)).isInstanceOf(Arrival.First.class);
        model.forget(P0, 3);

        InboundRequest again = under(4, record(P0, 1, "a", "h"));
        assertThat(model.arrived(again, 1)).isInstanceOf(Arrival.First.class);
        assertThat(model.arrived(under(4, record(P0, 2, "a", "h")), 1)).isInstanceOf(Arrival.Joined.class);
        assertThat(model.ended(ticket(P0, 1), reply(10), 2)).as("the call of the lost epoch").isEmpty();
        assertThat(model.ended(again.ticket(), reply(10), 2)).hasSize(1);
    }

    @Test
    void otherPartitionsAndOtherHopsAreOthers() {
        model.arrived(record(P0, 1, "a", "h"), 0);
        assertThat(model.arrived(record(P1, 1, "a", "h"), 0)).isInstanceOf(Arrival.First.class);
        assertThat(model.arrived(hop(1, record(P0, 2, "a", "h")), 0)).isInstanceOf(Arrival.First.class);
    }

    @Test
    void whatWaitedForARecordThatEndsWithoutAReplyIsServed() {
        model.arrived(record(P0, 1, "a", "h"), 0);
        InboundRequest second = record(P0, 2, "a", "h");
        model.arrived(second, 0);

        assertThat(model.leftWithoutReply(ticket(P0, 1))).containsExactly(second);
        assertThat(model.arrived(second, 0)).isInstanceOf(Arrival.First.class);
        model.ended(second.ticket(), reply(1), 0);
        assertThat(model.leftWithoutReply(second.ticket())).as("it had its reply").isEmpty();
    }

    @Test
    void whereRepliesDoNotFitTheOldestIsLetGoAndItsIdIsServedAgain() {
        for (int i = 0; i < 3; i++) {
            model.arrived(record(P0, i, "a" + i, "h"), 0);
            model.ended(ticket(P0, i), reply(40_000), 0);
        }
        assertThat(model.replyBytes()).isLessThanOrEqualTo(100_000);
        assertThat(model.arrived(record(P0, 10, "a0", "other"), 0)).isInstanceOf(Arrival.Conflicting.class);
        assertThat(model.arrived(record(P0, 11, "a0", "h"), 0)).isInstanceOf(Arrival.First.class);
        assertThat(model.arrived(record(P0, 12, "a2", "h"), 0)).isInstanceOf(Arrival.Answered.class);
    }

    /** Against the plainest model there is: a list of all that ended, and one of all that is pending. */
    @Test
    void itAgreesWithAPlainModelAndKeepsItsBounds() {
        for (int round = 0; round < 200; round++) {
            long seed = System.nanoTime() + round;
            try {
                random(new Random(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static void random(Random random) {
        Duplicates.Bounds bounds = new Duplicates.Bounds(20, 60_000);
        Duplicates model = new Duplicates(bounds);
        Map<String, InboundRequest> serving = new HashMap<>();
        Set<InboundRequest> waiting = new HashSet<>();
        int[] epochs = {1, 1};
        long now = 0;
        for (int step = 0; step < 500; step++) {
            now += random.nextInt(60) * MINUTE / 60;
            int p = random.nextInt(2);
            TopicPartition partition = p == 0 ? P0 : P1;
            switch (random.nextInt(8)) {
                case 0, 1, 2, 3 -> {
                    InboundRequest request = under(epochs[p],
                            record(partition, step, "id" + random.nextInt(12), random.nextInt(8) == 0 ? "x" : "h"));
                    String name = partition.partition() + request.id();
                    InboundRequest first = serving.get(name);
                    Arrival arrival = model.arrived(request, now);
                    if (first != null) {
                        assertThat(arrival).isInstanceOf(first.requestHash().equals(request.requestHash())
                                ? Arrival.Joined.class
                                : Arrival.Conflicting.class);
                    } else {
                        assertThat(arrival).isNotInstanceOf(Arrival.Joined.class);
                    }
                    switch (arrival) {
                        case Arrival.First isFirst -> serving.put(name, request);
                        case Arrival.Joined joins -> waiting.add(request);
                        case Arrival.Answered answered -> assertThat(answered.reply().reply().getRequestHash())
                                .as("only the same payload's reply").isEqualTo(request.requestHash());
                        case Arrival.Conflicting conflicting -> {
                        }
                    }
                }
                case 4, 5 -> {
                    List<String> names = new ArrayList<>(serving.keySet());
                    if (!names.isEmpty()) {
                        InboundRequest served = serving.remove(names.get(random.nextInt(names.size())));
                        List<InboundRequest> alike = model.ended(served.ticket(),
                                KeptReply.of(reply(random.nextInt(20_000), served.requestHash())), now);
                        assertThat(waiting).containsAll(alike);
                        assertThat(alike).allMatch(each -> each.requestHash().equals(served.requestHash()));
                        waiting.removeAll(alike);
                    }
                }
                case 6 -> {
                    List<String> names = new ArrayList<>(serving.keySet());
                    if (!names.isEmpty()) {
                        InboundRequest served = serving.remove(names.get(random.nextInt(names.size())));
                        List<InboundRequest> released = model.leftWithoutReply(served.ticket());
                        assertThat(waiting).containsAll(released);
                        waiting.removeAll(released);
                    }
                }
                default -> {
                    model.forget(partition, epochs[p]++);
                    serving.values().removeIf(each -> each.ticket().partition().equals(partition));
                    waiting.removeIf(each -> each.ticket().partition().equals(partition));
                }
            }
            assertThat(model.pendingIds()).isEqualTo(serving.size());
            assertThat(model.endedIds()).isLessThanOrEqualTo(bounds.ids());
            assertThat(model.replyBytes()).isBetween(0L, bounds.replyBytes());
        }
    }

    private static Ticket ticket(TopicPartition partition, long offset) {
        return new Ticket(partition, 3, offset);
    }

    static InboundRequest record(TopicPartition partition, long offset, String id, String hash) {
        InboundRequest plain = TestRequests.request(id, false, StreamPolicy.RESTART, Long.MAX_VALUE);
        LlmRequest request = plain.request();
        return new InboundRequest(plain.lane(), ticket(partition, offset), request, hash, 0, 0, Long.MAX_VALUE,
                plain.address(), 100);
    }

    private static InboundRequest under(int epoch, InboundRequest of) {
        return new InboundRequest(of.lane(), new Ticket(of.ticket().partition(), epoch, of.ticket().offset()),
                of.request(), of.requestHash(), of.hop(), 0, Long.MAX_VALUE, of.address(), 100);
    }

    private static InboundRequest hop(int hop, InboundRequest of) {
        return new InboundRequest(of.lane(), of.ticket(), of.request(), of.requestHash(), hop, 0, Long.MAX_VALUE,
                of.address(), 100);
    }

    private static KeptReply reply(int bodyBytes) {
        return KeptReply.of(reply(bodyBytes, "h"));
    }

    static LlmReply reply(int bodyBytes, String hash) {
        LlmReply reply = new LlmReply();
        reply.setRequestId("a");
        reply.setStatus(ReplyStatus.COMPLETED);
        reply.setRequestHash(hash);
        reply.setBodyFormat(BodyFormat.OPENAI_CHAT_COMPLETIONS);
        reply.setBody(ByteBuffer.wrap(("{\"t\":\"" + "x".repeat(bodyBytes) + "\"}").getBytes(StandardCharsets.UTF_8)));
        reply.setAttempts(List.of());
        reply.setTimings(new ReplyTimings(0L, null, 0L));
        reply.setWarnings(List.of());
        return reply;
    }
}
