package dev.signalbox.dispatcher.view;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What one instance holds of a store.
 *
 * @param partitions whose rows these are: none of them lacks one, but by the limit that was asked for
 * @param rows by key
 */
record InstanceAnswer(Set<Integer> partitions, SortedMap<String, JsonNode> rows) {
    static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

    /** {@code {"partitions":[0,2],"rows":{"key":{…}}}}. */
    String toJson() {
        ObjectNode all = JSON.createObjectNode();
        ArrayNode held = all.putArray("partitions");
        partitions.forEach(held::add);
        ObjectNode found = all.putObject("rows");
        rows.forEach(found::set);
        return text(all);
    }

    static String text(JsonNode json) {
        try {
            return JSON.writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree in memory", e);
        }
    }

    /** @throws IOException if it is not such an answer */
    static InstanceAnswer of(byte[] json) throws IOException {
        JsonNode all = JSON.readTree(json);
        if (!all.path("partitions").isArray() || !all.path("rows").isObject()) {
            throw new IOException("not what an instance answers");
        }
        Set<Integer> partitions = new TreeSet<>();
        all.path("partitions").forEach(partition -> partitions.add(partition.asInt()));
        SortedMap<String, JsonNode> rows = new TreeMap<>();
        all.path("rows").properties().forEach(row -> rows.put(row.getKey(), row.getValue()));
        return new InstanceAnswer(partitions, rows);
    }
}
