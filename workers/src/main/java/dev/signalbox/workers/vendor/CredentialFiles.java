package dev.signalbox.workers.vendor;

import dev.signalbox.config.Secret;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What credentials from files are now, so that a key is replaced by replacing its file. A file is read again by the
 * first call that comes a second after it was last read; the calls beside that one use what is known. A file that
 * cannot be read or is blank changes nothing. Bounded by the configuration's references.
 */
final class CredentialFiles {
    private static final long PERIOD_NANOS = 1_000_000_000L;

    private final Map<String, Known> files = new ConcurrentHashMap<>();

    private static final class Known {
        private final AtomicLong readAtNanos;
        private volatile Secret secret;

        Known(Secret configured, long nowNanos) {
            this.readAtNanos = new AtomicLong(nowNanos - PERIOD_NANOS);
            this.secret = configured;
        }
    }

    /**
     * The credential with its present value.
     *
     * @param nowNanos monotonic time in ns
     */
    Secret now(Secret configured, long nowNanos) {
        if (configured.file().isEmpty()) {
            return configured;
        }
        Known known = files.computeIfAbsent(configured.reference(), first -> new Known(configured, nowNanos));
        long readAt = known.readAtNanos.get();
        if (nowNanos - readAt >= PERIOD_NANOS && known.readAtNanos.compareAndSet(readAt, nowNanos)) {
            Optional<Secret> read = configured.readAgain();
            if (read.isPresent()) {
                known.secret = read.get();
            }
        }
        return known.secret;
    }
}
