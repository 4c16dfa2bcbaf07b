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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class ClaimedBodiesTest {
    private static final long NOW = 1_000;
    private static final Ending SERVED = Ending.Unanswered.withoutCall(ReplyStatus.FAILED, "SERVED", "", false);

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
    private final List<String> bodies = new ArrayList<>();
    private final ClaimedBodies claimed = new ClaimedBodies(stores, new WorkerSettings(1, 1, 1 << 20),
            new ClaimSettings(Optional.of("big"), 10, 2 << 20, Map.of()), new RetryPause() {
                @Override
                public boolean before(int attempt, Optional<Duration> asked, long left) {
                    throw new AssertionError("not between attempts");
                }

                @Override
                public boolean betweenVisits(int visit, Optional<Duration> asked, long left) {
                    pauses.add(visit);
                    return true;
                }
            }, () -> NOW);

    @Test
    void theRequestIsServedWithItsBodyInIt() throws Exception {
        assertThat(serve(put("{\"a\":1}"))).isSameAs(SERVED);
        assertThat(bodies).containsExactly("{\"a\":1}");
    }

    @Test
    void aStoreThatIsAwayIsTriedAgain() throws Exception {
        ClaimReference claim = put("{\"a\":1}");
        failures.set(2);
        assertThat(serve(claim)).isSameAs(SERVED);
        assertThat(pauses).containsExactly(1, 2);

        failures.set(1_000);
        Ending.Unanswered failed = (Ending.Unanswered) serve(claim);
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
        assertThat(bodies).isEmpty();
    }

    @Test
    void bodiesThatAreHeldAtOnceAreBounded() throws Exception {
        String large = "{\"a\":\"" + "x".repeat(1 << 20) + "\"}";
        ClaimReference claim = put(large);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Thread first = Thread.ofVirtual().start(() -> claimed.serve(request(NOW + 60_000), claim, whole -> {
            inside.countDown();
            awaited(go);
            return SERVED;
        }));
        awaited(inside);
        Ending.Unanswered second = (Ending.Unanswered) claimed.serve(request(NOW + 20), claim, whole -> SERVED);
        assertThat(second.status()).as("its time was up before there was room").isEqualTo(ReplyStatus.EXPIRED);
        go.countDown();
        assertThat(first.join(Duration.ofSeconds(10))).isTrue();
        assertThat(claimed.serve(request(NOW + 20), claim, whole -> SERVED)).isSameAs(SERVED);
    }

    private void assertRejected(ClaimReference claim, String code, String said) {
        Ending.Unanswered ending = (Ending.Unanswered) serve(claim);
        assertThat(ending.status()).isEqualTo(ReplyStatus.REJECTED);
        assertThat(ending.code()).isEqualTo(code);
        assertThat(ending.message()).contains(said);
    }

    private Ending serve(ClaimReference claim) {
        return claimed.serve(request(NOW + 60_000), claim, whole -> {
            bodies.add(StandardCharsets.UTF_8.decode(whole.request().getBody().duplicate()).toString());
            return SERVED;
        });
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

    private static void awaited(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
