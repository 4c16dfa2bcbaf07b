package dev.signalbox.workers.vendor;

import dev.signalbox.config.Vendor;
import java.io.IOException;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.internal.concurrent.TaskRunner;

/**
 * One shell's connections, in pools of about {@value #CALLS} calls at once. A call looks at each connection of its pool,
 * up to three times, before it opens another: two thousand that begin together would look six million times. The first
 * pool serves all until so many run, so that few calls keep to few connections.
 */
final class ConnectionShelves {
    private static final int CALLS = 256;
    private static final int SHELVES = 8;

    private final OkHttpClient base;
    private final List<HttpTransports> shelves;
    private final List<ConnectionPool> pools;

    /** @param base of which all have everything but the pool */
    ConnectionShelves(OkHttpClient base, HttpLimits limits) {
        TaskRunner cleanup = UnhurriedCleanup.runner();
        this.base = base;
        this.pools = IntStream.range(0, SHELVES)
                .mapToObj(shelf -> UnhurriedCleanup.pool(cleanup, Math.max(1, limits.idleConnections() / SHELVES),
                        limits.idleTime(), new StreamLimits()))
                .toList();
        this.shelves = pools.stream()
                .map(pool -> new HttpTransports(base.newBuilder().connectionPool(pool).build())).toList();
    }

    /**
     * @param running calls that have begun and not ended
     * @throws IOException if the vendor's authorities cannot be read; they are read again at the next call
     */
    OkHttpClient of(Vendor vendor, int running) throws IOException {
        return shelves.get(running / CALLS % SHELVES).of(vendor);
    }

    /** Open, in use or not. */
    int connections() {
        return sum(ConnectionPool::connectionCount);
    }

    /** Those that no call uses. */
    int idle() {
        return sum(ConnectionPool::idleConnectionCount);
    }

    private int sum(ToIntFunction<ConnectionPool> count) {
        return pools.stream().mapToInt(count).sum();
    }

    void close() {
        base.dispatcher().executorService().shutdown();
        pools.forEach(ConnectionPool::evictAll);
    }
}
