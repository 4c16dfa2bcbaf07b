package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Secret;
import dev.signalbox.config.Vendor;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.workers.vendor.anthropic.MessagesCodec;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The ways that calls take: proxies, authorities, names, credentials; and that no request can change them. */
@Tag("issue-3")
@Timeout(60)
class HttpWaysTest {
    private static final String REQUEST = "{\"model\":\"m\",\"messages\":[]}";
    private static final byte[] ANSWER = """
            {"id":"1","model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},\
            "finish_reason":"stop"}]}""".getBytes(StandardCharsets.UTF_8);

    private final List<AutoCloseable> opened = new ArrayList<>();

    @TempDir
    private Path folder;

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    @Test
    void aProxyIsAskedForEveryAddressAndGetsItsPassword() throws Exception {
        ScriptedVendor proxy = vendor((request, exchange) -> request.header("Proxy-Authorization").isEmpty()
                ? exchange.whole("407 Who", "text/plain", new byte[0], "Proxy-Authenticate: Basic realm=\"p\"")
                : exchange.whole("200 OK", "application/json", ANSWER));
        URI uri = URI.create("http://user:secret@127.0.0.1:" + proxy.baseUrl().getPort());
        Deployment deployment = deployment(URI.create("http://vendor.invalid/v1"), Optional.of(uri), Optional.empty());
        assertThat(call(client(HttpLimits.DEFAULT), deployment, REQUEST)).isInstanceOf(AttemptOutcome.Answered.class);
        assertThat(proxy.requests.getFirst().head()).startsWith("POST http://vendor.invalid/v1/chat/completions ");
        assertThat(proxy.requests.getLast().header("Proxy-Authorization")).isEqualTo("Basic dXNlcjpzZWNyZXQ=");
    }

    @Test
    void onlyTheVendorsOwnAuthoritiesAreTrusted() throws Exception {
        Http2Vendor.makeKey(folder);
        KeyStore keys = KeyStore.getInstance(folder.resolve("vendor.p12").toFile(), "changeit".toCharArray());
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "changeit".toCharArray());
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), null, null);
        ScriptedVendor vendor = new ScriptedVendor(
                tls.getServerSocketFactory().createServerSocket(0, 10, InetAddress.getLoopbackAddress()),
                (_, exchange) -> exchange.whole("200 OK", "application/json", ANSWER));
        opened.add(vendor);
        URI https = URI.create("https://localhost:" + vendor.baseUrl().getPort() + "/v1");
        HttpVendorClient client = client(HttpLimits.DEFAULT);
        assertThat(call(client, deployment(https, Optional.empty(), Optional.of(folder.resolve("ca.pem"))), REQUEST))
                .isInstanceOf(AttemptOutcome.Answered.class);
        assertThat(failure(call(client, deployment(https, Optional.empty(), Optional.empty()), REQUEST)).failureClass())
                .isEqualTo(FailureClass.CONNECTION_LOST);
        Path empty = Files.writeString(folder.resolve("empty.pem"), "");
        for (Path unusable : List.of(empty, folder.resolve("missing.pem"))) {
            assertThat(failure(call(client, deployment(https, Optional.empty(), Optional.of(unusable)), REQUEST))
                    .failureClass()).isEqualTo(FailureClass.ENDPOINT_MISCONFIGURED);
        }
    }

    @Test
    void anOldConnectionIsNotUsedAgainSoThatNamesAreFollowed() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> exchange.whole("200 OK", "application/json", ANSWER));
        Deployment deployment = deployment(vendor.baseUrl(), Optional.empty(), Optional.empty());
        HttpVendorClient young = client(HttpLimits.DEFAULT);
        call(young, deployment, REQUEST);
        call(young, deployment, REQUEST);
        assertThat(vendor.accepted).hasValue(1);
        HttpVendorClient old = client(new HttpLimits(10, Duration.ofSeconds(9), Duration.ZERO, Duration.ofSeconds(5),
                1 << 20, 1 << 20, 1 << 20));
        call(old, deployment, REQUEST);
        call(old, deployment, REQUEST);
        assertThat(vendor.accepted).hasValue(3);
    }

    @Test
    void everyLookupAsksForTheNameAgain() throws Exception {
        AtomicReference<InetAddress> address = new AtomicReference<>(InetAddress.ofLiteral("127.0.0.1"));
        try (BoundedDns dns = new BoundedDns(Duration.ofSeconds(5), _ -> List.of(address.get()))) {
            assertThat(dns.lookup("vendor")).containsExactly(InetAddress.ofLiteral("127.0.0.1"));
            address.set(InetAddress.ofLiteral("127.0.0.2"));
            assertThat(dns.lookup("vendor")).containsExactly(InetAddress.ofLiteral("127.0.0.2"));
        }
    }

    @Test
    void aLookupThatHangsIsLimited() {
        CountDownLatch never = new CountDownLatch(1);
        try (BoundedDns dns = new BoundedDns(Duration.ofMillis(50), _ -> {
            try {
                never.await();
            } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
            }
            return List.of();
        })) {
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> dns.lookup("vendor"))
                    .isInstanceOf(UnknownHostException.class).hasMessageContaining("50 ms");
        }
    }

    @Test
    void severalCredentialsTakeTurnsAndOneThatIsRefusedRests() throws Exception {
        ScriptedVendor vendor = vendor((request, exchange) -> request.header("Authorization").endsWith("bad")
                ? exchange.whole("401 No", "application/json", new byte[0])
                : exchange.whole("200 OK", "application/json", ANSWER));
        Deployment one = deployment(vendor.baseUrl(), Optional.empty(), Optional.empty());
        Deployment deployment = Deployments.with(one, one.vendor(), List.of(new Secret("${env:A}", "good"),
                new Secret("${env:B}", "bad"), new Secret("${env:C}", "fine")));
        HttpVendorClient client = client(HttpLimits.DEFAULT);
        for (int i = 0; i < 8; i++) {
            call(client, deployment, REQUEST);
        }
        List<String> used = vendor.requests.stream().map(request -> request.header("Authorization")).toList();
        assertThat(used).filteredOn("Bearer bad"::equals).hasSize(1);
        assertThat(used).contains("Bearer good", "Bearer fine").hasSize(8);
    }

    /** 200 requests that hold an address in every place that a caller can write; a listener there hears nothing. */
    @Test
    void noAddressInARequestIsEverCalled() throws Exception {
        ScriptedVendor vendor = vendor((_, exchange) -> exchange.whole("200 OK", "application/json", ANSWER));
        HttpVendorClient client = client(HttpLimits.DEFAULT);
        Deployment openAi = deployment(vendor.baseUrl(), Optional.empty(), Optional.empty());
        Deployment anthropic = Deployments.anthropic(vendor.baseUrl(), CallTimeouts.DEFAULT);
        try (ServerSocket trap = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            trap.setSoTimeout(1);
            int port = trap.getLocalPort();
            List<String> addresses = List.of("http://127.0.0.1:" + port + "/", "http://localhost:" + port + "/x",
                    "https://127.0.0.1:" + port, "//127.0.0.1:" + port, "http://[::1]:" + port,
                    "http://user@127.0.0.1:" + port, "http://2130706433:" + port, "http://0x7f000001:" + port,
                    "http://169.254.169.254/latest/meta-data", "file:///etc/passwd");
            List<String> shapes = List.of("'model':'%s'", "'base_url':'%s'", "'api_base':'%s'", "'url':'%s'",
                    "'user':'%s'", "'metadata':{'callback':'%s'}", "'proxy':'%s'", "'host':'%s'",
                    "'model':'../../%s'", "'extra_headers':{'Host':'%s','X-Forwarded-Host':'%s'}");
            int calls = 0;
            for (String address : addresses) {
                for (String shape : shapes) {
                    String body = ("{'messages':[{'role':'user','content':[{'type':'image_url','image_url':{'url':'"
                            + address + "'}}]}]," + shape.replace("%s", address) + "}").replace('\'', '"');
                    call(client, openAi, body);
                    client.call(Deployments.call(anthropic, body, false), TokenSink.NONE);
                    calls += 2;
                }
            }
            assertThat(calls).isEqualTo(200);
            org.assertj.core.api.Assertions.assertThatThrownBy(trap::accept)
                    .isInstanceOf(java.net.SocketTimeoutException.class);
        }
        assertThat(vendor.requests).isNotEmpty().allSatisfy(request -> {
            assertThat(request.head()).matches("(?s)POST /v1/(chat/completions|messages) HTTP/1.1\r\n.*");
            assertThat(request.header("Host")).isEqualTo("127.0.0.1:" + vendor.baseUrl().getPort());
        });
    }

    @Test
    void aDeploymentsHeadersGoWithEachCallAndNeverInsteadOfTheCallsOwn() throws IOException {
        ScriptedVendor vendor = vendor((_, exchange) -> exchange.whole("200 OK", "application/json", ANSWER));
        Deployment one = Deployments.anthropic(vendor.baseUrl(), CallTimeouts.DEFAULT);
        Deployment with = new Deployment(one.name(), one.vendor(), one.baseUrl(), one.modelId(), one.region(),
                one.account(), one.credentials(), one.limits(), one.poolShares(), one.failureDomains(), one.timeouts(),
                one.capabilities(), one.throughput(),
                Map.of("anthropic-beta", "context-1m-2025-08-07", "anthropic-version", "1999-01-01"));
        client(HttpLimits.DEFAULT).call(Deployments.ownCall(with, "{}".getBytes(StandardCharsets.UTF_8), false),
                TokenSink.NONE);
        assertThat(vendor.requests.getLast().header("anthropic-beta")).isEqualTo("context-1m-2025-08-07");
        assertThat(vendor.requests.getLast().header("anthropic-version")).isEqualTo("2023-06-01");
    }

    private HttpVendorClient client(HttpLimits limits) {
        HttpVendorClient client = new HttpVendorClient(
                Map.of(VendorFamily.OPENAI, new OpenAiChatCodec(), VendorFamily.ANTHROPIC, new MessagesCodec()), limits,
                System::nanoTime);
        opened.add(client);
        return client;
    }

    private ScriptedVendor vendor(ScriptedVendor.Script script) throws IOException {
        ScriptedVendor vendor = new ScriptedVendor(script);
        opened.add(vendor);
        return vendor;
    }

    private static Deployment deployment(URI baseUrl, Optional<URI> proxy, Optional<Path> authorities) {
        Deployment one = Deployments.openAi(baseUrl, CallTimeouts.DEFAULT, true);
        return Deployments.with(one, new Vendor("openai", VendorFamily.OPENAI, Optional.of(baseUrl),
                CallTimeouts.DEFAULT, true, proxy, authorities, false), one.credentials());
    }

    private static AttemptOutcome call(HttpVendorClient client, Deployment deployment, String body) {
        return client.call(Deployments.call(deployment, body, false), TokenSink.NONE);
    }

    private static AttemptFailure failure(AttemptOutcome outcome) {
        assertThat(outcome).isInstanceOf(AttemptOutcome.Failed.class);
        return ((AttemptOutcome.Failed) outcome).failure();
    }
}
