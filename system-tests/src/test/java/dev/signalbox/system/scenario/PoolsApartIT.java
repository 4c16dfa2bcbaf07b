package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two pools of one worker at one deployment: each has connections, slots and a part of the capacity that are its alone. */
@Tag("issue-6")
@Tag("alone")
class PoolsApartIT {
    private static final PoolName HIGH = new PoolName("high");
    private static final PoolName LOW = new PoolName("low");
    private static final int AT_ONCE = 4;
    private static final String ANSWER = """
            {"id":"1","model":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},\
            "finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""";

    /** A vendor that knows which pool's calls came over which connection, and lets some stall. */
    private static final class Vendor implements AutoCloseable {
        private final Map<PoolName, Set<Integer>> ports = new ConcurrentHashMap<>();
        private final CountDownLatch stalled = new CountDownLatch(AT_ONCE);
        private final CountDownLatch goesOn = new CountDownLatch(1);
        private final HttpServer server;

        Vendor() throws IOException {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/", this::answer);
            server.start();
        }

        private void answer(HttpExchange exchange) throws IOException {
            String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            PoolName pool = asked.contains("of high") ? HIGH : LOW;
            ports.computeIfAbsent(pool, any -> ConcurrentHashMap.newKeySet())
                    .add(exchange.getRemoteAddress().getPort());
            if (asked.contains("stall")) {
                stalled.countDown();
                try {
                    goesOn.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            byte[] bytes = ANSWER.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("content-type", "application/json");
            exchange.sendResponseHeaders(200, bytes.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(bytes);
            }
        }

        Set<Integer> ports(PoolName pool) {
            return Set.copyOf(ports.getOrDefault(pool, Set.of()));
        }

        @Override
        public void close() {
            goesOn.countDown();
            server.stop(0);
        }
    }

    private static String configuration(Vendor vendor) {
        return """
                environment: test
                vendors: { v: { family: openai, base_url: "http://127.0.0.1:%d/v1" } }
                deployments:
                  v.a/m: { vendor: v, model_id: x, limits: { concurrency: %d }, pools: { high: 50%%, low: 50%% } }
                pools:
                  high: { use_cases: [talk], priorities: [standard] }
                  low: { use_cases: [otherwise], priorities: [standard] }
                routes: { m: { test: { otherwise: { sequence: [v.a] } } } }
                topics: { partitions: 1 }
                """.formatted(vendor.server.getAddress().getPort(), 2 * AT_ONCE);
    }

    private static CompletableFuture<LlmReply> ask(Caller caller, PoolName pool, String what, int number) {
        String text = what + " of " + pool.value();
        LlmRequest request = Caller.request((text + " " + number).replace(' ', '-'), "m", Family.OPENAI.format,
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}".formatted(text)
                        .getBytes(StandardCharsets.UTF_8),
                false, Duration.ofMinutes(2));
        request.setUseCase(pool.equals(HIGH) ? "talk" : "digest");
        return caller.ask(request).thenApply(Caller.Answer::reply);
    }

    private static void serves(Caller caller, PoolName pool, String what) throws Exception {
        List<CompletableFuture<LlmReply>> asked = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            asked.add(ask(caller, pool, what, i));
        }
        for (CompletableFuture<LlmReply> each : asked) {
            assertThat(each.get(30, TimeUnit.SECONDS).getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        }
    }

    @Test
    void a_pool_whose_calls_stall_holds_no_other_back_and_shares_no_connection(@TempDir Path folder) throws Exception {
        SimulatorOptions unused = SimulatorOptions.of(VendorProfile.of("unused", ModelProfile.ZERO_LATENCY));
        try (Vendor vendor = new Vendor();
                Installation installation = Installation.start(folder, unused, any -> configuration(vendor));
                Caller low = new Caller(installation.callerProperties(), new Lane(LOW, Priority.STANDARD));
                Caller high = new Caller(installation.callerProperties(), new Lane(HIGH, Priority.STANDARD))) {
            serves(low, LOW, "first");
            serves(high, HIGH, "after those");
            assertThat(vendor.ports(LOW)).isNotEmpty().doesNotContainAnyElementsOf(vendor.ports(HIGH));

            List<CompletableFuture<LlmReply>> stalled = new ArrayList<>();
            for (int i = 0; i < 2 * AT_ONCE; i++) {
                stalled.add(ask(low, LOW, "stall", i));
            }
            assertThat(vendor.stalled.await(30, TimeUnit.SECONDS)).isTrue();
            serves(high, HIGH, "beside them");
            assertThat(stalled).as("they all wait still").noneMatch(CompletableFuture::isDone);
            vendor.goesOn.countDown();
            for (CompletableFuture<LlmReply> each : stalled) {
                assertThat(each.get(30, TimeUnit.SECONDS).getStatus()).isEqualTo(ReplyStatus.COMPLETED);
            }
            assertThat(vendor.ports(LOW)).doesNotContainAnyElementsOf(vendor.ports(HIGH));
        }
    }
}
