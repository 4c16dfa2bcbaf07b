package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.claim.ClaimStore;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.workers.TestRequests;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Replies whose bodies are too large for a record. */
@Tag("issue-4")
class ReplyClaimsTest {
    private final MockProducer<byte[], byte[]> broker = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Map<String, byte[]> stored = new ConcurrentHashMap<>();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final ClaimStores stores = new ClaimStores(Map.of("big", new ClaimStore() {
        @Override
        public void put(String key, byte[] body) throws IOException {
            if (failures.getAndDecrement() > 0) {
                throw new IOException("down");
            }
            stored.put(key, body);
        }

        @Override
        public Optional<byte[]> get(String key, int limitBytes) {
            return Optional.ofNullable(stored.get(key));
        }
    }), Optional.of("big"), 1_000, 1_000_000);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void aLargeBodyIsInItsStoreBeforeTheReplyIsSent() throws Exception {
        LlmReply whole = DuplicatesTest.reply(5_000, "h");
        publish(new ReplyClaims(stores), whole);
        LlmReply sent = sent(1);
        assertThat(sent.getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        assertThat(sent.getBody()).isNull();
        assertThat(java.nio.ByteBuffer.wrap(stores.get(sent.getBodyClaim()))).isEqualTo(whole.getBody());
        assertThat(broker.history().getFirst().value()).hasSizeLessThan(2_000);
    }

    @Test
    void aSmallOneStaysInItsRecord() {
        publish(new ReplyClaims(stores), DuplicatesTest.reply(500, "h"));
        assertThat(sent(1).getBody()).isNotNull();
        assertThat(stored).isEmpty();
    }

    @Test
    void aStoreThatIsAwayIsTriedAgain() {
        failures.set(1);
        publish(new ReplyClaims(stores), DuplicatesTest.reply(5_000, "h"));
        assertThat(sent(1).getBodyClaim()).isNotNull();
        assertThat(done).hasValue(0);
        broker.completeNext();
        assertThat(done).hasValue(1);
    }

    @Test
    void whatTheBrokerRefusesGoesToTheStoreOrFailsWithTheCure() {
        publish(new ReplyClaims(stores), DuplicatesTest.reply(500, "h"));
        sent(1);
        broker.errorNext(new RecordTooLargeException("too large"));
        assertThat(sent(2).getBodyClaim()).isNotNull();
        broker.completeNext();

        broker.clear();
        publish(ReplyClaims.NONE, DuplicatesTest.reply(500, "h"));
        sent(1);
        broker.errorNext(new RecordTooLargeException("too large"));
        LlmReply failed = sent(2);
        assertThat(failed.getStatus()).isEqualTo(ReplyStatus.FAILED);
        assertThat(failed.getError().getCode()).isEqualTo("REPLY_TOO_LARGE");
        assertThat(failed.getError().getMessage()).contains("claim_check");
    }

    private void publish(ReplyClaims claims, LlmReply reply) {
        TestPublishers
                .publisher(new RenewableProducer("test", () -> broker), new ReplyRoom(TestPublishers.NOWHERE), claims,
                        timer, () -> 0)
                .publish(TestRequests.request("a", false, StreamPolicy.RESTART, Long.MAX_VALUE), reply,
                        done::incrementAndGet);
    }

    private LlmReply sent(int records) {
        Awaitility.await().until(() -> broker.history().size() == records);
        return new JsonRecords().parseReply(broker.history().getLast().value());
    }
}
