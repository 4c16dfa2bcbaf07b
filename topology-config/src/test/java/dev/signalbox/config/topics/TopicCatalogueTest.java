package dev.signalbox.config.topics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.topics.TopicDifference.Cure;
import dev.signalbox.schemas.Topics;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class TopicCatalogueTest {
    private final TopicCatalogue catalogue = TopicCatalogue.of(TopicSamples.configuration("partitions: 3"));

    @Test
    void each_lane_has_request_overflow_and_retry_topic() {
        assertThat(catalogue.topics().stream().map(TopicSpec::name).filter(name -> name.contains(".high.")
                || name.contains(".low."))).containsExactly("llm.requests.high.interactive",
                        "llm.requests.high.interactive.overflow", "llm.retry.high.interactive",
                        "llm.requests.low.standard", "llm.requests.low.standard.overflow", "llm.retry.low.standard",
                        "llm.requests.low.batch", "llm.requests.low.batch.overflow", "llm.retry.low.batch");
        assertThat(catalogue.topic("llm.requests.low.batch").orElseThrow().partitions()).isEqualTo(3);
    }

    @Test
    void every_topic_that_has_a_name_is_in_it_once() throws IllegalAccessException {
        List<String> named = new ArrayList<>();
        for (Field field : Topics.class.getFields()) {
            if (Modifier.isStatic(field.getModifiers()) && !field.getName().endsWith("FIX")) {
                named.add((String) field.get(null));
            }
        }
        assertThat(catalogue.topics()).extracting(TopicSpec::name).doesNotHaveDuplicates().containsAll(named);
    }

    @Test
    void cleanup_and_clock_are_as_the_architecture_has_them() {
        Map<String, String> cleanup = new LinkedHashMap<>();
        TreeSet<String> brokerClock = new TreeSet<>();
        for (TopicSpec topic : catalogue.topics()) {
            cleanup.put(topic.name(), topic.configs().getOrDefault("cleanup.policy", ""));
            if ("LogAppendTime".equals(topic.configs().get("message.timestamp.type"))) {
                brokerClock.add(topic.name());
            }
        }
        assertThat(cleanup.remove(Topics.REDUNDANCY)).isEqualTo("compact");
        assertThat(cleanup.entrySet().stream().filter(entry -> !entry.getValue().equals("delete"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)))
                .isEqualTo(Map.of(Topics.HEALTH, "compact", Topics.USAGE_HOURLY, "compact", Topics.USAGE_DAILY,
                        "compact", Topics.ALERTS, "compact", Topics.CONFIG, "compact", Topics.BUDGETS, "compact",
                        Topics.AVAILABILITY, "compact",
                        Topics.TENANTS, "compact,delete", Topics.CAPACITY_GRANTS, "compact,delete",
                        Topics.CONTROL, "compact,delete"));
        assertThat(brokerClock).contains(Topics.ATTEMPTS, Topics.CAPACITY_DEMAND, Topics.CONTROL,
                "llm.requests.high.interactive", "llm.retry.low.batch", "llm.requests.low.batch.overflow")
                .doesNotContain(Topics.HEALTH, Topics.CAPACITY_GRANTS, Topics.USAGE);
    }

    @Test
    void requests_stay_a_week_longer_than_the_longest_time_to_live() {
        assertThat(catalogue.topic("llm.requests.low.batch").orElseThrow().configs()).containsEntry("retention.ms",
                Long.toString(8L * 24 * 3600 * 1000)).containsEntry("max.message.bytes", "10485760");
        assertThat(catalogue.topic(Topics.CAPACITY_DEMAND).orElseThrow().configs()).containsEntry("retention.ms",
                "3600000");
    }

    @Test
    void replicas_follow_the_number_of_brokers_unless_they_are_configured() {
        TopicSpec usual = catalogue.topic(Topics.REPLIES).orElseThrow();
        assertThat(List.of(usual.replication(1), usual.replication(2), usual.replication(5))).containsExactly(1, 2, 3);
        assertThat(usual.configs(1)).containsEntry("min.insync.replicas", "1");
        assertThat(usual.configs(3)).containsEntry("min.insync.replicas", "2");
        TopicSpec fixed = TopicCatalogue
                .of(TopicSamples.configuration("replication_factor: 4, min_in_sync_replicas: 3"))
                .topic(Topics.REPLIES).orElseThrow();
        assertThat(fixed.replication(1)).isEqualTo(4);
        assertThat(fixed.configs(4)).containsEntry("min.insync.replicas", "3");
    }

    private Map<String, FoundTopic> asWanted(int brokers) {
        Map<String, FoundTopic> found = new LinkedHashMap<>();
        for (TopicSpec topic : catalogue.topics()) {
            int replication = topic.replication(brokers);
            found.put(topic.name(),
                    new FoundTopic(topic.name(), topic.partitions(), replication, topic.configs(replication)));
        }
        return found;
    }

    @Test
    void a_cluster_as_the_catalogue_has_no_difference() {
        assertThat(TopicDifference.between(catalogue, asWanted(3), 3)).isEmpty();
    }

    @Test
    void each_difference_says_what_is_and_what_is_wanted_and_has_its_cure() {
        Map<String, FoundTopic> found = asWanted(3);
        found.remove(Topics.HEALTH);
        FoundTopic replies = found.get(Topics.REPLIES);
        Map<String, String> configs = new LinkedHashMap<>(replies == null ? Map.of() : replies.configs());
        configs.put("retention.ms", "1000");
        configs.remove("segment.ms");
        found.put(Topics.REPLIES, new FoundTopic(Topics.REPLIES, 2, 1, configs));
        FoundTopic control = found.get(Topics.CONTROL);
        configs = new LinkedHashMap<>(control == null ? Map.of() : control.configs());
        configs.put("cleanup.policy", "delete, compact");
        found.put(Topics.CONTROL, new FoundTopic(Topics.CONTROL, 5, 3, configs));
        found.put("llm.requests.gone.batch", new FoundTopic("llm.requests.gone.batch", 1, 1, Map.of()));
        found.put("llm.replies.mine", new FoundTopic("llm.replies.mine", 1, 1, Map.of()));

        List<TopicDifference> differences = TopicDifference.between(catalogue, found, 3);

        assertThat(differences).extracting(Object::toString).containsExactly(
                "llm.replies: has 2 partitions, wanted are 3",
                "llm.replies: has replication factor 1, wanted is 3; change it with kafka-reassign-partitions",
                "llm.replies: retention.ms is 1000, wanted is 604800000",
                "llm.replies: segment.ms is not set, wanted is 86400000",
                "llm.replies: min.insync.replicas is 2, wanted is 1",
                "llm.health: missing",
                "llm.control: has 5 partitions, wanted are 1; partitions cannot be taken away",
                "llm.requests.gone.batch: no pool has the lane gone.batch any more, so that nothing reads this topic;"
                        + " move what waits in it, then delete it");
        assertThat(differences).extracting(TopicDifference::cure).containsExactly(Cure.RAISE_PARTITIONS, Cure.NONE,
                Cure.ALTER, Cure.ALTER, Cure.ALTER, Cure.CREATE, Cure.NONE, Cure.NONE);
    }
}
