package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.simulator.profile.ModelProfile;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the zero-latency vendor costs: CPU time of its event loop per request, apart from what the client costs. */
@Tag("benchmark")
class ThroughputBenchmarkTest {
    private static final int CONNECTIONS = 32;
    private static final int REQUESTS = 4_000;
    private static final String PROMPT = "a prompt of some words that says nothing ".repeat(40);

    @ParameterizedTest
    @EnumSource(Family.class)
    void unary_and_streamed_calls(Family family) throws Exception {
        try (Simulator simulator = Simulator
                .start(SimulatorOptions.of(family.profile(ModelProfile.ZERO_LATENCY)));
                ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS)) {
            for (int pass = 1; pass <= 3; pass++) {
                for (boolean stream : new boolean[]{false, true}) {
                    measure(family, simulator, threads, pass, stream);
                }
            }
        }
    }

    private static void measure(Family family, Simulator simulator, ExecutorService threads, int pass, boolean stream)
            throws Exception {
        simulator.reset();
        long cpu = eventLoopNanos();
        long start = System.nanoTime();
        List<Future<?>> clients = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            clients.add(threads.submit(() -> {
                client(family, simulator, stream);
                return null;
            }));
        }
        for (Future<?> client : clients) {
            client.get();
        }
        int calls = CONNECTIONS * REQUESTS;
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%s, pass %d, %s, %d-byte prompt: %.0f requests/s, event loop %.1f us CPU a request%n",
                family, pass,
                stream ? "streamed 60 tokens" : "unary", PROMPT.length(), calls / seconds,
                (eventLoopNanos() - cpu) / 1e3 / calls);
        assertThat(simulator.meter(family.vendor, "*").calls()).isEqualTo(calls);
    }

    private static void client(Family family, Simulator simulator, boolean stream) throws IOException {
        byte[] body = family.chat("model-1", stream).replace("Say something", PROMPT)
                .getBytes(StandardCharsets.UTF_8);
        byte[] head = ("POST " + simulator.baseUrl().getPath() + family.path
                + " HTTP/1.1\r\nhost: x\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"
                + "x-signalbox-request-id: 0b5c\r\nauthorization: Bearer sk\r\ncontent-length: " + body.length
                + "\r\n\r\n").getBytes(StandardCharsets.UTF_8);
        byte[] request = new byte[head.length + body.length];
        System.arraycopy(head, 0, request, 0, head.length);
        System.arraycopy(body, 0, request, head.length, body.length);
        try (Socket socket = new Socket("127.0.0.1", simulator.port())) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] buffer = new byte[64 * 1024];
            byte[] end = (stream
                    ? "\r\n0\r\n\r\n"
                    : family.of("\"fp_51317b0c\"}", "\"service_tier\":\"standard\"}}"))
                    .getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < REQUESTS; i++) {
                out.write(request);
                int length = 0;
                do {
                    int n = in.read(buffer, length, buffer.length - length);
                    if (n < 0) {
                        throw new IOException("the vendor hung up");
                    }
                    length += n;
                } while (!endsWith(buffer, length, end));
            }
        }
    }

    private static boolean endsWith(byte[] buffer, int length, byte[] end) {
        return length >= end.length
                && Arrays.equals(buffer, length - end.length, length, end, 0, end.length);
    }

    private static long eventLoopNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long nanos = 0;
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (thread != null && thread.getThreadName().contains("eventloop")) {
                nanos += threads.getThreadCpuTime(thread.getThreadId());
            }
        }
        return nanos;
    }
}
