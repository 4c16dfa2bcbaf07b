package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Three workers' ledgers over one broker of three partitions. The truth is {@code incomplete}: offsets that exist and had no
 * effect yet, whoever served them and under whatever epoch. Whatever the broker accepts as a commit must leave all of them
 * outside: above the committed offset and not in the set that its metadata decodes to.
 */
final class LedgerWorld {
    private static final Lane LANE = new Lane(new PoolName("p"), Priority.STANDARD);
    private static final int WORKERS = 3;
    private static final int PARTITIONS = 3;
    private static final LaneBounds BOUNDS = new LaneBounds(120, 90, 1 << 20, 1 << 19, 10, 1, 1);

    /** What may happen. */
    enum Event {
        RECEIVED,
        RECEIVED_DONE,
        HELD,
        COMPLETED,
        COMPLETED_LATE,
        FAILED,
        COMMITTED,
        COMMIT_LOST,
        ANSWER_LOST,
        COMMIT_FENCED,
        COMMIT_OF_A_ZOMBIE,
        ASSIGNED,
        REVOKED,
        MOVED_UNNOTICED,
        CRASHED,
        LOST_TO_RETENTION,
        GROUP_DELETED
    }

    private static final class Partition {
        final TopicPartition name;
        final TreeSet<Long> log = new TreeSet<>();
        final TreeSet<Long> incomplete = new TreeSet<>();
        long start;
        long end;
        int owner = -1;
        OffsetAndMetadata committed;

        Partition(TopicPartition name) {
            this.name = name;
        }
    }

    private static final class Member {
        LaneLedger ledger = new LaneLedger(LANE, BOUNDS);
        /** What it takes for its own, rightly or not. */
        final Set<Partition> owned = new HashSet<>();
        final List<Ticket> running = new ArrayList<>();
        final Map<Ticket, LostRange> losses = new HashMap<>();
        final Deque<Map<TopicPartition, PartitionIntake.Commit>> commits = new ArrayDeque<>();
        /** Completions that its ledgers counted, by partition, since the assignment. */
        final Map<Partition, TreeSet<Long>> counted = new HashMap<>();
    }

    private final SplittableRandom random;
    private final List<Partition> partitions = new ArrayList<>();
    private final List<Member> members = new ArrayList<>();
    private final Map<Event, Integer> seen = new EnumMap<>(Event.class);
    private final int completeShare;
    private int generation;

    LedgerWorld(long seed) {
        random = new SplittableRandom(seed);
        completeShare = 15 + random.nextInt(40);
        for (int i = 0; i < PARTITIONS; i++) {
            partitions.add(new Partition(new TopicPartition(LANE.requestTopic(), i)));
        }
        for (int i = 0; i < WORKERS; i++) {
            members.add(new Member());
        }
    }

    Map<Event, Integer> seen() {
        return seen;
    }

    void step() {
        Member member = members.get(random.nextInt(WORKERS));
        Partition partition = partitions.get(random.nextInt(PARTITIONS));
        int dice = random.nextInt(1_000);
        if (dice < completeShare * 10) {
            complete(member);
        } else if (dice < 850) {
            receive(member, partition);
        } else if (dice < 900) {
            commit(member);
        } else if (dice < 960) {
            answer(member);
        } else if (dice < 965) {
            revoke(member, partition);
        } else if (dice < 968) {
            moveUnnoticed(partition);
        } else if (dice < 988) {
            assign(member, partition);
        } else if (dice < 990) {
            crash(member);
        } else if (dice < 993) {
            retention(partition);
        } else if (dice == 993) {
            deleteGroup();
        } else {
            fail(member);
        }
    }

    /** Without further faults everything ends: each partition is committed to its end. */
    void settle() {
        members.forEach(this::end);
        Member last = members.getFirst();
        partitions.forEach(partition -> assign(last, partition));
        for (int i = 0; partitions.stream().anyMatch(partition -> !isSettled(partition)); i++) {
            assertThat(i).as("rounds to an end").isLessThan(10_000);
            for (Partition partition : partitions) {
                if (last.ledger.position(partition.name) < partition.end) {
                    receive(last, partition, false);
                }
            }
            while (!last.running.isEmpty()) {
                complete(last);
            }
            Map<TopicPartition, PartitionIntake.Commit> commits = last.ledger.commits(last.ledger.owned());
            apply(last, commits);
            last.ledger.acknowledged(commits);
        }
    }

    private static boolean isSettled(Partition partition) {
        return partition.incomplete.isEmpty() && partition.committed.offset() >= lastOffset(partition) + 1;
    }

    private static long lastOffset(Partition partition) {
        return partition.log.isEmpty() ? partition.start - 1 : partition.log.last();
    }

    private void receive(Member member, Partition partition) {
        if (random.nextInt(3) == 0) {
            append(partition);
        }
        if (member.owned.contains(partition)) {
            receive(member, partition, random.nextInt(10) == 0);
        }
    }

    private void append(Partition partition) {
        partition.end += random.nextInt(10) == 0 ? random.nextInt(50) : 0;
        partition.log.add(partition.end);
        partition.incomplete.add(partition.end);
        partition.end++;
    }

    private void receive(Member member, Partition partition, boolean hold) {
        LaneLedger ledger = member.ledger;
        if (!ledger.isOpen(partition.name) || ledger.paused().contains(partition.name)) {
            return;
        }
        if (ledger.position(partition.name) < partition.start) {
            overtake(member, partition);
            return;
        }
        Long next = partition.log.ceiling(ledger.position(partition.name));
        if (next == null) {
            ledger.passed(partition.name, partition.end);
        } else if (!ledger.received(partition.name, next)) {
            saw(Event.RECEIVED_DONE);
            assertThat(partition.incomplete).as("skipped").doesNotContain(next);
        } else if (hold) {
            saw(Event.HELD);
            ledger.hold(partition.name, "another");
        } else {
            saw(Event.RECEIVED);
            member.running.add(ledger.admit(partition.name, next, 1, 1));
        }
    }

    private void overtake(Member member, Partition partition) {
        long position = member.ledger.position(partition.name);
        member.ledger.overtaken(partition.name, partition.start).ifPresent(lost -> {
            saw(Event.LOST_TO_RETENTION);
            assertThat(lost.offsets()).isGreaterThanOrEqualTo(
                    partition.incomplete.subSet(position, partition.start).size());
            member.running.add(lost.ticket());
            member.losses.put(lost.ticket(), lost);
        });
    }

    private void complete(Member member) {
        if (member.running.isEmpty()) {
            return;
        }
        Ticket ticket = member.running.remove(random.nextInt(member.running.size()));
        Partition partition = partition(ticket.partition());
        LostRange lost = member.losses.remove(ticket);
        if (lost == null) {
            partition.incomplete.remove(ticket.offset());
        } else {
            partition.incomplete.subSet(ticket.offset(), lost.end()).clear();
        }
        boolean counts = member.owned.contains(partition) && member.ledger.epoch(partition.name) == ticket.epoch();
        saw(counts ? Event.COMPLETED : Event.COMPLETED_LATE);
        member.ledger.completed(ticket);
        if (counts) {
            member.counted.get(partition).add(ticket.offset());
        }
    }

    /** A defect: nobody will complete it under this assignment. */
    private void fail(Member member) {
        if (!member.running.isEmpty() && random.nextInt(4) == 0) {
            saw(Event.FAILED);
            member.losses.remove(member.running.remove(random.nextInt(member.running.size())));
        }
    }

    private void commit(Member member) {
        Map<TopicPartition, PartitionIntake.Commit> dirty = member.ledger.commits(member.ledger.owned());
        if (!dirty.isEmpty()) {
            dirty.forEach((name, commit) -> saysAllThatCounted(member, partition(name), commit));
            member.commits.add(dirty);
        }
    }

    private static void saysAllThatCounted(Member member, Partition partition, PartitionIntake.Commit commit) {
        LedgerMetadata.Decoded decoded = LedgerMetadata.decode(commit.offset(), commit.metadata()).orElseThrow();
        assertThat(decoded.epoch()).isEqualTo(commit.epoch());
        TreeSet<Long> counted = member.counted.get(partition);
        counted.headSet(commit.offset()).clear();
        if (commit.metadata().length() > LedgerMetadata.MAX_CHARS / 2) {
            return;
        }
        assertThat(counted).as("done under this assignment").allMatch(offset -> decoded.done().contains(offset));
    }

    private void answer(Member member) {
        Map<TopicPartition, PartitionIntake.Commit> commits = member.commits.poll();
        if (commits == null) {
            return;
        }
        switch (random.nextInt(6)) {
            case 0 -> {
                saw(Event.COMMIT_LOST);
                member.ledger.commitFailed();
            }
            case 1 -> {
                saw(Event.ANSWER_LOST);
                apply(member, commits);
                member.ledger.commitFailed();
            }
            default -> {
                if (apply(member, commits)) {
                    member.ledger.acknowledged(commits);
                } else {
                    member.ledger.commitFailed();
                }
            }
        }
    }

    /** The broker fences a commit of partitions that have moved, but not always: a former owner may know the new generation. */
    private boolean apply(Member member, Map<TopicPartition, PartitionIntake.Commit> commits) {
        boolean isOwner = commits.keySet().stream()
                .allMatch(name -> partition(name).owner == members.indexOf(member));
        if (!isOwner && random.nextInt(4) > 0) {
            saw(Event.COMMIT_FENCED);
            return false;
        }
        saw(isOwner ? Event.COMMITTED : Event.COMMIT_OF_A_ZOMBIE);
        commits.forEach((name, commit) -> {
            Partition partition = partition(name);
            partition.committed = new OffsetAndMetadata(commit.offset(), commit.metadata());
            coversTheIncomplete(partition);
        });
        return true;
    }

    private static void coversTheIncomplete(Partition partition) {
        long committed = partition.committed.offset();
        assertThat(partition.incomplete.headSet(committed)).as("committed %d passes", committed).isEmpty();
        LedgerMetadata.decode(committed, partition.committed.metadata()).ifPresent(
                decoded -> assertThat(partition.incomplete).as("counts as done").noneMatch(decoded.done()::contains));
    }

    private void assign(Member member, Partition partition) {
        if (partition.owner >= 0 || member.owned.contains(partition)) {
            return;
        }
        saw(Event.ASSIGNED);
        generation++;
        partition.owner = members.indexOf(member);
        if (partition.committed == null) {
            partition.committed = new OffsetAndMetadata(partition.start);
            // What was before a group without commits began is not its own.
            partition.incomplete.headSet(partition.start).clear();
        }
        int before = LedgerMetadata.decode(partition.committed.offset(), partition.committed.metadata())
                .map(LedgerMetadata.Decoded::epoch).orElse(0);
        int epoch = member.ledger.assigned(partition.name, generation, partition.committed);
        assertThat(epoch).isGreaterThanOrEqualTo(generation).isGreaterThan(before);
        assertThat(member.ledger.isOpen(partition.name)).as("dispatches before its epoch is committed").isFalse();
        member.owned.add(partition);
        member.counted.put(partition, new TreeSet<>());
    }

    private void revoke(Member member, Partition partition) {
        if (!member.owned.contains(partition)) {
            return;
        }
        saw(Event.REVOKED);
        Map<TopicPartition, PartitionIntake.Commit> last = member.ledger.commits(Set.of(partition.name));
        if (!last.isEmpty()) {
            saysAllThatCounted(member, partition, last.get(partition.name));
            member.commits.add(last);
        }
        giveUp(member, partition);
        if (random.nextBoolean()) {
            answer(member);
        }
        if (partition.owner == members.indexOf(member)) {
            partition.owner = -1;
        }
    }

    private static void giveUp(Member member, Partition partition) {
        member.ledger.revoked(partition.name);
        member.owned.remove(partition);
        member.counted.remove(partition);
    }

    /** The group has given the partition up for its owner, who was frozen and goes on as if nothing had happened. */
    private void moveUnnoticed(Partition partition) {
        if (partition.owner >= 0) {
            saw(Event.MOVED_UNNOTICED);
            partition.owner = -1;
        }
    }

    private void crash(Member member) {
        saw(Event.CRASHED);
        end(member);
        member.running.clear();
        member.losses.clear();
        member.commits.clear();
        member.ledger = new LaneLedger(LANE, BOUNDS);
    }

    private void end(Member member) {
        for (Partition partition : List.copyOf(member.owned)) {
            giveUp(member, partition);
            if (partition.owner == members.indexOf(member)) {
                partition.owner = -1;
            }
        }
    }

    private static void retention(Partition partition) {
        partition.start = Math.max(partition.start, partition.end - 30);
        partition.log.headSet(partition.start).clear();
    }

    private void deleteGroup() {
        saw(Event.GROUP_DELETED);
        members.forEach(this::end);
        partitions.forEach(partition -> partition.committed = null);
        generation = 0;
    }

    private Partition partition(TopicPartition name) {
        return partitions.get(name.partition());
    }

    private void saw(Event event) {
        seen.merge(event, 1, Integer::sum);
    }
}
