package dev.signalbox.workers.intake;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What a member of the group and its leader tell each other of partitions that are to move: the leader asks the owner to let
 * go of them, the owner finishes what runs and then releases them, and only then they move. So a worker that joins makes
 * nobody pay twice. Between members of which one does not know of it, partitions move at once, as without.
 *
 * <p>The state is one member's, of its poll thread alone; the rest is pure.
 */
public final class Handover {
    private static final int MAGIC = 0x5B484F31;

    private Set<TopicPartition> asked = Set.of();
    private final Set<TopicPartition> released = new HashSet<>();
    private boolean unheard;

    /** With the last assignment the leader asked for these. */
    void ask(Set<TopicPartition> partitions) {
        asked = Set.copyOf(partitions);
        unheard = partitions.stream().anyMatch(released::contains);
    }

    /**
     * Whether the leader has just asked for what was released already: while the group rebalanced, after this member had
     * joined. Nobody would ever hear of it, since a consumer that joins forgets that it was to join again.
     */
    boolean takeUnheard() {
        boolean was = unheard;
        unheard = false;
        return was;
    }

    /** What the leader wants to give to others. */
    Set<TopicPartition> asked() {
        return asked;
    }

    /** From now on the partition may be taken away. */
    void release(TopicPartition partition) {
        released.add(partition);
    }

    /** It has gone, or is taken up again. */
    void forget(TopicPartition partition) {
        released.remove(partition);
    }

    Set<TopicPartition> released() {
        return released;
    }

    /**
     * An assignment in which nobody loses what he has not released: what was withheld to be moved stays with its owner, who
     * is asked for it.
     *
     * @param planned by member; partitions that are to move are nobody's in it, as the cooperative protocol wants
     * @param partitions of each topic that there is
     */
    static Map<String, Assignment> plan(Map<String, Assignment> planned, Map<String, Subscription> members,
            Map<String, Integer> partitions) {
        Set<TopicPartition> given = new HashSet<>();
        planned.values().forEach(assignment -> given.addAll(assignment.partitions()));
        Map<TopicPartition, Integer> claims = new HashMap<>();
        members.values().forEach(
                member -> member.ownedPartitions().forEach(partition -> claims.merge(partition, 1, Integer::sum)));
        Map<String, Assignment> plan = new HashMap<>(planned);
        members.forEach((name, member) -> read(member.userData(), Integer.BYTES).ifPresent(releasedByIt -> {
            Set<TopicPartition> kept = new HashSet<>(member.ownedPartitions());
            kept.removeIf(partition -> given.contains(partition) || releasedByIt.contains(partition)
                    || claims.getOrDefault(partition, 0) > 1 || !member.topics().contains(partition.topic())
                    || partition.partition() >= partitions.getOrDefault(partition.topic(), 0));
            Assignment own = planned.get(name);
            if (own != null && !kept.isEmpty()) {
                List<TopicPartition> all = new ArrayList<>(own.partitions());
                all.addAll(kept);
                plan.put(name, new Assignment(all, write(ByteBuffer.allocate(0), kept)));
            }
        }));
        return plan;
    }

    /** Behind what is there already. */
    static ByteBuffer write(ByteBuffer before, Collection<TopicPartition> partitions) {
        int size = before.remaining() + 2 * Integer.BYTES;
        for (TopicPartition partition : partitions) {
            size += 2 * Integer.BYTES + partition.topic().getBytes(StandardCharsets.UTF_8).length;
        }
        ByteBuffer buffer = ByteBuffer.allocate(size).put(before.duplicate()).putInt(MAGIC).putInt(partitions.size());
        for (TopicPartition partition : partitions) {
            byte[] topic = partition.topic().getBytes(StandardCharsets.UTF_8);
            buffer.putInt(partition.partition()).putInt(topic.length).put(topic);
        }
        return buffer.flip();
    }

    /**
     * @param skip bytes that belong to somebody else
     * @return empty if it was not written by {@link #write}
     */
    static Optional<Set<TopicPartition>> read(@Nullable ByteBuffer data, int skip) {
        if (data == null || data.remaining() < skip + 2 * Integer.BYTES) {
            return Optional.empty();
        }
        ByteBuffer in = data.duplicate();
        in.position(in.position() + skip);
        if (in.getInt() != MAGIC) {
            return Optional.empty();
        }
        try {
            Set<TopicPartition> partitions = new HashSet<>();
            for (int left = in.getInt(); left > 0; left--) {
                int number = in.getInt();
                int length = in.getInt();
                if (length < 0 || length > in.remaining()) {
                    return Optional.empty();
                }
                byte[] topic = new byte[length];
                in.get(topic);
                partitions.add(new TopicPartition(new String(topic, StandardCharsets.UTF_8), number));
            }
            return Optional.of(partitions);
        } catch (BufferUnderflowException e) {
            return Optional.empty();
        }
    }
}
