package dev.signalbox.workers.intake;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of partitions that the group's leader wants to give to others: they are fetched from no more, and released once
 * what was admitted of them is answered and committed, or after 20 s as they are; then what still runs is called again by
 * the next owner. A partition that is no longer asked for goes on as before. Poll thread only.
 */
final class PartitionReleases {
    private static final Logger LOG = LoggerFactory.getLogger(PartitionReleases.class);
    static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final Consumer<byte[], byte[]> consumer;
    private final LaneLedger ledger;
    private final Handover handover;
    /** Since when. */
    private final Map<TopicPartition, Long> leaving = new HashMap<>();

    PartitionReleases(Consumer<byte[], byte[]> consumer, LaneLedger ledger, Handover handover) {
        this.consumer = consumer;
        this.ledger = ledger;
        this.handover = handover;
    }

    /** Partitions that must not be fetched from, because they are about to move. */
    Set<TopicPartition> leaving() {
        return leaving.keySet();
    }

    /** Looks who can go; once all can, the group is asked to rebalance. */
    void turn(long now) {
        Set<TopicPartition> asked = new HashSet<>(handover.asked());
        asked.retainAll(ledger.owned());
        Set<TopicPartition> staying = new HashSet<>(leaving.keySet());
        staying.removeAll(asked);
        gone(staying);
        asked.forEach(partition -> leaving.putIfAbsent(partition, now));
        boolean news = handover.takeUnheard();
        for (Map.Entry<TopicPartition, Long> each : leaving.entrySet()) {
            TopicPartition partition = each.getKey();
            boolean settled = ledger.isSettled(partition);
            if (!handover.released().contains(partition) && (settled || now - each.getValue() >= LIMIT_NANOS)) {
                handover.release(partition);
                news = true;
                if (!settled) {
                    LOG.warn("{} moves while requests of it are served; its next owner serves them again", partition);
                }
            }
        }
        if (news && handover.released().containsAll(leaving.keySet())) {
            consumer.enforceRebalance("partitions that are to move are released");
        }
    }

    /** These have moved, or stay. */
    void gone(Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> {
            leaving.remove(partition);
            handover.forget(partition);
        });
    }
}
