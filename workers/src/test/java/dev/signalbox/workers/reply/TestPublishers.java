package dev.signalbox.workers.reply;

import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;

/** Publishers over a test's producer, which gets the dead letters too. */
public final class TestPublishers {
    /** Takes requests back and does nothing with them. */
    public static final RequestSink NOWHERE = new RequestSink() {
        @Override
        public void offer(InboundRequest request) {
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
        }
    };

    /** Of all of them, since each has an HTTP client with threads of its own; what is not JSON finds no registry. */
    private static final RecordEncoder ENCODER = new RecordEncoder(
            Map.of("schema.registry.url", "http://127.0.0.1:1"));

    private TestPublishers() {
    }

    /** @param nowMillis on the fleet's clock */
    public static ReplyPublisher publisher(Producer<byte[], byte[]> producer, ScheduledExecutorService timer,
            LongSupplier nowMillis) {
        return publisher(new RenewableProducer("test", () -> producer), new ReplyRoom(NOWHERE), ReplyClaims.NONE, timer,
                nowMillis);
    }

    /** A room whose bound that topic has reached, by one reply. */
    public static ReplyRoom full(String topic, RequestSink next) {
        ReplyRoom room = new ReplyRoom(next, 10);
        fill(room, topic);
        return room;
    }

    /** That again. */
    public static void fill(ReplyRoom room, String topic) {
        room.begin(topic, 10, () -> {
        });
    }

    /** That reply is acknowledged. */
    public static void empty(ReplyRoom room, String topic) {
        room.acknowledged(topic, 10);
    }

    static ReplyPublisher publisher(RenewableProducer producer, ReplyRoom room, ReplyClaims claims,
            ScheduledExecutorService timer, LongSupplier nowMillis) {
        return new ReplyPublisher(ENCODER, producer, room, claims, new DeadLetters(producer, timer, reason -> {
        }), timer, nowMillis::getAsLong);
    }
}
