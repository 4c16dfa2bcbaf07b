package dev.signalbox.cli.prices;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.PriceTable.Price;
import java.io.StringReader;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** The {@code prices:} of a configuration's text; the rest of it keeps each letter and comment. */
public final class PricesYaml {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z][A-Za-z0-9._/-]*");

    private PricesYaml() {
    }

    /**
     * @param text of a configuration that was found valid
     * @throws IllegalArgumentException if it is one flow mapping ({@code {…}}), into which no block fits
     */
    public static String replaced(String text, PriceTable prices) {
        Node root = new Yaml(new SafeConstructor(new LoaderOptions())).compose(new StringReader(text));
        if (!(root instanceof MappingNode mapping) || isFlow(mapping.getFlowStyle())) {
            throw new IllegalArgumentException("not in block style");
        }
        int[] points = text.codePoints().toArray();
        for (NodeTuple entry : mapping.getValue()) {
            if (entry.getKeyNode() instanceof ScalarNode key && key.getValue().equals("prices")) {
                return text(points, 0, key.getStartMark().getIndex()) + block(prices)
                        + text(points, end(points, entry.getValueNode()), points.length);
            }
        }
        return text + (text.endsWith("\n") ? "" : "\n") + "\n" + block(prices);
    }

    private static String text(int[] points, int from, int to) {
        return new String(points, from, to - from);
    }

    /** Behind the last line that belongs to the node; a block's own mark is where the next token begins. */
    private static int end(int[] points, Node node) {
        int end = last(node);
        while (end < points.length && points[end] != '\n') {
            end++;
        }
        return Math.min(end + 1, points.length);
    }

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

    private static boolean isFlow(FlowStyle style) {
        return style == FlowStyle.FLOW;
    }

    /** The block, with a line end. */
    static String block(PriceTable prices) {
        StringBuilder text = new StringBuilder("prices:\n  version: ").append(quoted(prices.version()))
                .append("\n  currency: ").append(prices.currency()).append("\n  deployments:\n");
        Map<DeploymentName, List<Price>> all = prices.prices().stream()
                .collect(Collectors.groupingBy(Price::deployment, LinkedHashMap::new, Collectors.toList()));
        all.forEach((name, known) -> {
            text.append("    ").append(quoted(name.toString())).append(":\n");
            known.forEach(price -> text.append("      - ").append(line(price)).append('\n'));
        });
        return text.toString();
    }

    private static String quoted(String word) {
        return PLAIN.matcher(word).matches() ? word : "\"" + word.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static String line(Price price) {
        StringBuilder line = new StringBuilder("{ ");
        if (!price.effectiveFrom().equals(LocalDate.EPOCH)) {
            line.append("from: ").append(price.effectiveFrom()).append(", ");
        }
        line.append("input_per_million: ").append(plain(price.input()));
        price.cachedInput().ifPresent(cost -> line.append(", cached_input_per_million: ").append(plain(cost)));
        price.cacheWrite().ifPresent(cost -> line.append(", cache_write_per_million: ").append(plain(cost)));
        return line.append(", output_per_million: ").append(plain(price.output())).append(" }").toString();
    }

    private static String plain(BigDecimal cost) {
        return cost.toPlainString();
    }
}
