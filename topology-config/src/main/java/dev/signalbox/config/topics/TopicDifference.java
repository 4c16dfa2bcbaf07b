package dev.signalbox.config.topics;

import dev.signalbox.schemas.Lane;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** One way in which a topic of a cluster differs from the catalogue. Its text form is a sentence for an operator. */
public sealed interface TopicDifference {
    /** The topic's name. */
    String topic();

    /** What closes it. */
    Cure cure();

    /** How a difference is closed. */
    enum Cure {
        /** By creating the topic. */
        CREATE,
        /** By altering its configuration, while it is in use. */
        ALTER,
        /**
         * By adding partitions, when asked to: requests that wait then have their successors in other partitions, so
         * that duplicates of an id that are sent across the change are not joined.
         */
        RAISE_PARTITIONS,
        /** By hand only. */
        NONE
    }

    /** The topic does not exist. */
    record Missing(TopicSpec wanted) implements TopicDifference {
        @Override
        public String topic() {
            return wanted.name();
        }

        @Override
        public Cure cure() {
            return Cure.CREATE;
        }

        @Override
        public String toString() {
            return topic() + ": missing";
        }
    }

    /** The number of partitions; Kafka never takes partitions away. */
    record Partitions(String topic, int wanted, int found) implements TopicDifference {
        @Override
        public Cure cure() {
            return found < wanted ? Cure.RAISE_PARTITIONS : Cure.NONE;
        }

        @Override
        public String toString() {
            return topic + ": has " + found + " partitions, wanted are " + wanted
                    + (found < wanted ? "" : "; partitions cannot be taken away");
        }
    }

    /** The replication factor, which only a reassignment changes. */
    record Replication(String topic, int wanted, int found) implements TopicDifference {
        @Override
        public Cure cure() {
            return Cure.NONE;
        }

        @Override
        public String toString() {
            return topic + ": has replication factor " + found + ", wanted is " + wanted
                    + "; change it with kafka-reassign-partitions";
        }
    }

    /** A value of the topic's configuration. */
    record Setting(String topic, String key, String wanted, String found) implements TopicDifference {
        @Override
        public Cure cure() {
            return Cure.ALTER;
        }

        @Override
        public String toString() {
            return topic + ": " + key + " is " + found + ", wanted is " + wanted;
        }
    }

    /** A topic of a lane that no pool has any more. What waits in it is not read. */
    record Leftover(String topic, Lane lane) implements TopicDifference {
        @Override
        public Cure cure() {
            return Cure.NONE;
        }

        @Override
        public String toString() {
            return topic + ": no pool has the lane " + lane + " any more, so that nothing reads this topic; move what"
                    + " waits in it, then delete it";
        }
    }

    /**
     * All differences, in the catalogue's order, leftovers last.
     *
     * @param found the cluster's topics by name; those that are not Signalbox's are ignored
     * @param brokers of the cluster
     */
    static List<TopicDifference> between(TopicCatalogue catalogue, Map<String, FoundTopic> found, int brokers) {
        List<TopicDifference> differences = new ArrayList<>();
        for (TopicSpec wanted : catalogue.topics()) {
            FoundTopic topic = found.get(wanted.name());
            if (topic == null) {
                differences.add(new Missing(wanted));
            } else {
                compare(wanted, topic, brokers, differences);
            }
        }
        for (String name : new TreeMap<>(found).keySet()) {
            Lane.ofTopic(name).filter(lane -> catalogue.topic(name).isEmpty())
                    .ifPresent(lane -> differences.add(new Leftover(name, lane)));
        }
        return List.copyOf(differences);
    }

    private static void compare(TopicSpec wanted, FoundTopic found, int brokers, List<TopicDifference> differences) {
        if (wanted.partitions() != found.partitions()) {
            differences.add(new Partitions(wanted.name(), wanted.partitions(), found.partitions()));
        }
        int replication = wanted.replication(brokers);
        if (replication != found.replicationFactor()) {
            differences.add(new Replication(wanted.name(), replication, found.replicationFactor()));
        }
        int inSyncOf = wanted.replicationFactor().isPresent() ? replication : found.replicationFactor();
        wanted.configs(inSyncOf).forEach((key, value) -> {
            String is = found.configs().getOrDefault(key, "not set");
            if (!sameList(value, is)) {
                differences.add(new Setting(wanted.name(), key, value, is));
            }
        });
    }

    /** Lists such as {@code compact,delete} are the same in any order. */
    private static boolean sameList(String one, String other) {
        return sorted(one).equals(sorted(other));
    }

    private static String sorted(String list) {
        return Arrays.stream(list.split(",", -1)).map(String::strip).sorted().collect(Collectors.joining(","));
    }
}
