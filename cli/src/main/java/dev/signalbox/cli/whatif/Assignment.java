package dev.signalbox.cli.whatif;

import dev.signalbox.config.Configuration;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.schemas.client.TenantShard;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which worker reads which partition of a pool's topics: they take turns, as the group's assignor deals them out; and in which partition
 * a request is, by our client's own rule.
 */
final class Assignment {
    private final int partitions;
    private final TenantShard shard = new TenantShard(RequestProducerOptions.DEFAULT.shardPartitions());
    private final Map<PoolName, List<WhatIfWorker>> owners = new HashMap<>();

    Assignment(Configuration configuration) {
        this.partitions = configuration.topics().partitions();
    }

    /** Those of a pool's partitions that the n-th of its workers owns; none where there are more workers than partitions. */
    List<Integer> owned(int n, int workers) {
        List<Integer> owned = new ArrayList<>();
        for (int partition = n; partition < partitions; partition += workers) {
            owned.add(partition);
        }
        return owned;
    }

    /** The next worker of those that serve the pool, in the order of {@link #owned}. */
    void serves(PoolName pool, WhatIfWorker worker) {
        owners.computeIfAbsent(pool, any -> new ArrayList<>()).add(worker);
    }

    int partition(String tenant, String requestId) {
        return shard.partition(tenant, requestId, partitions);
    }

    WhatIfWorker owner(PoolName pool, int partition) {
        List<WhatIfWorker> workers = owners.getOrDefault(pool, List.of());
        return workers.get(partition % workers.size());
    }
}
