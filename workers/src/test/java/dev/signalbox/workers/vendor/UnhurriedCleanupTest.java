package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

class UnhurriedCleanupTest {
    @Test
    void keepsAConnectionBetweenCallsAndClosesItOnceItHasBeenIdleForLongEnough() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.start();
        ConnectionPool pool = UnhurriedCleanup.pool(UnhurriedCleanup.runner(), 8, Duration.ofMillis(300),
                new StreamLimits());
        OkHttpClient http = new OkHttpClient.Builder().connectionPool(pool).build();
        Request request = new Request.Builder().url("http://127.0.0.1:" + server.getAddress().getPort() + "/").build();
        try {
            for (int i = 0; i < 20; i++) {
                try (Response response = http.newCall(request).execute()) {
                    assertThat(response.code()).isEqualTo(204);
                }
            }
            assertThat(pool.connectionCount()).isEqualTo(1);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (pool.connectionCount() > 0 && System.nanoTime() < end) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
            assertThat(pool.connectionCount()).isZero();
        } finally {
            server.stop(0);
        }
    }
}
