package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls that share connections. */
@Tag("issue-3")
@Timeout(120)
class Http2Test {
    private static final int AT_ONCE = 80;
    private static final Duration MINUTE = Duration.ofMinutes(1);
    /** Handshakes take seconds on a busy machine. */
    private static final CallTimeouts UNHURRIED = new CallTimeouts(MINUTE, MINUTE, MINUTE, MINUTE, MINUTE);
    private static final long INTERNAL_ERROR = 2;
    private static final long REFUSED_STREAM = 7;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final AtomicReference<Http2Vendor.Script> script = new AtomicReference<>(Http2Vendor::whole);

    @TempDir
    private static Path folder;

    @BeforeAll
    static void key() throws Exception {
        Http2Vendor.makeKey(folder);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : opened.reversed()) {
            one.close();
        }
    }

    /** The client itself bounds the headers of HTTP/1.1 only. */
    @Test
    void headersAreBounded() throws Exception {
        Http2Vendor vendor = vendor();
        HttpVendorClient client = client(HttpLimits.DEFAULT);
        for (int kibibytes : List.of(200, 300, 2_000)) {
            script.set(request -> {
                for (int i = 0; i < kibibytes; i++) {
                    request.response().putHeader("x-filler-" + i, "f".repeat(1_024));
                }
                Http2Vendor.whole(request);
            });
            AttemptOutcome outcome = client.call(
                    Deployments.call(deployment(vendor, UNHURRIED), "{}", true), TokenSink.NONE);
            if (kibibytes <= 200) {
                assertThat(outcome).isInstanceOf(AttemptOutcome.Answered.class);
            } else {
                assertThat(failure(outcome).message()).as("%d KiB", kibibytes).contains("headers are over the limit");
            }
        }
        script.set(Http2Vendor::whole);
        assertThat(client.call(Deployments.call(deployment(vendor, UNHURRIED), "{}", true), TokenSink.NONE))
                .as("the next call").isInstanceOf(AttemptOutcome.Answered.class);
    }

    @Test
    void aStreamThatEndsEarlyLeavesTheOthers() throws Exception {
        script.set(Http2Vendor::start);
        Http2Vendor vendor = vendor();
        HttpVendorClient client = client(HttpLimits.DEFAULT);
        FutureTask<AttemptOutcome> stays = inBackground(client, deployment(vendor, UNHURRIED));
        await().atMost(MINUTE).until(() -> vendor.requests.size() == 1);
        Duration gap = Duration.ofMillis(200);
        Duration total = Duration.ofMinutes(1);
        AttemptOutcome silent = client.call(
                Deployments.call(deployment(vendor, new CallTimeouts(total, total, total, gap, total)), "{}", true),
                TokenSink.NONE);
        assertThat(failure(silent).failureClass()).isEqualTo(FailureClass.TIMEOUT);
        FutureTask<AttemptOutcome> interrupted = new FutureTask<>(() -> client
                .call(Deployments.call(deployment(vendor, UNHURRIED), "{}", true), TokenSink.NONE));
        Thread thread = Thread.ofVirtual().start(interrupted);
        await().atMost(MINUTE).until(() -> vendor.requests.size() == 3 && thread.getState() == Thread.State.WAITING);
        thread.interrupt();
        assertThat(failure(interrupted.get(10, TimeUnit.SECONDS)).failureClass()).isEqualTo(FailureClass.CANCELLED);
        vendor.afterScripts(() -> Http2Vendor.finish(vendor.requests.getFirst()));
        assertThat(stays.get(10, TimeUnit.SECONDS)).isInstanceOf(AttemptOutcome.Answered.class);
        assertThat(vendor.requests.get(1).connection()).isEqualTo(vendor.requests.getFirst().connection());
        assertThat(vendor.requests.get(2).connection()).as("the next call's").isNotEqualTo(
                vendor.requests.getFirst().connection());
    }

    @Test
    void aConnectionThatGoesAwayFinishesWhatItTookAndTheRestIsSentAnew() throws Exception {
        Http2Vendor vendor = vendor();
        HttpVendorClient client = client(HttpLimits.DEFAULT);
        script.set(Http2Vendor::start);
        FutureTask<AttemptOutcome> taken = inBackground(client, deployment(vendor, UNHURRIED));
        await().atMost(MINUTE).until(() -> vendor.requests.size() == 1);
        // The client's first stream is 3; the second stream of that connection is above the last that the server says it looked at.
        script.set(request -> {
            if (request.connection() == vendor.connections.getFirst()) {
                request.connection().goAway(0, 3);
            } else {
                Http2Vendor.whole(request);
            }
        });
        assertThat(client.call(Deployments.call(deployment(vendor, UNHURRIED), "{}", false),
                TokenSink.NONE)).isInstanceOf(AttemptOutcome.Answered.class);
        vendor.afterScripts(() -> Http2Vendor.finish(vendor.requests.getFirst()));
        assertThat(taken.get(10, TimeUnit.SECONDS)).isInstanceOf(AttemptOutcome.Answered.class);
        assertThat(vendor.connections).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStreamThatIsResetIsALostConnectionWithWhatCame(boolean afterAToken) throws Exception {
        script.set(request -> {
            if (afterAToken) {
                Http2Vendor.start(request);
                io.vertx.core.Vertx.currentContext().owner().setTimer(50,
                        _ -> request.response().reset(INTERNAL_ERROR));
            } else {
                request.response().reset(INTERNAL_ERROR);
            }
        });
        Http2Vendor vendor = vendor();
        AttemptOutcome outcome = client(HttpLimits.DEFAULT)
                .call(Deployments.call(deployment(vendor, UNHURRIED), "{}", true), TokenSink.NONE);
        assertThat(failure(outcome).failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        assertThat(failure(outcome).message()).contains("INTERNAL_ERROR");
        assertThat(((AttemptOutcome.Failed) outcome).partialBody().isPresent()).isEqualTo(afterAToken);
        assertThat(vendor.requests).hasSize(1);
    }

    @Test
    void aServerThatRefusesEveryStreamIsAskedAFewTimesOnly() throws Exception {
        script.set(request -> request.response().reset(REFUSED_STREAM));
        Http2Vendor vendor = vendor();
        AttemptOutcome outcome = client(HttpLimits.DEFAULT)
                .call(Deployments.call(deployment(vendor, UNHURRIED), "{}", true), TokenSink.NONE);
        assertThat(failure(outcome).failureClass()).isEqualTo(FailureClass.CONNECTION_LOST);
        assertThat(vendor.requests).hasSize(4);
    }

    @Test
    void anOldConnectionFinishesItsCallsAndTakesNoMore() throws Exception {
        script.set(Http2Vendor::start);
        Http2Vendor vendor = vendor();
        HttpVendorClient client = client(new HttpLimits(10, Duration.ofSeconds(9), Duration.ZERO,
                Duration.ofSeconds(5), 1 << 20, 1 << 20, 1 << 20));
        FutureTask<AttemptOutcome> long1 = inBackground(client, deployment(vendor, UNHURRIED));
        await().atMost(MINUTE).until(() -> vendor.requests.size() == 1);
        script.set(Http2Vendor::whole);
        for (int i = 0; i < 2; i++) {
            assertThat(client.call(Deployments.call(deployment(vendor, UNHURRIED), "{}", false),
                    TokenSink.NONE)).isInstanceOf(AttemptOutcome.Answered.class);
        }
        assertThat(vendor.connections).hasSize(2);
        vendor.afterScripts(() -> Http2Vendor.finish(vendor.requests.getFirst()));
        assertThat(long1.get(10, TimeUnit.SECONDS)).isInstanceOf(AttemptOutcome.Answered.class);
    }

    @Test
    void oneShellsFloodTakesNoConnectionOfAnother() throws Exception {
        script.set(Http2Vendor::start);
        Http2Vendor vendor = vendor();
        HttpVendorClient flooded = client(HttpLimits.DEFAULT);
        List<FutureTask<AttemptOutcome>> flood = calls(flooded, vendor, AT_ONCE);
        await().atMost(MINUTE).until(() -> vendor.requests.size() == AT_ONCE);
        int floods = vendor.connections.size();
        script.set(Http2Vendor::whole);
        HttpVendorClient other = client(HttpLimits.DEFAULT);
        assertThat(other.call(Deployments.call(deployment(vendor, UNHURRIED), "{}", false),
                TokenSink.NONE)).isInstanceOf(AttemptOutcome.Answered.class);
        assertThat(other.connections()).isEqualTo(1);
        assertThat(vendor.connections).hasSize(floods + 1);
        other.close();
        vendor.afterScripts(() -> vendor.requests.subList(0, AT_ONCE).forEach(Http2Vendor::finish));
        for (FutureTask<AttemptOutcome> call : flood) {
            assertThat(call.get(30, TimeUnit.SECONDS)).isInstanceOf(AttemptOutcome.Answered.class);
        }
    }

    private static List<FutureTask<AttemptOutcome>> calls(HttpVendorClient client, Http2Vendor vendor, int number) {
        List<FutureTask<AttemptOutcome>> calls = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            calls.add(inBackground(client, deployment(vendor, UNHURRIED)));
        }
        return calls;
    }

    private static FutureTask<AttemptOutcome> inBackground(HttpVendorClient client, Deployment deployment) {
        FutureTask<AttemptOutcome> call = new FutureTask<>(
                () -> client.call(Deployments.call(deployment, "{}", true), TokenSink.NONE));
        Thread.ofVirtual().start(call);
        return call;
    }

    private Http2Vendor vendor() throws Exception {
        Http2Vendor vendor = new Http2Vendor(folder, request -> script.get().answer(request));
        opened.add(vendor);
        return vendor;
    }

    private HttpVendorClient client(HttpLimits limits) {
        HttpVendorClient client = new HttpVendorClient(Map.of(VendorFamily.OPENAI, new OpenAiChatCodec()), limits,
                System::nanoTime);
        opened.add(client);
        return client;
    }

    private static Deployment deployment(Http2Vendor vendor, CallTimeouts timeouts) {
        return Http2Vendor.deployment(vendor.baseUrl(), vendor.authority(), timeouts);
    }

    private static AttemptFailure failure(AttemptOutcome outcome) {
        assertThat(outcome).isInstanceOf(AttemptOutcome.Failed.class);
        return ((AttemptOutcome.Failed) outcome).failure();
    }
}
