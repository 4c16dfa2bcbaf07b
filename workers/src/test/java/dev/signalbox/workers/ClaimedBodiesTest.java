package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.claim.ClaimStore;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.workers.ClaimedBodies.Body;
import dev.signalbox.workers.ClaimedBodies.Fetch;
import dev.signalbox.workers.intake.InboundRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class ClaimedBodiesTest {
    private static final long NOW = 1_000;

    private final Map<String, byte[]> stored = new HashMap<>();
    private final AtomicInteger failures = new AtomicInteger();
    private final ClaimStores stores = new ClaimStores(Map.of("big", new ClaimStore() {
        @Override
        public void put(String key, byte[] body) {
            stored.put(key, body);
        }

        @Override
        public Optional<byte[]> get(String key, int limitBytes) throws IOException {
            if (failures.getAndDecrement() > 0) {
                throw new IOException("down");
            }
            return Optional.ofNullable(stored.get(key));
        }
    }), Optional.of("big"), 10, 2 << 20);
    private final List<Integer> pauses = new ArrayList<>();
    private final List<Integer> waits = new ArrayList<>();
    private final AtomicLong now = new AtomicLong(NOW);
    private final ClaimedBodies bodies = new ClaimedBodies(stores, new WorkerSettings(1, 1, 1 << 20),
            new ClaimSettings(Optional.of("big"), 10, 2 << 20, Map.of()), new RetryPause() {
                @Override
                public Optional<Duration> before(int attempt, Optional<Duration> asked, long left) {
                    waits.add(attempt);
                    return Optional.of(Duration.ofMillis(attempt));
                }

                @Override
                public Optional<Duration> betweenVisits(int visit, Optional<Duration> asked, long left) {
                    pauses.add(visit);
                    return Optional.of(Duration.ofMillis(visit));
                }
            }, now::get);

    @Test
    void theRequestIsServedWithItsBodyInIt() throws Exception {
        Body body = body(put("{\"a\":1}"));
        assertThat(text(body.fetch())).isEqualTo("{\"a\":1}");
        assertThat(body.request().request().getBodyClaim()).as("what is answered keeps no body").isNotNull();
    }

    @Test
    void aStoreThatIsAwayIsTriedAgain() throws Exception {
        ClaimReference claim = put("{\"a\":1}");
        failures.set(2);
        assertThat(text(fetchedAtLast(body(claim)))).isEqualTo("{\"a\":1}");
        assertThat(pauses).containsExactly(1, 2);

        failures.set(1_000);
        Ending.Unanswered failed = ended(fetchedAtLast(body(claim)));
        assertThat(failed.status()).isEqualTo(ReplyStatus.FAILED);
        assertThat(failed.code()).isEqualTo("CLAIM_STORE_UNAVAILABLE");
        assertThat(failed.retryable()).isTrue();
    }

    @Test
    void whatCannotBeHadIsRejectedWithItsCure() throws Exception {
        ClaimReference claim = put("{\"a\":1}");
        assertRejected(new ClaimReference("other", claim.getKey(), claim.getBytes(), claim.getSha256()),
                "CLAIM_STORE_UNKNOWN", "claim_check.stores");
        assertRejected(new ClaimReference("big", claim.getKey(), 3L << 20, claim.getSha256()), "TOO_LARGE",
                "claim_check.max_size");
        assertRejected(put("[1]"), "INVALID_REQUEST", "body");
        stored.replaceAll((key, body) -> "{\"b\":2}".getBytes(StandardCharsets.UTF_8));
        assertRejected(claim, "CLAIM_MISMATCH", "hash");
        stored.clear();
        assertRejected(claim, "CLAIM_NOT_FOUND", "nothing");
    }

    @Test
    void bodiesThatAreHeldAtOnceAreBounded() throws Exception {
        String large = "{\"a\":\"" + "x".repeat(1 << 20) + "\"}";
        ClaimReference claim = put(large);
        Body first = body(claim);
        assertThat(first.fetch()).isInstanceOf(Fetch.Whole.class);

        Body second = body(claim);
        assertThat(second.fetch()).isEqualTo(new Fetch.Later(Duration.ofMillis(1)));
        assertThat(second.fetch()).isEqualTo(new Fetch.Later(Duration.ofMillis(2)));
        assertThat(waits).containsExactly(1, 2);
        now.set(NOW + 60_000);
        assertThat(ended(second.fetch()).status()).as("its time was up before there was room")
                .isEqualTo(ReplyStatus.EXPIRED);

        now.set(NOW);
        first.release();
        first.release();
        assertThat(second.fetch()).isInstanceOf(Fetch.Whole.class);
        assertThat(body(claim).fetch()).as("released once, though told twice").isInstanceOf(Fetch.Later.class);
    }

    @Test
    void whatIsNotHadHoldsNothing() throws Exception {
        ClaimReference claim = put("{\"a\":\"" + "x".repeat(1 << 20) + "\"}");
        failures.set(3);
        for (int i = 0; i < 3; i++) {
            assertThat(body(claim).fetch()).isInstanceOf(Fetch.Later.class);
        }
        assertThat(waits).as("none waited for room").isEmpty();
        assertThat(body(claim).fetch()).isInstanceOf(Fetch.Whole.class);
    }

    private void assertRejected(ClaimReference claim, String code, String said) {
        Ending.Unanswered ending = ended(body(claim).fetch());
        assertThat(ending.status()).isEqualTo(ReplyStatus.REJECTED);
        assertThat(ending.code()).isEqualTo(code);
        assertThat(ending.message()).contains(said);
    }

    private Body body(ClaimReference claim) {
        InboundRequest plain = request(NOW + 60_000);
        LlmRequest claimed = LlmRequest.newBuilder(plain.request()).setBodyClaim(claim).build();
        return bodies.of(new InboundRequest(plain.lane(), plain.ticket(), claimed, "h", 0, 0, NOW + 60_000,
                plain.address(), 100), claim);
    }

    private static Fetch fetchedAtLast(Body body) {
        Fetch fetched = body.fetch();
        while (fetched instanceof Fetch.Later) {
            fetched = body.fetch();
        }
        return fetched;
    }

    private static String text(Fetch fetched) {
        return StandardCharsets.UTF_8.decode(((Fetch.Whole) fetched).request().request().getBody().duplicate())
                .toString();
    }

    private static Ending.Unanswered ended(Fetch fetched) {
        return (Ending.Unanswered) ((Fetch.Ended) fetched).ending();
    }

    private ClaimReference put(String body) throws Exception {
        return stores.put(ClaimStores.Kind.REQUESTS, body.getBytes(StandardCharsets.UTF_8));
    }

    private static InboundRequest request(long expiresAtMillis) {
        InboundRequest plain = TestRequests.request("r", false, StreamPolicy.RESTART, expiresAtMillis);
        LlmRequest without = LlmRequest.newBuilder(plain.request()).setBody(ByteBuffer.wrap(new byte[]{'{', '}'}))
                .build();
        return new InboundRequest(plain.lane(), plain.ticket(), without, "h", 0, 0, expiresAtMillis, plain.address(),
                100);
    }
}
