package dev.signalbox.dispatcher;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription.Node;
import org.apache.kafka.streams.TopologyDescription.Processor;
import org.apache.kafka.streams.TopologyDescription.Sink;
import org.apache.kafka.streams.TopologyDescription.Source;
import org.apache.kafka.streams.TopologyDescription.Subtopology;

/** A topology as a Mermaid drawing: topics round, stores as drums, each sub-topology in its frame, in flow order. */
public final class TopologyDrawing {
    private TopologyDrawing() {
    }

    public static String of(Topology topology) {
        List<String> lines = new ArrayList<>(List.of("flowchart LR"));
        topology.describe().subtopologies().stream().sorted(Comparator.comparingInt(Subtopology::id))
                .forEach(part -> draw(part, lines));
        return String.join("\n", lines) + "\n";
    }

    private static void draw(Subtopology part, List<String> lines) {
        List<Node> nodes = part.nodes().stream().sorted(Comparator.comparing(Node::name)).map(Node.class::cast)
                .toList();
        lines.add("    subgraph s" + part.id() + " [sub-topology " + part.id() + "]");
        for (Node node : nodes) {
            lines.add("        " + id(node.name()) + "[" + node.name() + "]");
            if (node instanceof Processor processor) {
                processor.stores().stream().sorted().forEach(store -> lines
                        .add("        " + id(node.name()) + " -.- store_" + id(store) + "[(" + store + ")]"));
            }
            node.successors().stream().map(Node::name).sorted()
                    .forEach(next -> lines.add("        " + id(node.name()) + " --> " + id(next)));
        }
        lines.add("    end");
        for (Node node : nodes) {
            switch (node) {
                case Source source -> source.topicSet().stream().sorted()
                        .forEach(topic -> lines.add("    " + topic(topic) + " --> " + id(node.name())));
                case Sink sink -> lines.add("    " + id(node.name()) + " --> " + topic(sink.topic()));
                default -> {
                }
            }
        }
    }

    private static String id(String name) {
        return name.replaceAll("[^a-z0-9]", "_");
    }

    private static String topic(String name) {
        return "topic_" + id(name) + "([" + name + "])";
    }
}
