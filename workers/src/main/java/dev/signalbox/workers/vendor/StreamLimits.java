package dev.signalbox.workers.vendor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.Protocol;
import okhttp3.Route;
import okhttp3.internal.connection.ConnectionListener;
import okhttp3.internal.connection.RealConnection;
import okhttp3.internal.http2.Http2Connection;
import okhttp3.internal.http2.Settings;

/**
 * Keeps a new HTTP/2 connection from all calls until the server's first SETTINGS say how many streams it takes. The
 * client would else open any number of them at once. A server refuses those beyond its limit, and some then end the
 * connection with every call on it: nghttp2 for the stream itself, Netty for the body that follows it.
 *
 * <p>It costs a new connection at most one round trip, as a part of connecting, and HTTP/1.1 nothing.
 */
final class StreamLimits extends ConnectionListener {
    private static final long FIRST_PAUSE_NANOS = 200_000;
    private static final long LONGEST_PAUSE_NANOS = Duration.ofMillis(5).toNanos();
    /** The client has no word for whether SETTINGS came: a limit that is not known looks as one that is not set. */
    private static final VarHandle HTTP2_CONNECTION;

    static {
        try {
            HTTP2_CONNECTION = MethodHandles.privateLookupIn(RealConnection.class, MethodHandles.lookup())
                    .findVarHandle(RealConnection.class, "http2Connection", Http2Connection.class);
        } catch (ReflectiveOperationException otherVersion) {
            throw new ExceptionInInitializerError(otherVersion);
        }
    }

    /** On the connecting call's thread, before the pool has the connection. */
    @Override
    public void connectEnd(Connection connection, Route route, Call call) {
        if (connection.protocol() != Protocol.HTTP_2 || !(connection instanceof RealConnection made)) {
            return;
        }
        Http2Connection http2 = (Http2Connection) HTTP2_CONNECTION.get(made);
        for (long pause = FIRST_PAUSE_NANOS; !known(made, http2); pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS)) {
            if (call.isCanceled() || Thread.currentThread().isInterrupted() || !made.isHealthy(false)) {
                ConnectionAges.retire(made);
                return;
            }
            LockSupport.parkNanos(this, pause);
        }
    }

    /** They are read on one thread, applied on a second and passed on to the pool's count of calls on a third. */
    private static boolean known(RealConnection connection, Http2Connection http2) {
        Settings told;
        synchronized (http2) {
            told = http2.getPeerSettings();
        }
        if (told == Http2Connection.Companion.getDEFAULT_SETTINGS()) {
            return false;
        }
        synchronized (connection) {
            return connection.getAllocationLimit$okhttp() == told.getMaxConcurrentStreams();
        }
    }
}
