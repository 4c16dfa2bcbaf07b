package dev.signalbox.workers.vendor;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server's limit of streams is never passed: this one ends a connection with all its calls for it. */
@Tag("issue-3")
@Timeout(60)
class Http2StreamLimitTest {
    private static final int AT_ONCE = 80;
    private static final String NEXT = "next";
    private static final Duration MINUTE = Duration.ofMinutes(1);
    /** So many handshakes at once take seconds on a busy machine. */
    private static final CallTimeouts UNHURRIED = new CallTimeouts(MINUTE, MINUTE, MINUTE, MINUTE, MINUTE);

    @TempDir
    private static Path folder;

    private final AtomicReference<Http2Vendor.Script> script = new AtomicReference<>(Http2Vendor::whole);
    private final HttpVendorClient client = new HttpVendorClient(Map.of(VendorFamily.OPENAI, new OpenAiChatCodec()),
            HttpLimits.DEFAULT, System::nanoTime);
    private Http2Vendor vendor;

    @BeforeAll
    static void key() throws Exception {
        Http2Vendor.makeKey(folder);
    }

    @BeforeEach
    void open() throws Exception {
        vendor = new Http2Vendor(folder, request -> script.get().answer(request));
    }

    @AfterEach
    void close() {
        client.close();
        vendor.close();
    }

    @Test
    void callsBeyondTheStreamLimitAreAllServedAtOnceAndOnce() throws Exception {
        for (int round = 1; round <= 3; round++) {
            vendor.requests.clear();
            // Nobody is answered before all are there; each connection has a thread, which alone may end its answers.
            List<Runnable> ends = new CopyOnWriteArrayList<>();
            AtomicInteger begun = new AtomicInteger();
            script.set(request -> {
                Http2Vendor.start(request);
                Context own = Vertx.currentContext();
                ends.add(() -> own.runOnContext(_ -> Http2Vendor.finish(request)));
                if (begun.incrementAndGet() >= AT_ONCE) {
                    List<Runnable> due = List.copyOf(ends);
                    due.stream().filter(ends::remove).forEach(Runnable::run);
                }
            });
            List<FutureTask<AttemptOutcome>> calls = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                calls.add(new FutureTask<>(() -> client.call(
                        Deployments.call(deployment(UNHURRIED), "{}", true), TokenSink.NONE)));
                Thread.ofVirtual().start(calls.getLast());
            }
            List<AttemptOutcome> failed = new ArrayList<>();
            for (FutureTask<AttemptOutcome> call : calls) {
                if (call.get(30, TimeUnit.SECONDS) instanceof AttemptOutcome.Failed lost) {
                    failed.add(lost);
                }
            }
            assertThat(failed).isEmpty();
            assertThat(vendor.requests).hasSize(AT_ONCE).allMatch(request -> request.version() == HttpVersion.HTTP_2);
            assertThat(vendor.requests.stream().collect(groupingBy(HttpServerRequest::connection, counting())).values())
                    .allMatch(streams -> streams <= Http2Vendor.STREAMS);
            assertThat(vendor.violations).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theNextCallTakesAGivenUpOnesPlaceOnlyWhenTheServerKnows(boolean interrupted) throws Exception {
        Deployment patient = deployment(UNHURRIED);
        Deployment impatient = interrupted
                ? patient
                : deployment(new CallTimeouts(MINUTE, MINUTE, MINUTE, Duration.ofMillis(100), MINUTE));
        script.set(request -> {
            if (vendor.bodies.getOrDefault(request, "").contains(NEXT)) {
                Http2Vendor.whole(request);
            } else {
                Http2Vendor.start(request);
            }
        });
        for (int round = 1; round <= 10; round++) {
            vendor.requests.clear();
            List<FutureTask<AttemptOutcome>> next = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < Http2Vendor.STREAMS; i++) {
                FutureTask<AttemptOutcome> call = new FutureTask<>(() -> {
                    client.call(Deployments.call(impatient, "{}", true), TokenSink.NONE);
                    boolean _ = Thread.interrupted();
                    return client.call(Deployments.call(patient, "{\"user\":\"" + NEXT + "\"}", true), TokenSink.NONE);
                });
                next.add(call);
                threads.add(Thread.ofVirtual().start(call));
            }
            if (interrupted) {
                await().until(() -> vendor.requests.size() == Http2Vendor.STREAMS);
                threads.forEach(Thread::interrupt);
            }
            for (FutureTask<AttemptOutcome> call : next) {
                assertThat(call.get(30, TimeUnit.SECONDS)).isInstanceOf(AttemptOutcome.Answered.class);
            }
            assertThat(vendor.violations).isEmpty();
        }
    }

    @Test
    void aServerThatNeverSaysItsLimitIsNotConnected() throws Exception {
        KeyStore keys = KeyStore.getInstance(folder.resolve("vendor.p12").toFile(), "changeit".toCharArray());
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        try (SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 10,
                InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                try (SSLSocket accepted = (SSLSocket) server.accept()) {
                    SSLParameters parameters = accepted.getSSLParameters();
                    parameters.setApplicationProtocols(new String[]{"h2"});
                    accepted.setSSLParameters(parameters);
                    accepted.getInputStream().readAllBytes();
                } catch (IOException closed) {
                    // The client has hung up.
                }
            });
            AttemptOutcome outcome = client.call(Deployments.call(
                    Http2Vendor.deployment(URI.create("https://localhost:" + server.getLocalPort() + "/v1"),
                            folder.resolve("ca.pem"),
                            new CallTimeouts(Duration.ofMillis(500), MINUTE, MINUTE, MINUTE, MINUTE)),
                    "{}", true), TokenSink.NONE);
            assertThat(outcome).isInstanceOfSatisfying(AttemptOutcome.Failed.class,
                    failed -> assertThat(failed.failure().message()).startsWith("connect limit"));
        }
    }

    private Deployment deployment(CallTimeouts timeouts) {
        return Http2Vendor.deployment(vendor.baseUrl(), vendor.authority(), timeouts);
    }
}
