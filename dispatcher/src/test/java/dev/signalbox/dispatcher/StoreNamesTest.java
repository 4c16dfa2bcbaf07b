package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.availability.AvailabilityBoard;
import dev.signalbox.dispatcher.availability.AvailabilityTopology;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.dispatcher.usage.UsageTopology;
import java.time.Duration;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription.Processor;
import org.apache.kafka.streams.TopologyDescription.Sink;
import org.apache.kafka.streams.TopologyDescription.Source;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A store's name is part of its changelog topic's, a repartition's of its topic's: renamed, the new version would begin
 * with nothing while the old one's state lies unread, and a rolling upgrade would have both at once.
 */
@Tag("issue-5")
class StoreNamesTest {
    @Test
    void namesThatKafkaKeepsStateUnderNeverChange() {
        SortedSet<String> now = new TreeSet<>();
        add(now, StreamsSettings.CONTROL, ControlDriver.topology(new AtomicLong()));
        add(now, StreamsSettings.USAGE, usage());
        SortedSet<String> kept = new TreeSet<>(StoredForms.text("names.txt").lines().toList());

        SortedSet<String> lost = new TreeSet<>(kept);
        lost.removeAll(now);
        assertThat(lost).as("renamed or removed: their topics' contents would be lost at the next upgrade. "
                + "Keep the name, or read the old topics once and say so in a record of the decision").isEmpty();
        SortedSet<String> added = new TreeSet<>(now);
        added.removeAll(kept);
        assertThat(added).as("new names: add them to src/test/resources/stores/names.txt, where they stay").isEmpty();
    }

    @Test
    void whatEachStoreHoldsIsKeptInTheFormOfItsFirstVersion() {
        SortedSet<String> stores = StoreNames.of(ControlDriver.topology(new AtomicLong()));
        stores.addAll(StoreNames.of(usage()));
        // Sums of hours and days are one kind of record.
        stores.remove("usage-daily");
        // Records of llm.status as they are, which the registry's rule keeps readable.
        stores.remove("request-status");
        // Records of llm.capacity.grants, likewise.
        stores.remove("capacity-grants");
        assertThat(stores).allSatisfy(store -> assertThat(StoredForms.of(store + ".v1.hex")).isNotEmpty());
    }

    private static Topology usage() {
        return new UsageTopology(() -> Duration.ofMinutes(1), new FleetTime(() -> 0), none(), serde(), serde(), serde(),
                (scope, name) -> false,
                new AvailabilityTopology(serde(), serde(), new AvailabilityBoard(() -> "test", Map::of))).build();
    }

    private static void add(SortedSet<String> names, String application, Topology topology) {
        StoreNames.of(topology).forEach(store -> names.add(application + "-" + store + "-changelog"));
        topology.describe().subtopologies().forEach(part -> part.nodes().forEach(node -> {
            switch (node) {
                case Source source -> names.add(application + " source " + source.name());
                case Processor processor -> names.add(application + " processor " + processor.name());
                case Sink sink -> {
                    names.add(application + " sink " + sink.name());
                    if (sink.topic().endsWith("-repartition")) {
                        names.add(application + "-" + sink.topic());
                    }
                }
                default -> throw new AssertionError(node);
            }
        }));
    }

    private static <T> Deserializer<T> none() {
        return (topic, bytes) -> null;
    }

    private static <T> Serde<T> serde() {
        return Serdes.serdeFrom((topic, value) -> null, none());
    }
}
