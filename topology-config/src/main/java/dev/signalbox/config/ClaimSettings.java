package dev.signalbox.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where bodies are that are too large for a record.
 *
 * @param store the one of {@code stores} that they are put into; empty: none are
 * @param aboveBytes bodies up to it stay in their records
 * @param maxBytes largest body that is fetched
 * @param stores by the names that references carry
 */
public record ClaimSettings(Optional<String> store, int aboveBytes, int maxBytes, Map<String, Store> stores) {
    /** No store; largest body 64 MB. */
    public static final ClaimSettings NONE = new ClaimSettings(Optional.empty(),
            aboveBytes(TopicSettings.DEFAULT.maxMessageBytes()), 64 << 20, Map.of());

    public ClaimSettings {
        stores = Map.copyOf(stores);
    }

    /** A record's body and what is around it: three quarters of what topics take. */
    static int aboveBytes(int maxMessageBytes) {
        return maxMessageBytes - maxMessageBytes / 4;
    }

    /** A place for bodies. */
    public sealed interface Store {
        /** A folder that callers and workers share. */
        record Folder(Path path) implements Store {
        }

        /**
         * A bucket of S3 or of a service that speaks its protocol.
         *
         * @param endpoint empty: AWS in that region
         * @param prefix put before each key; empty or ending with a slash
         * @param pathStyle whether the bucket stands in the path rather than in the host's name
         * @param keys empty: as AWS' own tools find them
         */
        record Bucket(String bucket, Optional<URI> endpoint, String region, String prefix, boolean pathStyle,
                Optional<Keys> keys) implements Store {
        }
    }

    /** A pair of S3 keys. */
    public record Keys(Secret accessKey, Secret secretKey) {
    }
}
