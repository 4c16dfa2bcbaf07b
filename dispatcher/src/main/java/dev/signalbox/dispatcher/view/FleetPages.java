package dev.signalbox.dispatcher.view;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.config.admin.AdminAnswer;
import dev.signalbox.config.admin.AdminServer;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Lists and rows of stores, the same from whichever instance is asked. A list that lacks an owner's part is answered with
 * 503, its body has what is known, {@code "complete": false} and who is {@code away}: it is never short in silence.
 */
public final class FleetPages {
    private final FleetQuery query;
    private final AdminServer server;

    public FleetPages(AdminServer server, Peers peers) {
        this.server = server;
        this.query = new FleetQuery(peers);
    }

    /** A list at the view's path; {@code ?prefix=} asks for the keys that begin so. */
    public void list(StoreView view) {
        instance(view);
        server.page(view.path(), (path, asked) -> path.isEmpty() || path.equals("/")
                ? answer(view, query.all(view, asked.getOrDefault("prefix", "")), Map.of())
                : AdminAnswer.text(404, "there is only the list, " + view.path() + "?prefix=…"));
    }

    /**
     * A list, and each row by its key below it.
     *
     * @param expected keys that are there without a row yet
     * @param empty such a row
     */
    public void listAndRows(StoreView view, Supplier<? extends Iterable<String>> expected,
            Function<String, JsonNode> empty) {
        instance(view);
        server.page(view.path(), (path, asked) -> {
            Map<String, JsonNode> rest = new TreeMap<>();
            expected.get().forEach(key -> rest.put(key, empty.apply(key)));
            if (path.isEmpty() || path.equals("/")) {
                String prefix = asked.getOrDefault("prefix", "");
                rest.keySet().removeIf(key -> !key.startsWith(prefix));
                return answer(view, query.all(view, prefix), rest);
            }
            String key = path.substring(1);
            return switch (query.one(view, key, key)) {
                case FleetQuery.Found.Row(JsonNode row) -> AdminAnswer.json(200, InstanceAnswer.text(row) + "\n");
                case FleetQuery.Found.Away(String why) ->
                    AdminAnswer.text(503, "\"" + key + "\" is not known now: " + why + "; try again");
                case FleetQuery.Found.Unknown() -> {
                    JsonNode row = rest.get(key);
                    yield row == null
                            ? AdminAnswer.text(404, "no such " + view.noun() + "; " + view.path() + " lists them")
                            : AdminAnswer.json(200, InstanceAnswer.text(row) + "\n");
                }
            };
        });
    }

    /** One row by its key, which that parameter names, and no list. */
    public void row(StoreView view, String parameter) {
        instance(view);
        server.page(view.path(), (path, asked) -> {
            String key = asked.getOrDefault(parameter, "");
            if (key.isEmpty() || !(path.isEmpty() || path.equals("/"))) {
                return AdminAnswer.text(404, "which " + view.noun() + "? " + view.path() + "?" + parameter + "=…");
            }
            return switch (query.one(view, key, key)) {
                case FleetQuery.Found.Row(JsonNode row) -> AdminAnswer.json(200, InstanceAnswer.text(row) + "\n");
                case FleetQuery.Found.Away(String why) ->
                    AdminAnswer.text(503, "the " + view.noun() + " is not known now: " + why + "; try again");
                case FleetQuery.Found.Unknown() -> AdminAnswer.text(404, "no such " + view.noun() + " is known");
            };
        });
    }

    private void instance(StoreView view) {
        server.page(FleetQuery.INSTANCE + view.path(),
                (path, asked) -> AdminAnswer.json(200, FleetQuery.own(view, asked).toJson()));
    }

    /** @param rest rows that belong into a whole list where it has none of their key */
    private static AdminAnswer answer(StoreView view, FleetAnswer found, Map<String, JsonNode> rest) {
        NavigableMap<String, JsonNode> rows = new TreeMap<>(found.rows());
        if (found.isWhole()) {
            rest.forEach(rows::putIfAbsent);
        }
        ObjectNode all = InstanceAnswer.JSON.createObjectNode();
        all.put("complete", found.isWhole() && !found.cut());
        if (found.cut()) {
            all.put("cut", "there are more than " + FleetQuery.MOST_ROWS + "; ask for fewer with ?prefix=");
        }
        if (!found.isWhole()) {
            ArrayNode away = all.putArray("away");
            found.away().forEach(instance -> {
                ObjectNode one = away.addObject().put("instance", instance.instance()).put("why", instance.why());
                ArrayNode partitions = one.putArray("partitions");
                instance.partitions().forEach(partitions::add);
            });
        }
        StringBuilder text = new StringBuilder(InstanceAnswer.text(all));
        text.setLength(text.length() - 1);
        text.append(",\"").append(view.noun()).append("s\":[");
        String between = "\n";
        for (JsonNode row : rows.values()) {
            text.append(between).append(InstanceAnswer.text(row));
            between = ",\n";
        }
        return AdminAnswer.json(found.isWhole() ? 200 : 503, text.append("\n]}\n").toString());
    }
}
