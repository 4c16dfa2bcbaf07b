package dev.signalbox.schemas.claim;

import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.ClaimReference;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The stores that references may name, and where bodies are put. A reference is never followed anywhere else: it carries a
 * store's name and a checked key, no URL and no path, and what comes back counts only with the length and hash that it
 * says. Thread-safe.
 */
public final class ClaimStores implements AutoCloseable {
    /** No store at all: nothing is put, nothing can be fetched. */
    public static final ClaimStores NONE = new ClaimStores(Map.of(), Optional.empty(), Integer.MAX_VALUE, 0);

    private static final Pattern KEY = Pattern
            .compile("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,7}");
    private static final int MAX_KEY = 256;
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private final Map<String, ClaimStore> stores;
    private final Optional<String> writeTo;
    private final int aboveBytes;
    private final int maxBytes;

    /** What a body is for: the first segment of its key, so that a store's rules can tell them apart. */
    public enum Kind {
        REQUESTS("requests"),
        REPLIES("replies");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }
    }

    /**
     * @param stores by name
     * @param writeTo the one of them that bodies are put into; empty: none are
     * @param aboveBytes bodies up to it stay in their records
     * @param maxBytes largest body that is fetched
     * @throws IllegalArgumentException if {@code writeTo} is none of the stores
     */
    public ClaimStores(Map<String, ClaimStore> stores, Optional<String> writeTo, int aboveBytes, int maxBytes) {
        if (writeTo.isPresent() && !stores.containsKey(writeTo.get())) {
            throw new IllegalArgumentException("no store " + writeTo.get());
        }
        this.stores = Map.copyOf(stores);
        this.writeTo = writeTo;
        this.aboveBytes = aboveBytes;
        this.maxBytes = maxBytes;
    }

    /** Whether a key may stand in a reference. */
    public static boolean isLegalKey(String key) {
        return key.length() <= MAX_KEY && KEY.matcher(key).matches();
    }

    /** Whether a hash may stand in a reference. */
    public static boolean isLegalHash(String hash) {
        return HASH.matcher(hash).matches();
    }

    /** Whether bodies can be put anywhere. */
    public boolean canPut() {
        return writeTo.isPresent();
    }

    /** Whether a body of this length belongs into a store rather than into its record. */
    public boolean takes(int bodyBytes) {
        return canPut() && bodyBytes > aboveBytes;
    }

    /** Largest body that is fetched. */
    public int maxBytes() {
        return maxBytes;
    }

    /**
     * Puts a body under the key of its own hash: whoever puts it again finds it there.
     *
     * @throws ClaimException if there is no store for it, or it cannot be reached
     */
    public ClaimReference put(Kind kind, byte[] body) throws ClaimException {
        String name = writeTo.orElseThrow(() -> new ClaimException(ClaimException.Reason.CLAIM_STORE_UNKNOWN,
                "no claim store is configured to write to"));
        String hash = hash(body);
        String key = kind.prefix + "/" + hash.substring(0, 2) + "/" + hash;
        try {
            store(name).put(key, body);
        } catch (IOException e) {
            throw unavailable(name, e);
        }
        return new ClaimReference(name, key, (long) body.length, hash);
    }

    /**
     * The body that a reference names, checked against its length and hash.
     *
     * @throws ClaimException if it cannot be had
     */
    public byte[] get(ClaimReference reference) throws ClaimException {
        ClaimStore store = store(reference.getStore());
        if (!isLegalKey(reference.getKey())) {
            throw new ClaimException(ClaimException.Reason.CLAIM_NOT_FOUND, "the reference's key is not legal");
        }
        if (reference.getBytes() > maxBytes) {
            throw new ClaimException(ClaimException.Reason.TOO_LARGE,
                    "the body has " + reference.getBytes() + " bytes, more than the " + maxBytes + " that are fetched");
        }
        byte[] body;
        try {
            body = store.get(reference.getKey(), (int) Math.max(0, reference.getBytes()) + 1)
                    .orElseThrow(() -> new ClaimException(ClaimException.Reason.CLAIM_NOT_FOUND,
                            "store " + reference.getStore() + " has nothing under the reference's key"));
        } catch (IOException e) {
            throw unavailable(reference.getStore(), e);
        }
        if (body.length != reference.getBytes() || !hash(body).equals(reference.getSha256())) {
            throw new ClaimException(ClaimException.Reason.CLAIM_MISMATCH,
                    "what store " + reference.getStore() + " has is not of the reference's length and hash");
        }
        return body;
    }

    private ClaimStore store(String name) throws ClaimException {
        ClaimStore store = stores.get(name);
        if (store == null) {
            throw new ClaimException(ClaimException.Reason.CLAIM_STORE_UNKNOWN, stores.isEmpty()
                    ? "no claim store is configured"
                    : "the reference names a claim store that is not configured");
        }
        return store;
    }

    private static ClaimException unavailable(String store, IOException cause) {
        return new ClaimException(ClaimException.Reason.CLAIM_STORE_UNAVAILABLE, "store " + store + " did not answer",
                cause);
    }

    private static String hash(byte[] body) {
        return HexFormat.of().formatHex(RequestHash.sha256().digest(body));
    }

    @Override
    public void close() {
        stores.values().forEach(ClaimStore::close);
    }
}
