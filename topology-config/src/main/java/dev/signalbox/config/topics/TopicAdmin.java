package dev.signalbox.config.topics;

import dev.signalbox.config.topics.TopicDifference.Cure;
import dev.signalbox.config.topics.TopicDifference.Missing;
import dev.signalbox.config.topics.TopicDifference.Partitions;
import dev.signalbox.config.topics.TopicDifference.Setting;
import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Compares the catalogue with a cluster and closes the difference. Blocking. What Kafka refuses or does not answer comes
 * out as Kafka's own {@link KafkaException}, its message naming the topics where Kafka's does not.
 */
public final class TopicAdmin {
    /** Between two looks at a cluster whose brokers still learn of a change. */
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

    private final Admin admin;

    /** @param admin stays the caller's to close */
    public TopicAdmin(Admin admin) {
        this.admin = admin;
    }

    /** What {@link #apply} may do about partitions. */
    public enum PartitionChange {
        /** Nothing: they are left as they are, and told. */
        KEEP,
        /** Add those that are missing. */
        RAISE
    }

    /**
     * What {@link #apply} came to.
     *
     * @param closed the differences that are gone now
     * @param left those that stay, each of which says why
     */
    public record Applied(List<TopicDifference> closed, List<TopicDifference> left) {
    }

    /** The cluster's topics of those names, and the lanes' topics that are there besides; by name. */
    public Map<String, FoundTopic> describe(TopicCatalogue catalogue) throws InterruptedException {
        Set<String> wanted = catalogue.topics().stream().map(TopicSpec::name).collect(Collectors.toSet());
        Set<String> there = new TreeSet<>(get(admin.listTopics().names()));
        there.removeIf(name -> !wanted.contains(name) && Lane.ofTopic(name).isEmpty());
        Map<String, TopicDescription> descriptions = get(admin.describeTopics(there).allTopicNames());
        List<ConfigResource> resources = there.stream().map(TopicAdmin::resource).toList();
        Map<ConfigResource, Config> configs = get(admin.describeConfigs(resources).all());
        Map<String, FoundTopic> found = new LinkedHashMap<>();
        descriptions.forEach((name, description) -> {
            Map<String, String> values = new HashMap<>();
            for (ConfigEntry entry : configs.getOrDefault(resource(name), new Config(List.of())).entries()) {
                if (entry.value() != null) {
                    values.put(entry.name(), entry.value());
                }
            }
            found.put(name, new FoundTopic(name, description.partitions().size(),
                    description.partitions().getFirst().replicas().size(), values));
        });
        return found;
    }

    /** What differs between the catalogue and the cluster. */
    public List<TopicDifference> differences(TopicCatalogue catalogue) throws InterruptedException {
        return TopicDifference.between(catalogue, describe(catalogue), brokers());
    }

    /**
     * Creates the topics that are missing and waits until every partition of the catalogue's topics has a leader at
     * work, see {@link TopicReadiness}. Topics that are there are left as they are.
     *
     * @return names of the topics that were created here
     * @throws InvalidReplicationFactorException if there are fewer brokers than replicas were asked for
     * @throws TimeoutException if a partition has no leader in time
     */
    public List<String> createMissing(TopicCatalogue catalogue, Duration timeout) throws InterruptedException {
        Set<String> there = get(admin.listTopics().names());
        List<TopicSpec> missing = catalogue.topics().stream().filter(topic -> !there.contains(topic.name())).toList();
        List<String> created = missing.isEmpty() ? List.of() : create(missing, brokers());
        TopicReadiness.await(admin, catalogue.topics().stream().map(TopicSpec::name).toList(), timeout);
        return created;
    }

    /** Creates what is missing, alters configurations, and adds partitions where that is allowed. */
    public Applied apply(TopicCatalogue catalogue, PartitionChange partitions, Duration timeout)
            throws InterruptedException {
        long start = System.nanoTime();
        List<TopicDifference> before = differences(catalogue);
        create(before.stream().filter(Missing.class::isInstance).map(Missing.class::cast).map(Missing::wanted).toList(),
                brokers());
        alter(before.stream().filter(Setting.class::isInstance).map(Setting.class::cast).toList());
        if (partitions == PartitionChange.RAISE) {
            raise(before.stream().filter(difference -> difference.cure() == Cure.RAISE_PARTITIONS)
                    .map(Partitions.class::cast).toList());
        }
        List<TopicDifference> left = before.stream().filter(difference -> switch (difference.cure()) {
            case CREATE, ALTER -> false;
            case RAISE_PARTITIONS -> partitions == PartitionChange.KEEP;
            case NONE -> true;
        }).toList();
        List<TopicDifference> closed = new ArrayList<>(before);
        closed.removeAll(left);
        awaitClosed(catalogue, closed, start, timeout);
        TopicReadiness.await(admin, catalogue.topics().stream().map(TopicSpec::name).toList(), timeout);
        return new Applied(List.copyOf(closed), left);
    }

    /** Brokers learn of changes with a delay; until then they describe what was. */
    private void awaitClosed(TopicCatalogue catalogue, List<TopicDifference> closed, long start, Duration timeout)
            throws InterruptedException {
        while (true) {
            List<TopicDifference> still = new ArrayList<>(differences(catalogue));
            still.retainAll(closed);
            if (still.isEmpty()) {
                return;
            }
            if (System.nanoTime() - start > timeout.toNanos()) {
                throw new TimeoutException("not in effect after " + timeout.toSeconds() + " s: " + still.getFirst());
            }
            Thread.sleep(BETWEEN_LOOKS);
        }
    }

    private int brokers() throws InterruptedException {
        return get(admin.describeCluster().nodes()).size();
    }

    private List<String> create(Collection<TopicSpec> missing, int brokers) throws InterruptedException {
        List<NewTopic> topics = new ArrayList<>();
        for (TopicSpec topic : missing) {
            int replication = topic.replication(brokers);
            if (replication > brokers) {
                throw new InvalidReplicationFactorException("topic " + topic.name() + " is to have " + replication
                        + " replicas and the cluster has " + brokers + " broker" + (brokers == 1 ? "" : "s")
                        + ": lower topics.replication_factor, or leave it out");
            }
            topics.add(new NewTopic(topic.name(), topic.partitions(), (short) replication)
                    .configs(topic.configs(replication)));
        }
        List<String> created = new ArrayList<>();
        for (Map.Entry<String, KafkaFuture<Void>> result : admin.createTopics(topics).values().entrySet()) {
            if (isCreated(result.getValue())) {
                created.add(result.getKey());
            }
        }
        return List.copyOf(created);
    }

    /** Not if another process was faster; whether it made the same topic is what the differences tell. */
    private static boolean isCreated(KafkaFuture<Void> creation) throws InterruptedException {
        try {
            get(creation);
            return true;
        } catch (TopicExistsException e) {
            return false;
        }
    }

    private void alter(List<Setting> settings) throws InterruptedException {
        Map<ConfigResource, Collection<AlterConfigOp>> changes = new LinkedHashMap<>();
        for (Setting setting : settings) {
            changes.computeIfAbsent(resource(setting.topic()), topic -> new ArrayList<>()).add(new AlterConfigOp(
                    new ConfigEntry(setting.key(), setting.wanted()), AlterConfigOp.OpType.SET));
        }
        if (!changes.isEmpty()) {
            get(admin.incrementalAlterConfigs(changes).all());
        }
    }

    private void raise(List<Partitions> raises) throws InterruptedException {
        Map<String, NewPartitions> changes = raises.stream().collect(
                Collectors.toMap(Partitions::topic, raise -> NewPartitions.increaseTo(raise.wanted())));
        if (!changes.isEmpty()) {
            get(admin.createPartitions(changes).all());
        }
    }

    private static ConfigResource resource(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }

    private static <T> T get(KafkaFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw unwrapped(e);
        }
    }

    private static RuntimeException unwrapped(ExecutionException e) {
        return e.getCause() instanceof RuntimeException cause ? cause : new KafkaException(e.getCause());
    }
}
