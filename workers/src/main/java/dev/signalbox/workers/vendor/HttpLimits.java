package dev.signalbox.workers.vendor;

import java.time.Duration;

/**
 * Bounds of one HTTP shell. Headers are bounded at 256 KiB: of HTTP/1.1 by the client while it reads them, of HTTP/2 when
 * they are there, since the client knows no bound for them; how long they may come is the first byte's time limit.
 *
 * @param idleConnections open connections kept for reuse; those in use are bounded by the calls that are made at once
 * @param idleTime how long an unused connection is kept
 * @param connectionAge how old a connection may become: so long an address is used that its name no longer has
 * @param dnsTime the longest wait for a name's addresses
 * @param answerBytes of an answer, decompressed: of a whole stream or of an unstreamed body
 * @param lineBytes of one line of a stream
 * @param eventBytes of the data of one event of a stream
 */
public record HttpLimits(int idleConnections, Duration idleTime, Duration connectionAge,
        Duration dnsTime, long answerBytes, int lineBytes,
        int eventBytes) {
    public static final HttpLimits DEFAULT = new HttpLimits(2_048, Duration.ofSeconds(60),
            Duration.ofMinutes(5), Duration.ofSeconds(5),
            64L << 20, 8 << 20,
            8 << 20);
}
