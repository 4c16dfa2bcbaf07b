package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.workers.vendor.VendorClient.Call;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What the vendor stage costs above the bare HTTP client, both reading the same streams of 53 chunks, 64 at once, pass
 * by pass in the same process. The vendor is a process of its own, so that its work counts on neither side.
 */
@Tag("benchmark")
@Tag("issue-3")
class VendorStageBenchmarkTest {
    private static final int CALLS = 4_000;
    private static final int AT_ONCE = 64;
    private static final int ROUNDS = 11;
    private static final double MOST = 1.3;
    private static final OperatingSystemMXBean OS = (OperatingSystemMXBean) ManagementFactory
            .getOperatingSystemMXBean();

    private interface OneCall {
        void run() throws IOException;
    }

    @Test
    void theVendorStageAgainstTheBareClient() throws Exception {
        Process vendor = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                VendorStageBenchmarkTest.class.getName()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (
                HttpVendorClient stage = new HttpVendorClient(Map.of(VendorFamily.OPENAI, new OpenAiChatCodec()),
                        HttpLimits.DEFAULT, System::nanoTime)) {
            OkHttpClient bare = new OkHttpClient.Builder().protocols(List.of(Protocol.HTTP_1_1))
                    .connectionPool(new ConnectionPool(2_048, 60, TimeUnit.SECONDS)).fastFallback(false)
                    .readTimeout(Duration.ZERO).build();
            URI base = URI.create(vendor.inputReader().readLine());
            Call call = Deployments.call(Deployments.openAi(base, CallTimeouts.DEFAULT, true),
                    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"" + "word ".repeat(300) + "\"}]}",
                    true);
            OneCall staged = () -> assertThat(stage.call(call, (_, _, _, _) -> {
            })).isInstanceOf(AttemptOutcome.Answered.class);
            OneCall plain = () -> readBare(bare, base, call.body());
            List<Double> ratios = new ArrayList<>();
            for (int round = 0; round < ROUNDS + 3; round++) {
                double plainMicros = microsPerCall(plain);
                double stagedMicros = microsPerCall(staged);
                System.out.printf("round %d: bare client %.0f us, vendor stage %.0f us of CPU a call,"
                        + " ratio %.2f%n", round, plainMicros, stagedMicros, stagedMicros / plainMicros);
                if (round >= 3) {
                    ratios.add(stagedMicros / plainMicros);
                }
            }
            ratios.sort(null);
            double median = ratios.get(ratios.size() / 2);
            System.out.printf(
                    "%d calls of 53 chunks, %d at once, %d processors, Java %s: median ratio %.2f (bar %.1f)%n",
                    CALLS, AT_ONCE, Runtime.getRuntime().availableProcessors(), Runtime.version(), median, MOST);
            assertThat(median).isLessThanOrEqualTo(MOST);
        } finally {
            vendor.destroy();
        }
    }

    /** The vendor: it prints its URL and serves until its input ends with the benchmark. */
    public static void main(String[] args) throws IOException {
        byte[][] chunks = chunks();
        try (ScriptedVendor vendor = new ScriptedVendor((_, exchange) -> {
            exchange.stream();
            for (byte[] chunk : chunks) {
                exchange.chunk(chunk, 0, chunk.length);
            }
            exchange.endChunks();
            return true;
        })) {
            System.out.println(vendor.baseUrl());
            while (System.in.read() >= 0) {
                // The benchmark writes nothing.
            }
        }
    }

    private static void readBare(OkHttpClient client, URI base, byte[] body) throws IOException {
        Request request = new Request.Builder().url(base + "/chat/completions")
                .post(RequestBody.create(body, MediaType.get("application/json"))).build();
        try (Response response = client.newCall(request).execute()) {
            BufferedSource source = response.body().source();
            byte[] buffer = new byte[8_192];
            while (source.read(buffer, 0, buffer.length) >= 0) {
                // Only read.
            }
        }
    }

    private static double microsPerCall(OneCall call) throws InterruptedException {
        Semaphore slots = new Semaphore(AT_ONCE);
        long before = OS.getProcessCpuTime();
        for (int i = 0; i < CALLS; i++) {
            slots.acquire();
            Thread.ofVirtual().start(() -> {
                try {
                    call.run();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                } finally {
                    slots.release();
                }
            });
        }
        slots.acquire(AT_ONCE);
        return (OS.getProcessCpuTime() - before) / 1_000.0 / CALLS;
    }

    private static byte[][] chunks() {
        byte[][] chunks = new byte[53][];
        String head = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1772012053,"
                + "\"model\":\"gpt-4.1-2025-04-14\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_1\",";
        Arrays.setAll(chunks, i -> {
            String choices = switch (i) {
                case 50 -> "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}";
                case 51 -> "\"choices\":[],\"usage\":{\"prompt_tokens\":300,\"completion_tokens\":50}}";
                default -> "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"logprobs\":null,"
                        + "\"finish_reason\":null}],\"obfuscation\":\"cI8W8\"}";
            };
            return ((i == 52 ? "data: [DONE]" : head + choices) + "\n\n").getBytes(StandardCharsets.UTF_8);
        });
        return chunks;
    }
}
