package dev.signalbox.workers.vendor;

import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import okhttp3.Connection;

/**
 * Closes a connection that is older than its allowed age when a call gives it back, so that a name that points elsewhere
 * is followed even where calls never let a connection rest. The names of new connections are looked up.
 */
final class ConnectionAges {
    private final long allowedNanos;
    private final Map<Connection, Long> since = Collections.synchronizedMap(new WeakHashMap<>());

    ConnectionAges(Duration allowed) {
        this.allowedNanos = allowed.toNanos();
    }

    void acquired(Connection connection, long nowNanos) {
        since.putIfAbsent(connection, nowNanos);
    }

    void released(Connection connection, long nowNanos) {
        Long start = since.get(connection);
        if (start != null && nowNanos - start >= allowedNanos) {
            since.remove(connection);
            try {
                connection.socket().close();
            } catch (IOException closedAnyway) {
                // The pool finds it closed and drops it.
            }
        }
    }
}
