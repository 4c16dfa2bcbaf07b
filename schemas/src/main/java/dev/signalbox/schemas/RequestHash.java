package dev.signalbox.schemas;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Identity of a request record's payload: the first 32 hex digits of the SHA-256 of its value as sent. */
public final class RequestHash {
    private static final int BYTES = 16;

    private RequestHash() {
    }

    /** 32 lower-case hex digits. */
    public static String of(byte[] recordValue) {
        return hex(sha256().digest(recordValue));
    }

    /** A fresh digest for a hash that grows, such as that of an attempt's deltas; finish it with {@link #hex}. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JVM has SHA-256", e);
        }
    }

    /** The first 32 lower-case hex digits of a SHA-256 digest. */
    public static String hex(byte[] digest) {
        return HexFormat.of().formatHex(digest, 0, BYTES);
    }
}
