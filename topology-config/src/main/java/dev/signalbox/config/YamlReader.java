package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.StringReader;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Reads YAML into a {@link YamlTree}, putting values in place of references on the way. Plain scalars have the types of
 * YAML 1.2's core schema (so {@code on}, {@code 1:30} and {@code 2026-01-01} are texts); those with references have the
 * type of what they come to. Duplicated keys, keys that are not texts, tags and aliases beyond a bound are problems.
 */
final class YamlReader {
    private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]{1,18}");
    private static final Pattern DECIMAL = Pattern
            .compile("[-+]?(\\.[0-9]{1,30}|[0-9]{1,30}(\\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,2})?");
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final YamlTree tree;
    private final Findings findings;
    private final References references;

    YamlReader(YamlTree tree, Findings findings, References references) {
        this.tree = tree;
        this.findings = findings;
        this.references = references;
    }

    /** Fills the tree; whether there is one, that is, whether the text is YAML at all. */
    boolean read(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setMaxAliasesForCollections(50);
        options.setNestingDepthLimit(50);
        options.setCodePointLimit(8 << 20);
        options.setAllowRecursiveKeys(false);
        try {
            Node node = new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
            if (node == null) {
                findings.add(new Place(1, 1), "the file is empty", Optional.empty());
                return false;
            }
            tree.root(convert(node, Pointer.ROOT, 0));
            return true;
        } catch (MarkedYAMLException e) {
            Place place = e.getProblemMark() == null ? Place.WHOLE_FILE : place(e.getProblemMark());
            String context = e.getContext() == null ? "" : e.getContext() + ": ";
            findings.add(place, "not valid YAML: " + context + e.getProblem(), Optional.empty());
        } catch (YAMLException e) {
            findings.add(Place.WHOLE_FILE, "not valid YAML: " + e.getMessage(), Optional.empty());
        }
        return false;
    }

    private JsonNode convert(Node node, String pointer, int depth) {
        tree.place(pointer, place(node.getStartMark()));
        if (depth > 50) {
            findings.at(pointer, "nested deeper than 50 levels, or an alias that contains itself");
            return JSON.nullNode();
        }
        return switch (node) {
            case MappingNode map -> object(map, pointer, depth);
            case SequenceNode list -> array(list, pointer, depth);
            case ScalarNode scalar -> scalar(scalar, pointer);
            default -> throw new IllegalStateException("a node of " + node.getNodeId());
        };
    }

    private ObjectNode object(MappingNode map, String pointer, int depth) {
        ObjectNode object = JSON.objectNode();
        for (NodeTuple entry : map.getValue()) {
            if (!(entry.getKeyNode() instanceof ScalarNode scalar)) {
                findings.add(place(entry.getKeyNode().getStartMark()), "a key must be a text", Optional.empty());
                continue;
            }
            String key = scalar.getValue();
            Place place = place(scalar.getStartMark());
            String child = Pointer.of(pointer, key);
            if (key.equals("<<") && scalar.isPlain()) {
                findings.add(place, "merge keys (<<) are not supported: write the keys out", Optional.empty());
            } else if (References.occursIn(key)) {
                findings.add(place, "a key cannot hold a reference", Optional.empty());
            } else if (object.has(key)) {
                findings.add(place,
                        "\"" + key + "\" was already given in line " + tree.keyPlace(child).line(), Optional.empty());
            } else {
                tree.keyPlace(child, place);
                object.set(key, convert(entry.getValueNode(), child, depth + 1));
            }
        }
        return object;
    }

    private ArrayNode array(SequenceNode list, String pointer, int depth) {
        ArrayNode array = JSON.arrayNode();
        for (Node item : list.getValue()) {
            array.add(convert(item, Pointer.of(pointer, array.size()), depth + 1));
        }
        return array;
    }

    private JsonNode scalar(ScalarNode scalar, String pointer) {
        String text = scalar.getValue();
        if (References.occursIn(text)) {
            Optional<String> resolved = references.resolve(text, complaint -> findings.at(pointer, complaint));
            tree.reference(pointer, text, resolved.orElse(""));
            if (resolved.isEmpty()) {
                tree.unresolved(pointer);
                return JSON.textNode(text);
            }
            text = resolved.get();
        }
        return scalar.getScalarStyle() == ScalarStyle.PLAIN ? plain(text) : JSON.textNode(text);
    }

    private static JsonNode plain(String text) {
        return switch (text) {
            case "", "~", "null", "Null", "NULL" -> JSON.nullNode();
            case "true", "True", "TRUE" -> JSON.booleanNode(true);
            case "false", "False", "FALSE" -> JSON.booleanNode(false);
            default -> {
                if (INTEGER.matcher(text).matches()) {
                    long number = Long.parseLong(text);
                    yield number == (int) number ? JSON.numberNode((int) number) : JSON.numberNode(number);
                }
                yield DECIMAL.matcher(text).matches()
                        ? DecimalNode.valueOf(new BigDecimal(text))
                        : JSON.textNode(text);
            }
        };
    }

    private static Place place(Mark mark) {
        return new Place(mark.getLine() + 1, mark.getColumn() + 1);
    }
}
