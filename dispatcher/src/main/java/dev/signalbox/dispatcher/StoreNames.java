package dev.signalbox.dispatcher;

import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription.Processor;

/** Names of all stores of a topology. */
final class StoreNames {
    private StoreNames() {
    }

    static SortedSet<String> of(Topology topology) {
        SortedSet<String> names = new TreeSet<>();
        topology.describe().subtopologies().forEach(part -> part.nodes().forEach(node -> {
            if (node instanceof Processor processor) {
                names.addAll(processor.stores());
            }
        }));
        return names;
    }
}
