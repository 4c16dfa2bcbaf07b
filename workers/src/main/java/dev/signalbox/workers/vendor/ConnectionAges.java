package dev.signalbox.workers.vendor;

import java.net.Socket;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import okhttp3.Connection;
import okhttp3.internal.http.ExchangeCodec;

/**
 * Lets no further call use a connection that is older than its allowed age, so that a name that points elsewhere is
 * followed even where calls never let a connection rest. The calls that share it finish; the pool closes it when it is
 * idle. The names of new connections are looked up.
 */
final class ConnectionAges {
    private final long allowedNanos;
    /** By socket: the client holds a connection's monitor when it tells of it, and the hash of a locked object is slow. */
    private final Map<Socket, Long> since = Collections.synchronizedMap(new WeakHashMap<>());

    ConnectionAges(Duration allowed) {
        this.allowedNanos = allowed.toNanos();
    }

    /** Since when the connection is used. */
    long acquired(Connection connection, long nowNanos) {
        Long start = since.get(connection.socket());
        if (start == null) {
            since.put(connection.socket(), nowNanos);
        }
        return start == null ? nowNanos : start;
    }

    /** @param usedSinceNanos what {@link #acquired} said of it */
    void released(Connection connection, long usedSinceNanos, long nowNanos) {
        if (nowNanos - usedSinceNanos >= allowedNanos) {
            since.remove(connection.socket());
            retire(connection);
        }
    }

    /** It finishes the calls that it has and takes no more. */
    static void retire(Connection connection) {
        // The client has no public word for it, and closing the socket would cut the other calls on it.
        if (connection instanceof ExchangeCodec.Carrier shared) {
            shared.noNewExchanges();
        }
    }
}
