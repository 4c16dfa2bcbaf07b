package dev.signalbox.workers.claim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.config.Secret;
import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.claim.ClaimStores;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class S3ClaimStoreTest {
    private static final byte[] BODY = ("{\"text\":\"" + "x".repeat(3 << 20) + "\"}").getBytes(StandardCharsets.UTF_8);

    private final S3Server server;
    private final ClaimStores stores;

    S3ClaimStoreTest() throws Exception {
        server = new S3Server();
        stores = open(S3Server.ACCESS_KEY);
    }

    private ClaimStores open(String accessKey) {
        return ConfiguredClaims.open(new ClaimSettings(Optional.of("s3"), 1_000, 8 << 20, Map.of("s3",
                new ClaimSettings.Store.Bucket("claims", Optional.of(server.url()), "us-east-1", "signalbox/", true,
                        Optional.of(new ClaimSettings.Keys(new Secret("${env:A}", accessKey),
                                new Secret("${env:B}", "hush")))))));
    }

    @AfterEach
    void stop() {
        stores.close();
        server.close();
    }

    @Test
    void aBodyGoesToTheBucketAndComesBack() throws Exception {
        ClaimReference reference = stores.put(ClaimStores.Kind.REPLIES, BODY);
        assertThat(server.objects).containsOnlyKeys("/claims/signalbox/" + reference.getKey());
        assertThat(stores.get(reference)).isEqualTo(BODY);
        assertThat(server.calls).hasSize(2);
    }

    @Test
    void whatWasChangedInTheBucketIsRefused() throws Exception {
        ClaimReference reference = stores.put(ClaimStores.Kind.REPLIES, BODY);
        byte[] other = BODY.clone();
        other[20] = 'y';
        server.objects.replaceAll((key, body) -> other);
        assertThat(failure(stores, reference).reason()).isEqualTo(ClaimException.Reason.CLAIM_MISMATCH);
        server.objects.replaceAll((key, body) -> new byte[40 << 20]);
        assertThat(failure(stores, reference).reason()).as("a larger one is not read to its end")
                .isEqualTo(ClaimException.Reason.CLAIM_MISMATCH);
        server.objects.clear();
        assertThat(failure(stores, reference).reason()).isEqualTo(ClaimException.Reason.CLAIM_NOT_FOUND);
    }

    @Test
    void aServiceThatRefusesOrIsDownMayServeLaterAndItsTextStaysOutOfTheError() throws Exception {
        ClaimReference reference = stores.put(ClaimStores.Kind.REPLIES, BODY);
        try (ClaimStores stranger = open("AKIASTRANGER")) {
            ClaimException refused = failure(stranger, reference);
            assertThat(refused.isRetryable()).isTrue();
            assertThat(refused.getCause()).hasMessage("S3 answered 403");
            assertThat(refused.toString()).doesNotContain("AKIASTRANGER", "hush");
        }
    }

    private static ClaimException failure(ClaimStores of, ClaimReference reference) {
        return catchThrowableOfType(ClaimException.class, () -> of.get(reference));
    }
}
