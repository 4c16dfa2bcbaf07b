package dev.signalbox.schemas.claim;

import java.io.IOException;
import java.util.Optional;

/**
 * Keeps bodies under keys that {@link ClaimStores} makes or has checked. Thread-safe. Nothing is ever deleted through it:
 * how long bodies are kept is the store's own rule.
 */
public interface ClaimStore extends AutoCloseable {

    /** Returns when the body is safe; putting it once more changes nothing. */
    void put(String key, byte[] body) throws IOException;

    /** The body, cut at {@code limitBytes}; empty if there is none. */
    Optional<byte[]> get(String key, int limitBytes) throws IOException;

    /** Gives back what it holds. */
    @Override
    default void close() {
    }
}
