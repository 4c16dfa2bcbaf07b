package dev.signalbox.cli.batch;

import dev.signalbox.schemas.RequestHash;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * Request ids that a resumed run computes again: it finds by them what is already queued or answered. Another run,
 * another body or a retry has another id.
 */
record RequestIds(String runId) {

    /** @param retry how often the line was retried after a failure, from 0 */
    String of(String customId, byte[] body, int retry) {
        MessageDigest digest = RequestHash.sha256();
        digest.update(runId.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        digest.update(customId.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        digest.update((byte) retry);
        digest.update(body);
        return "batch-" + RequestHash.hex(digest.digest());
    }
}
