package dev.signalbox.schemas.claim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.claim.ClaimException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-4")
class ClaimStoresTest {
    private static final byte[] BODY = "{\"a\":1}".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path folder;

    private ClaimStores stores() {
        return new ClaimStores(Map.of("big", new FolderClaimStore(folder.resolve("claims"))), Optional.of("big"), 5,
                1_000);
    }

    @Test
    void aBodyComesBackByItsReference() throws Exception {
        ClaimReference reference = stores().put(ClaimStores.Kind.REPLIES, BODY);
        assertThat(reference.getKey()).matches("replies/[0-9a-f]{2}/[0-9a-f]{64}").endsWith(reference.getSha256());
        assertThat(reference.getBytes()).isEqualTo(BODY.length);
        assertThat(stores().get(reference)).isEqualTo(BODY);
        assertThat(stores().put(ClaimStores.Kind.REPLIES, BODY)).as("put again").isEqualTo(reference);
        try (var files = Files.walk(folder)) {
            assertThat(files.filter(Files::isRegularFile)).as("nothing half written is left").hasSize(1);
        }
    }

    @Test
    void onlyBodiesAboveTheLimitAreTaken() {
        assertThat(stores().takes(5)).isFalse();
        assertThat(stores().takes(6)).isTrue();
        assertThat(ClaimStores.NONE.takes(Integer.MAX_VALUE)).isFalse();
    }

    @Test
    void whatIsNotWhatTheReferenceSaysIsRefused() throws Exception {
        ClaimReference reference = stores().put(ClaimStores.Kind.REQUESTS, BODY);
        assertThat(reason(changed(reference, BODY.length + 1, reference.getSha256()))).isEqualTo(Reason.CLAIM_MISMATCH);
        assertThat(reason(changed(reference, BODY.length - 1, reference.getSha256()))).isEqualTo(Reason.CLAIM_MISMATCH);
        assertThat(reason(changed(reference, BODY.length, "0".repeat(64)))).isEqualTo(Reason.CLAIM_MISMATCH);
        assertThat(reason(changed(reference, 1_001, reference.getSha256()))).isEqualTo(Reason.TOO_LARGE);
        assertThat(reason(new ClaimReference("other", reference.getKey(), 7L, reference.getSha256())))
                .isEqualTo(Reason.CLAIM_STORE_UNKNOWN);
        assertThat(reason(new ClaimReference("big", "requests/none", 7L, reference.getSha256())))
                .isEqualTo(Reason.CLAIM_NOT_FOUND);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../secret", "a/../../secret", "/etc/passwd", "a//b", "", ".hidden", "a/.b", "a\\b",
            "http://169.254.169.254/", "a/b/c/d/e/f/g/h/i", "a b", "a\u0000b"})
    void aKeyThatCouldLeadElsewhereIsIllegal(String key) throws Exception {
        Files.writeString(folder.resolve("secret"), "{}");
        assertThat(ClaimStores.isLegalKey(key)).isFalse();
        assertThat(reason(new ClaimReference("big", key, 2L, "0".repeat(64)))).isEqualTo(Reason.CLAIM_NOT_FOUND);
        assertThat(catchThrowableOfType(IOException.class,
                () -> new FolderClaimStore(folder.resolve("claims")).get(key, 10))).isNotNull();
    }

    @Test
    void aLinkOutOfTheFolderLeadsNowhere() throws Exception {
        Path secret = Files.write(folder.resolve("secret"), BODY);
        ClaimReference real = stores().put(ClaimStores.Kind.REQUESTS, BODY);
        Files.createSymbolicLink(folder.resolve("claims").resolve("link"), secret);
        assertThat(reason(new ClaimReference("big", "link", (long) BODY.length, real.getSha256())))
                .isEqualTo(Reason.CLAIM_NOT_FOUND);
    }

    @Test
    void aStoreThatDoesNotAnswerMayLater() {
        ClaimStore down = new ClaimStore() {
            @Override
            public void put(String key, byte[] body) throws IOException {
                throw new IOException("down");
            }

            @Override
            public Optional<byte[]> get(String key, int limitBytes) throws IOException {
                throw new IOException("down");
            }
        };
        ClaimStores stores = new ClaimStores(Map.of("big", down), Optional.of("big"), 5, 1_000);
        ClaimException failure = catchThrowableOfType(ClaimException.class,
                () -> stores.put(ClaimStores.Kind.REQUESTS, BODY));
        assertThat(failure.isRetryable()).isTrue();
        assertThat(catchThrowableOfType(ClaimException.class,
                () -> stores.get(new ClaimReference("big", "a", 7L, "0".repeat(64)))).isRetryable()).isTrue();
    }

    private Reason reason(ClaimReference reference) {
        return catchThrowableOfType(ClaimException.class, () -> stores().get(reference)).reason();
    }

    private static ClaimReference changed(ClaimReference of, long bytes, String hash) {
        return new ClaimReference(of.getStore(), of.getKey(), bytes, hash);
    }
}
