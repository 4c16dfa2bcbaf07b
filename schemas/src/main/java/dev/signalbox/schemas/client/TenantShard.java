package dev.signalbox.schemas.client;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.common.utils.Utils;

/**
 * The partition of a request: {@code shard(tenant)[murmur2(request id) mod k]}. A tenant's shard is k of the topic's
 * partitions, so that a noisy tenant fills some partitions only, and two tenants rarely the same ones. It is the k
 * partitions with the lowest unsigned {@code murmur2("<tenant>/<partition>")}, lowest first (ties: the lower partition):
 * easy to compute in any language, and a topic that gains partitions moves few tenants. Thread-safe.
 */
public final class TenantShard {
    /** Tenants whose shard is kept; the least recently used one is worked out again. */
    private static final int MAX_CACHED = 10_000;

    private final int shardPartitions;
    private final Map<Key, int[]> shards = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, int[]> eldest) {
            return size() > MAX_CACHED;
        }
    };

    private record Key(String tenant, int partitions) {
    }

    /** @param shardPartitions k; all partitions where the topic has fewer */
    public TenantShard(int shardPartitions) {
        this.shardPartitions = shardPartitions;
    }

    public int partition(String tenant, String requestId, int partitions) {
        int[] shard = shard(tenant, partitions);
        return shard[Utils.toPositive(murmur2(requestId)) % shard.length];
    }

    private int[] shard(String tenant, int partitions) {
        Key key = new Key(tenant, partitions);
        synchronized (shards) {
            return shards.computeIfAbsent(key, wanted -> shardOf(tenant, partitions, shardPartitions));
        }
    }

    static int[] shardOf(String tenant, int partitions, int shardPartitions) {
        long[] ranked = IntStream.range(0, partitions)
                .mapToLong(partition -> (murmur2(tenant + "/" + partition) & 0xFFFF_FFFFL) << 31 | partition).sorted()
                .toArray();
        return Arrays.stream(ranked, 0, Math.min(shardPartitions, partitions))
                .mapToInt(rank -> (int) (rank & 0x7FFF_FFFF))
                .toArray();
    }

    private static int murmur2(String text) {
        return Utils.murmur2(text.getBytes(StandardCharsets.UTF_8));
    }
}
