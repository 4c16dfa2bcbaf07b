package dev.signalbox.system.simulation;

import dev.signalbox.workers.intake.HandoverAssignor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.jspecify.annotations.Nullable;

/**
 * A consumer group's coordinator: the classic protocol with cooperative rebalances. Members learn of a rebalance in their
 * polls; one that does not come in time is put out and does not know it. Whoever has the current generation may commit
 * anything, as at the real one. Its leaders plan by the workers' own assignor, or now and then as the version before.
 */
final class SimulatedGroup {
    static final long SESSION_NANOS = 1_500 * Simulation.MILLI;
    private static final long REBALANCE_NANOS = 3_000 * Simulation.MILLI;

    private final Simulation simulation;
    private final List<TopicPartition> partitions;
    private final List<String> topics;
    private final Cluster cluster;
    private final CommitWatch watch;
    private final List<Member> members = new ArrayList<>();
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    private final Map<TopicPartition, Member> wanted = new TreeMap<>(BY_NAME);
    private int generation;
    private int memberNumber;
    private boolean preparing;
    private boolean shuffled;

    static final Comparator<TopicPartition> BY_NAME = Comparator.comparing(TopicPartition::topic)
            .thenComparing(TopicPartition::partition);

    /** Told of each commit that is accepted. */
    interface CommitWatch {
        void committed(SimulatedProcess by, TopicPartition partition, OffsetAndMetadata offset);
    }

    /** One consumer's membership; the coordinator's view of it, but for what it has learnt itself. */
    static final class Member {
        final SimulatedProcess process;
        final String id;
        private final HandoverAssignor assignor;
        private final Set<TopicPartition> claimed = new HashSet<>();
        private Subscription subscription = new Subscription(List.of());
        private Assignment assigned = new Assignment(List.of());
        private boolean joined;
        private boolean answered;
        private boolean removed;
        private int assignedGeneration = -1;

        private Member(SimulatedProcess process, String id, HandoverAssignor assignor) {
            this.process = process;
            this.id = id;
            this.assignor = assignor;
        }

        boolean isRemoved() {
            return removed;
        }
    }

    SimulatedGroup(Simulation simulation, List<TopicPartition> partitions, CommitWatch watch) {
        this.simulation = simulation;
        this.partitions = partitions.stream().sorted(BY_NAME).toList();
        this.watch = watch;
        this.topics = partitions.stream().map(TopicPartition::topic).distinct().sorted().toList();
        Node[] one = {new Node(0, "simulated", 1)};
        this.cluster = new Cluster("simulated", List.of(one), this.partitions.stream()
                .map(each -> new PartitionInfo(each.topic(), each.partition(), one[0], one, one)).toList(), Set.of(),
                Set.of());
    }

    Member join(SimulatedProcess process, HandoverAssignor assignor) {
        Member member = new Member(process, process.name() + "-" + memberNumber++, assignor);
        members.add(member);
        simulation.note("join", member.id, 0, 0);
        rebalance();
        return member;
    }

    /** Everybody has to join anew. */
    void rebalance() {
        if (preparing) {
            return;
        }
        preparing = true;
        members.forEach(member -> member.joined = false);
        int before = generation;
        simulation.after(REBALANCE_NANOS, () -> {
            if (preparing && generation == before) {
                members.stream().filter(member -> !member.joined).toList().forEach(this::putOut);
                complete();
            }
        });
    }

    /** A rebalance after which some partitions belong to others, as when topics or members change. */
    void shuffle() {
        shuffled = true;
        rebalance();
    }

    private void putOut(Member member) {
        simulation.note("put out", member.id, 0, 0);
        member.removed = true;
        members.remove(member);
        wanted.values().removeIf(member::equals);
    }

    /** Its session has expired, or it left. */
    void remove(@Nullable Member member) {
        if (member != null && !member.removed) {
            putOut(member);
            rebalance();
            completeIfAllJoined();
        }
    }

    boolean mustJoin(Member member) {
        return preparing && !member.joined;
    }

    void joins(Member member, Set<TopicPartition> owned, int ownedGeneration) {
        member.claimed.clear();
        member.claimed.addAll(owned);
        member.subscription = new Subscription(topics, member.assignor.subscriptionUserData(Set.copyOf(topics)),
                owned.stream().sorted(BY_NAME).toList(), ownedGeneration, Optional.empty());
        member.joined = true;
        member.answered = false;
        completeIfAllJoined();
    }

    private void completeIfAllJoined() {
        if (preparing && !members.isEmpty() && members.stream().allMatch(member -> member.joined)) {
            complete();
        }
    }

    private void complete() {
        preparing = false;
        generation++;
        if (members.isEmpty()) {
            return;
        }
        if (shuffled || simulation.oneIn(4)) {
            planOfTheVersionBefore();
        } else {
            plan(members.getFirst());
        }
        for (Member member : members) {
            member.answered = true;
            member.assignedGeneration = generation;
        }
        simulation.note("generation", "", generation, members.size());
    }

    /** The leader's, by the assignor that ships. */
    private void plan(Member leader) {
        Map<String, Subscription> subscriptions = new TreeMap<>();
        members.forEach(member -> subscriptions.put(member.id, member.subscription));
        Map<String, Assignment> plan = leader.assignor.assign(cluster, new GroupSubscription(subscriptions))
                .groupAssignment();
        for (Member member : members) {
            Assignment own = plan.get(member.id);
            member.assigned = own == null ? new Assignment(List.of()) : own;
            member.assigned.partitions().forEach(partition -> wanted.put(partition, member));
        }
    }

    /** A leader that knows nothing of handing over: partitions move at once, and anywhere if they are shuffled. */
    private void planOfTheVersionBefore() {
        Map<TopicPartition, Member> owners = new HashMap<>();
        for (Member member : members) {
            member.claimed.forEach(partition -> owners.putIfAbsent(partition, member));
        }
        choose(owners);
        for (Member member : members) {
            // One that is another's still is nobody's for now: its owner gives it up and joins again.
            member.assigned = new Assignment(partitions.stream().filter(partition -> {
                Member owner = owners.get(partition);
                return wanted.get(partition) == member && (owner == null || owner == member);
            }).toList());
        }
    }

    private void choose(Map<TopicPartition, Member> owners) {
        for (TopicPartition partition : partitions) {
            Member owner = owners.get(partition);
            Member planned = wanted.get(partition);
            if (shuffled && simulation.oneIn(2)) {
                wanted.put(partition, members.get(simulation.random.nextInt(members.size())));
            } else if (planned == null || !members.contains(planned)) {
                wanted.put(partition, owner != null ? owner : leastLoaded());
            }
        }
        shuffled = false;
        for (int i = 0; i < partitions.size(); i++) {
            Member least = leastLoaded();
            Member most = members.stream().max(Comparator.comparingInt(this::load)).orElseThrow();
            if (load(most) - load(least) < 2) {
                return;
            }
            wanted.put(partitions.stream().filter(partition -> wanted.get(partition) == most).findFirst().orElseThrow(),
                    least);
        }
    }

    private int load(Member member) {
        return (int) wanted.values().stream().filter(member::equals).count();
    }

    private Member leastLoaded() {
        return members.stream().min(Comparator.comparingInt(this::load)).orElseThrow();
    }

    /** Whether an assignment waits for the member. */
    boolean hasAnswer(Member member) {
        return member.answered && !member.removed;
    }

    Assignment takeAnswer(Member member) {
        member.answered = false;
        return member.assigned;
    }

    int generationOf(Member member) {
        return member.assignedGeneration;
    }

    /** A commit has arrived; what is wrong with it, or null. */
    @Nullable
    KafkaException commit(@Nullable Member member, int sentGeneration, Map<TopicPartition, OffsetAndMetadata> offsets) {
        if (member == null || member.removed) {
            return new CommitFailedException("not a member");
        }
        if (sentGeneration != generation) {
            return new RebalanceInProgressException("another generation");
        }
        offsets.keySet().stream().sorted(BY_NAME).forEach(partition -> {
            OffsetAndMetadata offset = offsets.get(partition);
            committed.put(partition, offset);
            simulation.note("committed", member.id + " " + partition, offset.offset(), sentGeneration);
            watch.committed(member.process, partition, offset);
        });
        return null;
    }

    Map<TopicPartition, OffsetAndMetadata> committed() {
        return committed;
    }
}
