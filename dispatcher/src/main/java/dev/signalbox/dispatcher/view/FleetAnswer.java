package dev.signalbox.dispatcher.view;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.streams.state.HostInfo;

/**
 * What all instances together hold of a store, and whose part is missing.
 *
 * @param rows by key
 * @param away empty: nothing is missing
 * @param cut whether there are more rows than were asked for
 */
record FleetAnswer(SortedMap<String, JsonNode> rows, List<Away> away, boolean cut) {
    /**
     * An instance whose part is missing.
     *
     * @param why for a person
     */
    record Away(String instance, SortedSet<Integer> partitions, String why) {
        Away(String instance, Set<Integer> partitions, String why) {
            this(instance, Collections.unmodifiableSortedSet(new TreeSet<>(partitions)), why);
        }
    }

    /** What an instance said: exactly one of the two. */
    sealed interface Told {
        record Rows(InstanceAnswer answer) implements Told {
        }

        record Nothing(String why) implements Told {
        }
    }

    boolean isWhole() {
        return away.isEmpty();
    }

    /**
     * @param owners what each instance should hold; empty: nothing is assigned yet, and that is no whole answer
     * @param told by each of them
     * @param most rows, the first ones by key
     */
    static FleetAnswer of(Map<HostInfo, Set<Integer>> owners, Map<HostInfo, Told> told, int most) {
        NavigableMap<String, JsonNode> rows = new TreeMap<>();
        List<Away> away = new ArrayList<>();
        if (owners.isEmpty()) {
            away.add(new Away("?", Set.of(), "no partition is assigned yet"));
        }
        owners.entrySet().stream().sorted(Comparator.comparing(owner -> owner.getKey().toString())).forEach(owner -> {
            switch (told.getOrDefault(owner.getKey(), new Told.Nothing("was not asked"))) {
                case Told.Rows(InstanceAnswer answer) -> {
                    answer.rows().forEach(rows::putIfAbsent);
                    Set<Integer> missing = new TreeSet<>(owner.getValue());
                    missing.removeAll(answer.partitions());
                    if (!missing.isEmpty()) {
                        away.add(new Away(name(owner.getKey()), missing, "is taking these over, or handing them over"));
                    }
                }
                case Told.Nothing(String why) -> away.add(new Away(name(owner.getKey()), owner.getValue(), why));
            }
        });
        boolean cut = rows.size() > most;
        while (rows.size() > most) {
            rows.pollLastEntry();
        }
        return new FleetAnswer(rows, away, cut);
    }

    static String name(HostInfo instance) {
        return instance.host() + ":" + instance.port();
    }
}
