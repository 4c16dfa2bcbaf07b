package dev.signalbox.workers.intake;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Configurable;

/**
 * Kafka's cooperative sticky assignor under its own name, so that members of former versions go on in the same group, but
 * nothing moves away from a member before it has finished what runs there; see {@link Handover}. Made by the consumer.
 */
public final class HandoverAssignor extends CooperativeStickyAssignor implements Configurable {
    /** Key of the consumer's properties with its {@link Handover}. */
    static final String HANDOVER = "signalbox.handover";

    private Handover handover = new Handover();

    @Override
    public void configure(Map<String, ?> properties) {
        if (properties.get(HANDOVER) instanceof Handover given) {
            handover = given;
        }
    }

    @Override
    public ByteBuffer subscriptionUserData(Set<String> topics) {
        return Handover.write(super.subscriptionUserData(topics), handover.released());
    }

    @Override
    public GroupAssignment assign(Cluster cluster, GroupSubscription subscriptions) {
        Map<String, Integer> partitions = new HashMap<>();
        cluster.topics().forEach(topic -> {
            Integer count = cluster.partitionCountForTopic(topic);
            partitions.put(topic, count == null ? 0 : count);
        });
        return new GroupAssignment(Handover.plan(super.assign(cluster, subscriptions).groupAssignment(),
                subscriptions.groupSubscription(), partitions));
    }

    @Override
    public void onAssignment(Assignment assignment, ConsumerGroupMetadata group) {
        super.onAssignment(assignment, group);
        handover.ask(Handover.read(assignment.userData(), 0).orElse(Set.of()));
    }
}
