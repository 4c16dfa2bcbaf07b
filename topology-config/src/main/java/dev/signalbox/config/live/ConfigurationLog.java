package dev.signalbox.config.live;

import dev.signalbox.schemas.avro.ConfigurationRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which configuration of {@code llm.config} holds: a pure function of the topic's records in their order, so that all who
 * read it end with the same generation, whenever they began. A record is taken if its parent is the generation that
 * holds; of several with one parent that is the first. One who was away while old records were deleted takes the next
 * record that says so ({@code historyFrom}).
 *
 * <p>Whether a text can be used is not asked here: that may differ from process to process, and the order must not.
 *
 * <p>INVARIANT: generations grow; reading records again changes nothing. Bound: {@value #HISTORY} configurations, and 10,000 keys.
 */
public final class ConfigurationLog {
    /** Configurations that are kept to go back to, the one that holds among them. */
    public static final int HISTORY = 20;

    private static final int KEYS = 10_000;

    private final List<Entry> chain = new ArrayList<>();
    /** Keys in the topic, in its order, and whether each was taken. */
    private final Map<String, Boolean> keys = new LinkedHashMap<>();

    /**
     * A record of the topic.
     *
     * @param key its own, see {@link ConfigurationKey}
     * @param atMillis its append time, on the broker's clock
     */
    public record Entry(String key, long generation, long parent, long historyFrom, String text, String who, String why,
            long atMillis) {
        public static Entry of(String key, ConfigurationRecord record, long atMillis) {
            return new Entry(key, record.getGeneration(), record.getParent(), record.getHistoryFrom(),
                    record.getText(), record.getWho(), record.getWhy(), atMillis);
        }
    }

    /** What became of a record. */
    public sealed interface Reading {
        /** It holds from now on. */
        record Taken(Entry entry) implements Reading {
        }

        /**
         * Its writer did not know what holds, and it changes nothing.
         *
         * @param holds empty: nothing does
         */
        record Outrun(Entry entry, Optional<Entry> holds) implements Reading {
        }

        /** It is known already. */
        record Known(Entry entry) implements Reading {
        }
    }

    public Reading read(Entry entry) {
        Entry holds = chain.isEmpty() ? null : chain.getLast();
        if (holds != null && chain.stream().anyMatch(known -> known.key().equals(entry.key()))) {
            return new Reading.Known(entry);
        }
        long generation = holds == null ? 0 : holds.generation();
        boolean missed = entry.parent() > generation && (holds == null || generation < entry.historyFrom());
        if (entry.generation() != entry.parent() + 1 || (entry.parent() != generation && !missed)) {
            remember(entry, false);
            return new Reading.Outrun(entry, Optional.ofNullable(holds));
        }
        remember(entry, true);
        chain.add(entry);
        if (chain.size() > HISTORY) {
            chain.removeFirst();
        }
        return new Reading.Taken(entry);
    }

    private void remember(Entry entry, boolean taken) {
        if (keys.size() < KEYS) {
            keys.putIfAbsent(entry.key(), taken);
        }
    }

    /** A record was deleted from the topic; what it said holds on. */
    public void deleted(String key) {
        keys.remove(key);
    }

    /**
     * Keys of records before the history, to be deleted in that order: what was never taken first, so that the topic always
     * begins with a record that was, which is what a new reader takes.
     */
    public List<String> beforeHistory() {
        List<String> never = new ArrayList<>();
        List<String> once = new ArrayList<>();
        if (chain.size() == HISTORY) {
            for (Map.Entry<String, Boolean> key : keys.entrySet()) {
                if (key.getKey().equals(chain.getFirst().key())) {
                    break;
                }
                (key.getValue() ? once : never).add(key.getKey());
            }
        }
        never.addAll(once);
        return never;
    }

    /** What holds; empty: there is none yet. */
    public Optional<Entry> holds() {
        return chain.isEmpty() ? Optional.empty() : Optional.of(chain.getLast());
    }

    /** What held and holds, the oldest first. */
    public List<Entry> history() {
        return List.copyOf(chain);
    }

    /** One of the history. */
    public Optional<Entry> generation(long generation) {
        return chain.stream().filter(entry -> entry.generation() == generation).findFirst();
    }

    /** The record that would put a text in force in the place of what holds. */
    public ConfigurationRecord next(String text, String who, String why) {
        long parent = holds().map(Entry::generation).orElse(0L);
        long oldest = Math.max(1, parent + 2 - HISTORY);
        return new ConfigurationRecord(parent + 1, parent, oldest, text, who, why);
    }
}
