package dev.signalbox.config.topics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.config.topics.TopicAdmin.Applied;
import dev.signalbox.config.topics.TopicAdmin.PartitionChange;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.test.KafkaClusterTestKit;
import org.apache.kafka.common.test.TestKitNodes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** Against two real brokers, in the order of an installation's life. */
@Tag("issue-2")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TopicAdminTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final KafkaClusterTestKit cluster = cluster();
    private final Admin admin = admin();
    private final TopicAdmin topics = new TopicAdmin(admin);
    private final TopicCatalogue first = TopicCatalogue.of(TopicSamples.configuration("partitions: 2"));

    private static KafkaClusterTestKit cluster() {
        try {
            KafkaClusterTestKit cluster = new KafkaClusterTestKit.Builder(
                    new TestKitNodes.Builder().setCombined(true).setNumBrokerNodes(2).setNumControllerNodes(1).build())
                    .build();
            cluster.format();
            cluster.startup();
            cluster.waitForReadyBrokers();
            return cluster;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()));
    }

    @BeforeAll
    void twoBrokers() throws Exception {
        assertThat(admin.describeCluster().nodes().get()).hasSize(2);
    }

    @AfterAll
    void stop() throws Exception {
        admin.close();
        cluster.close();
    }

    @Test
    @Order(1)
    void before_anything_is_created_everything_is_missing() throws InterruptedException {
        assertThat(topics.differences(first)).hasSameSizeAs(first.topics())
                .allMatch(difference -> difference instanceof TopicDifference.Missing);
    }

    @Test
    @Order(2)
    void missing_topics_are_created_as_the_catalogue_has_them() throws InterruptedException {
        assertThat(topics.createMissing(first, TIMEOUT))
                .containsExactlyInAnyOrderElementsOf(first.topics().stream().map(TopicSpec::name).toList());
        assertThat(topics.differences(first)).isEmpty();
        FoundTopic requests = topics.describe(first).get("llm.requests.low.batch");
        assertThat(requests).isNotNull();
        assertThat(requests.replicationFactor()).isEqualTo(2);
        assertThat(requests.configs()).containsEntry("message.timestamp.type", "LogAppendTime")
                .containsEntry("min.insync.replicas", "1");
        assertThat(topics.createMissing(first, TIMEOUT)).isEmpty();
    }

    @Test
    @Order(3)
    void what_changed_is_altered_and_partitions_only_when_asked() throws InterruptedException {
        TopicCatalogue changed = TopicCatalogue
                .of(TopicSamples.configuration("partitions: 3, reply_retention: 1h, replication_factor: 1"));
        Applied kept = topics.apply(changed, PartitionChange.KEEP, TIMEOUT);
        assertThat(kept.closed()).extracting(Object::toString).contains(
                "llm.replies: retention.ms is 604800000, wanted is 3600000");
        assertThat(kept.left()).extracting(Object::toString).contains(
                "llm.replies: has 2 partitions, wanted are 3",
                "llm.replies: has replication factor 2, wanted is 1; change it with kafka-reassign-partitions");

        Applied raised = topics.apply(changed, PartitionChange.RAISE, TIMEOUT);
        assertThat(raised.closed()).extracting(Object::toString)
                .contains("llm.replies: has 2 partitions, wanted are 3");
        assertThat(topics.differences(changed)).isNotEmpty()
                .allMatch(difference -> difference instanceof TopicDifference.Replication);
    }

    @Test
    @Order(4)
    void partitions_are_never_taken_away_and_a_removed_pools_topics_are_told() throws InterruptedException {
        TopicCatalogue fewer = new TopicCatalogue(
                first.topics().stream().filter(topic -> !topic.name().endsWith(".low.batch")).toList());
        Applied applied = topics.apply(fewer, PartitionChange.RAISE, TIMEOUT);
        assertThat(applied.left()).extracting(Object::toString)
                .contains("llm.replies: has 3 partitions, wanted are 2; partitions cannot be taken away")
                .anyMatch(line -> line.startsWith("llm.requests.low.batch: no pool has the lane low.batch"));
    }

    @Test
    @Order(5)
    void more_replicas_than_brokers_are_refused_with_the_cure() {
        TopicCatalogue three = new TopicCatalogue(
                List.of(new TopicSpec("llm.replies.new", 1, OptionalInt.of(3), OptionalInt.empty(), Map.of())));
        assertThatThrownBy(() -> topics.createMissing(three, TIMEOUT))
                .isInstanceOf(InvalidReplicationFactorException.class)
                .hasMessage("topic llm.replies.new is to have 3 replicas"
                        + " and the cluster has 2 brokers: lower topics.replication_factor, or leave it out");
    }
}
