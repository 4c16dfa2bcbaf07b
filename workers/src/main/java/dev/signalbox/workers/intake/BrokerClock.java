package dev.signalbox.workers.intake;

import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The fleet's clock in this process: broker time learnt from the acknowledgements of its own sends to topics with
 * {@code LogAppendTime}. Before the first one it goes by the records read so far, and before those by the local wall clock,
 * so a worker sends a record for the time's sake before it serves any. Thread-safe; the lock is held for arithmetic only, and
 * whoever asks for the time, a dozen times a request, takes none.
 */
public final class BrokerClock implements FleetClock {
    private final LongSupplier nanoTime;
    private final LongSupplier wallMillis;
    private final ReentrantLock lock = new ReentrantLock();
    private final BrokerOffset offset = new BrokerOffset();
    /** Broker time minus monotonic time, ns, as last learnt; null before the first sample. */
    private volatile @Nullable Long offsetNanos;
    private volatile boolean acknowledged;

    /** On the system's monotonic clock. */
    public BrokerClock() {
        this(System::nanoTime, System::currentTimeMillis);
    }

    BrokerClock(LongSupplier nanoTime, LongSupplier wallMillis) {
        this.nanoTime = nanoTime;
        this.wallMillis = wallMillis;
    }

    /** The monotonic time to remember when a record is sent, ns. */
    public long sending() {
        return nanoTime.getAsLong();
    }

    /**
     * The record was acknowledged just now.
     *
     * @param appendMillis its timestamp as the broker returned it, from a topic with {@code LogAppendTime}
     * @param sentNanos what {@link #sending()} gave
     */
    public void acknowledged(long appendMillis, long sentNanos) {
        long now = nanoTime.getAsLong();
        lock.lock();
        try {
            offset.acknowledged(appendMillis, sentNanos, now);
            learnt();
            acknowledged = true;
        } finally {
            lock.unlock();
        }
    }

    /** A record with this append time was read just now. */
    public void read(long appendMillis) {
        if (acknowledged) {
            return;
        }
        long now = nanoTime.getAsLong();
        lock.lock();
        try {
            offset.read(appendMillis, now);
            learnt();
        } finally {
            lock.unlock();
        }
    }

    private void learnt() {
        OptionalLong middle = offset.middleNanos();
        if (middle.isPresent()) {
            Long before = offsetNanos;
            if (before == null || before != middle.getAsLong()) {
                offsetNanos = middle.getAsLong();
            }
        }
    }

    @Override
    public long nowMillis() {
        Long learnt = offsetNanos;
        return learnt == null
                ? wallMillis.getAsLong()
                : BrokerOffset.millis(nanoTime.getAsLong(), learnt);
    }

    /** How far off it may be, ms; empty before the first acknowledgement. */
    public OptionalLong uncertaintyMillis() {
        long now = nanoTime.getAsLong();
        lock.lock();
        try {
            return offset.uncertaintyMillis(now);
        } finally {
            lock.unlock();
        }
    }

    /** The local wall clock minus broker time, ms; empty before the first acknowledgement. */
    public OptionalLong wallClockSkewMillis() {
        return uncertaintyMillis().isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(wallMillis.getAsLong() - nowMillis());
    }
}
