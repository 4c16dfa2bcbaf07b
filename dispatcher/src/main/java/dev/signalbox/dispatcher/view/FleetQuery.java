package dev.signalbox.dispatcher.view;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.dispatcher.view.FleetAnswer.Told;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.state.HostInfo;
import org.jspecify.annotations.Nullable;

/** Asks this instance's own tasks and the other owners, all at once. For any number of threads. */
final class FleetQuery {
    /** Pages of the instances for each other: {@code /instance} and a view's path. */
    static final String INSTANCE = "/instance";
    /** Rows of a list, and of an instance's answer. */
    static final int MOST_ROWS = 10_000;
    private static final String PREFIX = "prefix";
    private static final String PARTITION = "partition";

    private final Peers peers;

    FleetQuery(Peers peers) {
        this.peers = peers;
    }

    /** What became of a question for one row. */
    sealed interface Found {
        record Row(JsonNode json) implements Found {
        }

        /** Its owner has none of that key. */
        record Unknown() implements Found {
        }

        record Away(String why) implements Found {
        }
    }

    /** All rows whose key begins so. */
    FleetAnswer all(StoreView view, String prefix) {
        Map<HostInfo, Set<Integer>> owners = view.owners().byInstance();
        Map<HostInfo, CompletableFuture<Told>> asked = new HashMap<>();
        owners.forEach((instance, partitions) -> asked.put(instance, ask(view, instance, Map.of(PREFIX, prefix))));
        Map<HostInfo, Told> told = new HashMap<>();
        asked.forEach((instance, answer) -> told.put(instance, answer.join()));
        return FleetAnswer.of(owners, told, MOST_ROWS);
    }

    /**
     * One row.
     *
     * @param partitionKey what the store is divided by
     * @param key of the row
     */
    Found one(StoreView view, String partitionKey, String key) {
        Owners.Owner owner = view.owners().of(partitionKey).orElse(null);
        if (owner == null) {
            return new Found.Away("no instance is assigned to it yet");
        }
        String who = "its owner, " + FleetAnswer.name(owner.instance()) + ", ";
        return switch (ask(view, owner.instance(),
                Map.of(PREFIX, key, PARTITION, Integer.toString(owner.partition()))).join()) {
            case Told.Nothing(String why) -> new Found.Away(who + why);
            case Told.Rows(InstanceAnswer answer) when !answer.partitions().contains(owner.partition()) ->
                new Found.Away(who + "is taking it over, or handing it over");
            case Told.Rows(InstanceAnswer answer) -> {
                JsonNode row = answer.rows().get(key);
                yield row == null ? new Found.Unknown() : new Found.Row(row);
            }
        };
    }

    private CompletableFuture<Told> ask(StoreView view, HostInfo instance, Map<String, String> question) {
        return instance.equals(view.owners().self())
                ? CompletableFuture.completedFuture(new Told.Rows(own(view, question)))
                : peers.ask(instance, INSTANCE + view.path(), question);
    }

    /**
     * What this instance's tasks hold.
     *
     * @param question {@code prefix} of the keys, and {@code partition} where only one is asked for
     */
    static InstanceAnswer own(StoreView view, Map<String, String> question) {
        String prefix = question.getOrDefault(PREFIX, "");
        Set<Integer> held = new TreeSet<>();
        NavigableMap<String, JsonNode> rows = new TreeMap<>();
        for (int partition : partitions(view, question.get(PARTITION))) {
            try {
                rows.putAll(view.reader().rows(partition, prefix, MOST_ROWS + 1));
                held.add(partition);
            } catch (InvalidStateStoreException e) {
                // Another instance's, or not restored yet: it is not among those that the answer is of.
            }
        }
        while (rows.size() > MOST_ROWS + 1) {
            rows.pollLastEntry();
        }
        return new InstanceAnswer(held, rows);
    }

    private static Collection<Integer> partitions(StoreView view, @Nullable String only) {
        Set<Integer> all = new TreeSet<>();
        view.owners().byInstance().values().forEach(all::addAll);
        if (only != null) {
            all.removeIf(partition -> !only.equals(Integer.toString(partition)));
        }
        return all;
    }
}
