package dev.signalbox.workers.vendor;

import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import okhttp3.Dns;

/**
 * Looks names up on a few threads of its own and for a bounded time: a lookup cannot be interrupted, and on a virtual
 * thread it would hold up a carrier, hence every other call. The JVM's own cache (30 s by default) is the only one, so
 * that a changed address is followed.
 */
final class BoundedDns implements Dns, AutoCloseable {
    private static final int THREADS = 4;
    private static final int QUEUE = 4_096;

    private final Duration limit;
    private final Dns resolver;
    private final ExecutorService lookups;

    BoundedDns(Duration limit) {
        this(limit, Dns.SYSTEM);
    }

    BoundedDns(Duration limit, Dns resolver) {
        this.resolver = resolver;
        this.limit = limit;
        ThreadPoolExecutor pool = new ThreadPoolExecutor(THREADS, THREADS, 10, TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(QUEUE), Thread.ofPlatform().daemon().name("signalbox-dns-", 0).factory());
        pool.allowCoreThreadTimeOut(true);
        this.lookups = pool;
    }

    @Override
    public List<InetAddress> lookup(String hostname) throws UnknownHostException {
        Future<List<InetAddress>> found;
        try {
            found = lookups.submit(() -> resolver.lookup(hostname));
        } catch (RejectedExecutionException full) {
            throw unknown(hostname, "too many lookups wait", full);
        }
        try {
            return found.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            throw unknown(hostname, "no answer from DNS within " + limit.toMillis() + " ms", late);
        } catch (ExecutionException failed) {
            throw unknown(hostname, "not known to DNS", failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw unknown(hostname, "interrupted", new InterruptedIOException());
        } finally {
            found.cancel(false);
        }
    }

    private static UnknownHostException unknown(String hostname, String why, Exception cause) {
        UnknownHostException unknown = new UnknownHostException(hostname + ": " + why);
        unknown.initCause(cause);
        return unknown;
    }

    @Override
    public void close() {
        lookups.shutdownNow();
    }
}
