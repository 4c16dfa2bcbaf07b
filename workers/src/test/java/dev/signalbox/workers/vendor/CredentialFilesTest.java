package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Secret;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-3")
@Timeout(60)
class CredentialFilesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final byte[] ANSWER = """
            {"id":"1","model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},\
            "finish_reason":"stop"}]}""".getBytes(StandardCharsets.UTF_8);

    private final CredentialFiles files = new CredentialFiles();

    @TempDir
    private Path folder;

    @Test
    void aFileIsReadAgainAtMostOnceASecond() throws Exception {
        Secret secret = inFile("key", "old-value");
        long start = -5;
        assertThat(files.now(secret, start).value()).isEqualTo("old-value");
        Files.writeString(folder.resolve("key"), "new-value\n");
        assertThat(files.now(secret, start + SECOND - 1).value()).isEqualTo("old-value");
        assertThat(files.now(secret, start + SECOND)).hasToString("${file:key}").extracting(Secret::value)
                .isEqualTo("new-value");
    }

    @Test
    void theOldValueIsKeptWhileTheNewFileCannotBeRead() throws Exception {
        Secret secret = inFile("key", "old-value");
        Path key = folder.resolve("key");
        Files.delete(key);
        assertThat(files.now(secret, 0).value()).isEqualTo("old-value");
        Files.createDirectory(key);
        assertThat(files.now(secret, SECOND).value()).isEqualTo("old-value");
        Files.delete(key);
        for (byte[] unusable : List.of(new byte[0], new byte[]{'\n'}, new byte[]{(byte) 0xff}, new byte[65_537])) {
            Files.write(key, unusable);
            assertThat(files.now(secret, 2 * SECOND).value()).isEqualTo("old-value");
        }
        Files.writeString(key, "new-value");
        assertThat(files.now(secret, 4 * SECOND).value()).isEqualTo("new-value");
        Files.delete(key);
        assertThat(files.now(secret, 5 * SECOND).value()).isEqualTo("new-value");
    }

    @Test
    void aReplacedValueDoesNotRest() throws Exception {
        Secret one = inFile("one", "one-old");
        Secret two = inFile("two", "two-old");
        CredentialRotation rotation = new CredentialRotation();
        Deployment deployment = deployment(java.net.URI.create("http://localhost"), one, two);
        for (int i = 0; i < 2; i++) {
            rotation.failed(rotation.next(deployment, 0).orElseThrow(), FailureClass.AUTH, 0);
        }
        Files.writeString(folder.resolve("two"), "two-new");
        for (int i = 0; i < 4; i++) {
            assertThat(rotation.next(deployment, SECOND)).map(Secret::value).contains("two-new");
        }
    }

    @Test
    void aRotatedKeyGoesToItsOwnHostAndIsNotSeenInItsErrors() throws Exception {
        AtomicLong nanos = new AtomicLong();
        try (ScriptedVendor vendor = new ScriptedVendor((request, exchange) -> exchange.whole("401 No",
                "application/json", ("{\"error\":{\"message\":\"no such key: "
                        + request.header("Authorization").substring(7) + "\"}}").getBytes(StandardCharsets.UTF_8)));
                ScriptedVendor other = new ScriptedVendor(
                        (_, exchange) -> exchange.whole("200 OK", "application/json", ANSWER));
                HttpVendorClient client = new HttpVendorClient(Map.of(VendorFamily.OPENAI, new OpenAiChatCodec()),
                        HttpLimits.DEFAULT, nanos::get)) {
            Deployment deployment = deployment(vendor.baseUrl(), inFile("key", "canary of old"));
            Deployment elsewhere = deployment(other.baseUrl(), inFile("other", "canary of others"));
            for (String value : List.of("canary of old", "canary of new")) {
                Files.writeString(folder.resolve("key"), value);
                nanos.addAndGet(SECOND);
                AttemptOutcome outcome = client.call(Deployments.call(deployment, "{}", false), TokenSink.NONE);
                assertThat(outcome).isInstanceOf(AttemptOutcome.Failed.class);
                assertThat(outcome.toString()).doesNotContain(value);
                client.call(Deployments.call(elsewhere, "{}", false), TokenSink.NONE);
            }
            assertThat(vendor.requests).extracting(request -> request.header("Authorization"))
                    .containsExactly("Bearer canary of old", "Bearer canary of new");
            assertThat(other.requests).extracting(request -> request.header("Authorization"))
                    .containsOnly("Bearer canary of others");
        }
    }

    private Secret inFile(String name, String value) throws Exception {
        Path file = Files.writeString(folder.resolve(name), value);
        return new Secret("${file:" + name + "}", value, Optional.of(file));
    }

    private static Deployment deployment(java.net.URI baseUrl, Secret... credentials) {
        Deployment one = Deployments.openAi(baseUrl, CallTimeouts.DEFAULT, true);
        return Deployments.with(one, one.vendor(), List.of(credentials));
    }
}
