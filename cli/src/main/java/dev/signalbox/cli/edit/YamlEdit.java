package dev.signalbox.cli.edit;

import java.io.StringReader;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Sets a value in a YAML text by the path of its keys; every other letter, comment and the order of keys stay. */
public final class YamlEdit {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z][A-Za-z0-9._/-]*");

    private YamlEdit() {
    }

    /**
     * @param path keys from the top; those that are missing are made
     * @param value as YAML on one line
     * @throws IllegalArgumentException if something on the way is no mapping
     */
    public static String set(String text, List<String> path, String value) {
        Node node = root(text);
        for (int i = 0; i < path.size(); i++) {
            MappingNode mapping = mapping(node, path.subList(0, i));
            Optional<NodeTuple> entry = entry(mapping, path.get(i));
            if (entry.isEmpty()) {
                return added(text, mapping, line(path.subList(i, path.size()), value));
            }
            if (i == path.size() - 1) {
                return replaced(text, entry.get(), value);
            }
            node = entry.get().getValueNode();
        }
        throw new IllegalArgumentException("an empty path");
    }

    /** The words of a list at that path; empty if there is none. */
    public static List<String> list(String text, List<String> path) {
        return at(text, path).filter(SequenceNode.class::isInstance).map(SequenceNode.class::cast)
                .map(list -> list.getValue().stream().filter(ScalarNode.class::isInstance)
                        .map(each -> ((ScalarNode) each).getValue()).toList())
                .orElse(List.of());
    }

    /** Whether anything is there. */
    public static boolean has(String text, List<String> path) {
        return at(text, path).isPresent();
    }

    private static Optional<Node> at(String text, List<String> path) {
        Node node = root(text);
        for (String key : path) {
            Optional<NodeTuple> entry = node instanceof MappingNode mapping ? entry(mapping, key) : Optional.empty();
            if (entry.isEmpty()) {
                return Optional.empty();
            }
            node = entry.get().getValueNode();
        }
        return Optional.of(node);
    }

    /** A key or value as it stands in YAML. */
    public static String quoted(String word) {
        return PLAIN.matcher(word).matches() ? word : "\"" + word.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static Node root(String text) {
        Node root = new Yaml(new SafeConstructor(new LoaderOptions())).compose(new StringReader(text));
        if (root == null) {
            throw new IllegalArgumentException("an empty text");
        }
        return root;
    }

    private static MappingNode mapping(Node node, List<String> path) {
        if (node instanceof MappingNode mapping
                && (!mapping.getValue().isEmpty() || isFlow(mapping.getFlowStyle()))) {
            return mapping;
        }
        throw new IllegalArgumentException(
                (path.isEmpty() ? "the text" : String.join(".", path)) + " is no mapping with entries");
    }

    private static Optional<NodeTuple> entry(MappingNode mapping, String key) {
        return mapping.getValue().stream()
                .filter(entry -> entry.getKeyNode() instanceof ScalarNode scalar && scalar.getValue().equals(key))
                .findFirst();
    }

    private static String line(List<String> path, String value) {
        StringBuilder line = new StringBuilder(quoted(path.getFirst())).append(": ");
        path.stream().skip(1).forEach(key -> line.append("{ ").append(quoted(key)).append(": "));
        return line.append(value).append(" }".repeat(path.size() - 1)).toString();
    }

    private static String added(String text, MappingNode mapping, String line) {
        int[] points = text.codePoints().toArray();
        if (isFlow(mapping.getFlowStyle())) {
            int close = mapping.getEndMark().getIndex() - 1;
            int last = close;
            while (last > 0 && Character.isWhitespace(points[last - 1])) {
                last--;
            }
            String before = mapping.getValue().isEmpty() ? " " : points[last - 1] == ',' ? " " : ", ";
            String after = last == close ? (mapping.getValue().isEmpty() ? " " : "") : "";
            return part(points, 0, last) + before + line + after + part(points, last, points.length);
        }
        int column = mapping.getValue().getFirst().getKeyNode().getStartMark().getColumn();
        int end = lineEnd(points, last(mapping));
        String head = part(points, 0, end);
        return head + (head.endsWith("\n") ? "" : "\n") + " ".repeat(column) + line + "\n"
                + part(points, end, points.length);
    }

    private static String replaced(String text, NodeTuple entry, String value) {
        int[] points = text.codePoints().toArray();
        Node old = entry.getValueNode();
        if (old instanceof ScalarNode || isFlow(old)) {
            boolean bare = old.getStartMark().getIndex() == old.getEndMark().getIndex();
            return part(points, 0, old.getStartMark().getIndex()) + (bare ? " " : "") + value
                    + part(points, old.getEndMark().getIndex(), points.length);
        }
        int colon = entry.getKeyNode().getEndMark().getIndex();
        while (points[colon] != ':') {
            colon++;
        }
        return part(points, 0, colon + 1) + " " + value + part(points, last(old), points.length);
    }

    private static String part(int[] points, int from, int to) {
        return new String(points, from, to - from);
    }

    /** Behind the line in which the index is. */
    private static int lineEnd(int[] points, int index) {
        int end = index;
        while (end < points.length && points[end] != '\n') {
            end++;
        }
        return Math.min(end + 1, points.length);
    }

    /** Where the node's last letter ends; a block's own mark is where the next token begins. */
    private static int last(Node node) {
        if (node instanceof MappingNode mapping && !isFlow(mapping.getFlowStyle()) && !mapping.getValue().isEmpty()) {
            return last(mapping.getValue().getLast().getValueNode());
        }
        if (node instanceof SequenceNode sequence && !isFlow(sequence.getFlowStyle())
                && !sequence.getValue().isEmpty()) {
            return last(sequence.getValue().getLast());
        }
        return node.getEndMark().getIndex();
    }

    private static boolean isFlow(Node node) {
        return (node instanceof MappingNode mapping && isFlow(mapping.getFlowStyle()))
                || (node instanceof SequenceNode sequence && isFlow(sequence.getFlowStyle()));
    }

    private static boolean isFlow(FlowStyle style) {
        return style == FlowStyle.FLOW;
    }
}
