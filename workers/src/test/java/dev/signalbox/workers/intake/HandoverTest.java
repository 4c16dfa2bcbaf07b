package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The group's leader and its members, without a broker: a round is a join of all, an assignment, and what each makes of it. */
@Tag("issue-4")
class HandoverTest {
    private static final String TOPIC = "t";
    private static final int PARTITIONS = 12;
    private static final Node NODE = new Node(1, "localhost", 1);
    private static final Cluster CLUSTER = new Cluster("c", List.of(NODE), partitions(), Set.of(), Set.of());

    private final Map<String, Member> members = new TreeMap<>();
    private int generation;

    private static List<PartitionInfo> partitions() {
        List<PartitionInfo> infos = new ArrayList<>();
        for (int i = 0; i < PARTITIONS; i++) {
            infos.add(new PartitionInfo(TOPIC, i, NODE, new Node[]{NODE}, new Node[]{NODE}));
        }
        return infos;
    }

    /** @param knows whether it is of this version, or has Kafka's own assignor */
    private record Member(boolean knows, Handover handover, CooperativeStickyAssignor assignor,
            Set<TopicPartition> owned) {
        static Member of(boolean knows) {
            Handover handover = new Handover();
            HandoverAssignor own = new HandoverAssignor();
            own.configure(Map.of(HandoverAssignor.HANDOVER, handover));
            return new Member(knows, handover, knows ? own : new CooperativeStickyAssignor(), new HashSet<>());
        }

        void releaseAll() {
            handover.asked().stream().filter(owned::contains).forEach(handover::release);
        }
    }

    /** All join, the leader assigns, all take it; what each had to give up, by member. */
    @SuppressWarnings("removal")
    private Map<String, Set<TopicPartition>> round(String leader) {
        Map<String, Subscription> joined = new HashMap<>();
        members.forEach((name, member) -> joined.put(name, new Subscription(List.of(TOPIC),
                member.assignor.subscriptionUserData(Set.of(TOPIC)), List.copyOf(member.owned), generation,
                Optional.empty())));
        Map<String, Assignment> assigned = member(leader).assignor.assign(CLUSTER, new GroupSubscription(joined))
                .groupAssignment();
        generation++;
        Map<String, Set<TopicPartition>> revoked = new TreeMap<>();
        Set<TopicPartition> before = new HashSet<>();
        members.values().forEach(member -> before.addAll(member.owned));
        Set<TopicPartition> given = new HashSet<>();
        members.forEach((name, member) -> {
            Assignment own = assigned.get(name);
            member.assignor.onAssignment(own, new ConsumerGroupMetadata("g", generation, name, Optional.empty()));
            for (TopicPartition partition : own.partitions()) {
                assertThat(given.add(partition)).as("%s has one owner", partition).isTrue();
                assertThat(member.owned.contains(partition) || !before.contains(partition))
                        .as("%s is not taken from its owner and given away at once", partition).isTrue();
            }
            Set<TopicPartition> gone = new HashSet<>(member.owned);
            gone.removeAll(own.partitions());
            gone.forEach(member.handover::forget);
            revoked.put(name, gone);
            member.owned.clear();
            member.owned.addAll(own.partitions());
        });
        return revoked;
    }

    private Member member(String name) {
        return Optional.ofNullable(members.get(name)).orElseThrow();
    }

    private void join(String name, boolean knows) {
        members.put(name, Member.of(knows));
    }

    @Test
    void a_newcomer_gets_what_the_others_have_released_and_nothing_before() {
        join("a", true);
        join("b", true);
        round("a");
        join("c", true);
        assertThat(round("a").values()).allMatch(Set::isEmpty);
        assertThat(member("a").handover.asked()).hasSize(2);
        assertThat(member("b").handover.asked()).hasSize(2);
        assertThat(member("c").owned).isEmpty();
        Set<TopicPartition> asked = Set.copyOf(member("a").handover.asked());
        member("a").releaseAll();
        assertThat(round("b")).containsEntry("a", asked).containsEntry("b", Set.of());
        assertThat(round("a").values()).allMatch(Set::isEmpty);
        assertThat(member("c").owned).isEqualTo(asked);
        member("b").releaseAll();
        round("a");
        round("a");
        assertThat(members.values()).allMatch(member -> member.owned.size() == 4)
                .allMatch(member -> member.handover.asked().isEmpty())
                .allMatch(member -> member.handover.released().isEmpty());
    }

    @Test
    void what_was_asked_for_stays_when_the_newcomer_has_gone() {
        join("a", true);
        round("a");
        join("b", true);
        round("a");
        assertThat(member("a").handover.asked()).hasSize(6);
        members.remove("b");
        round("a");
        assertThat(member("a").handover.asked()).isEmpty();
        assertThat(member("a").owned).hasSize(PARTITIONS);
    }

    @Test
    void a_member_or_a_leader_of_the_former_version_moves_partitions_at_once_as_before() {
        join("new", true);
        join("old", false);
        round("old");
        join("newcomer", true);
        Map<String, Set<TopicPartition>> revoked = round("new");
        assertThat(revoked.get("old")).hasSize(2);
        assertThat(revoked.get("new")).isEmpty();
        assertThat(member("new").handover.asked()).hasSize(2);
        assertThat(round("old").get("new")).as("a leader of the former version asks nobody").hasSize(2);
        round("old");
        assertThat(members.values()).allMatch(member -> member.owned.size() == 4);
    }

    @Test
    void whoever_joins_leaves_or_leads_in_whatever_version_all_partitions_have_one_owner_in_the_end() {
        for (long seed = 1; seed <= 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            members.clear();
            join("m0", random.nextBoolean());
            for (int step = 1; step < 30; step++) {
                if (random.nextInt(3) == 0) {
                    join("m" + step, random.nextInt(4) > 0);
                } else if (members.size() > 1 && random.nextInt(4) == 0) {
                    members.remove(any(random));
                }
                members.values().stream().filter(any -> random.nextBoolean()).forEach(Member::releaseAll);
                Map<String, Set<TopicPartition>> released = new HashMap<>();
                members.forEach((name, member) -> released.put(name, Set.copyOf(member.handover.released())));
                String leader = any(random);
                long at = seed;
                boolean leaderKnows = member(leader).knows;
                round(leader).forEach((name, gone) -> {
                    if (leaderKnows && member(name).knows) {
                        assertThat(released.get(name)).as("seed %d, member %s", at, name).containsAll(gone);
                    }
                });
            }
            for (int step = 0; step < 4; step++) {
                members.values().forEach(Member::releaseAll);
                round(any(random));
            }
            int fair = PARTITIONS / members.size();
            assertThat(members.values().stream().mapToInt(member -> member.owned.size()).sum()).as("seed %d", seed)
                    .isEqualTo(PARTITIONS);
            assertThat(members.values()).as("seed %d", seed).allMatch(
                    member -> member.owned.size() == fair || member.owned.size() == fair + 1);
        }
    }

    private String any(SplittableRandom random) {
        return List.copyOf(members.keySet()).get(random.nextInt(members.size()));
    }

    @Test
    void what_others_wrote_or_what_is_damaged_says_nothing() {
        Set<TopicPartition> some = Set.of(new TopicPartition("llm.requests.p.standard", 3),
                new TopicPartition("llm.retry.p.standard", 0));
        ByteBuffer written = Handover.write(ByteBuffer.allocate(4), some);
        assertThat(Handover.read(written, 4)).contains(some);
        assertThat(Handover.read(null, 0)).isEmpty();
        assertThat(Handover.read(ByteBuffer.allocate(4), 4)).isEmpty();
        assertThat(Handover.read(ByteBuffer.allocate(40), 4)).isEmpty();
        for (int length = 0; length < written.remaining(); length++) {
            assertThat(Handover.read(written.duplicate().limit(length), 4)).isEmpty();
        }
    }
}
