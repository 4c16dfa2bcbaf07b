package dev.signalbox.config.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.live.ConfigurationLog.Entry;
import dev.signalbox.config.live.ConfigurationLog.Reading;
import dev.signalbox.schemas.avro.ConfigurationRecord;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-5")
class ConfigurationLogTest {
    private int keys;

    private Entry entry(long generation, long parent, String who) {
        return new Entry("routing/" + generation + "/" + Integer.toHexString(keys++), generation, parent, 1,
                "text of " + who, who, "", 0);
    }

    private Entry next(ConfigurationLog seen, String who) {
        ConfigurationRecord record = seen.next("text of " + who, who, "why");
        return Entry.of("routing/" + record.getGeneration() + "/" + Integer.toHexString(keys++), record, 0);
    }

    @Test
    void of_two_with_one_parent_the_first_in_the_log_holds() {
        ConfigurationLog log = new ConfigurationLog();
        log.read(entry(1, 0, "seed"));
        Entry first = entry(2, 1, "ann");
        Entry second = entry(2, 1, "bob");
        assertThat(log.read(first)).isEqualTo(new Reading.Taken(first));
        assertThat(log.read(second)).isInstanceOfSatisfying(Reading.Outrun.class,
                outrun -> assertThat(outrun.holds()).contains(first));
        assertThat(log.holds()).contains(first);
        assertThat(log.read(first)).isEqualTo(new Reading.Known(first));
    }

    @Test
    void a_parent_that_never_was_and_a_generation_that_does_not_follow_are_left_out() {
        ConfigurationLog log = new ConfigurationLog();
        Entry holds = entry(1, 0, "seed");
        log.read(holds);
        for (Entry wrong : List.of(entry(100, 99, "x"), entry(5, 1, "x"), entry(1, 1, "x"), entry(1, 0, "x"))) {
            assertThat(log.read(wrong)).isInstanceOf(Reading.Outrun.class);
        }
        assertThat(log.holds()).contains(holds);
    }

    @Test
    void who_missed_what_was_deleted_takes_the_next_that_says_so() {
        ConfigurationLog away = new ConfigurationLog();
        away.read(entry(1, 0, "seed"));
        Entry much = new Entry("routing/40/0", 40, 39, 21, "t", "ann", "", 0);
        assertThat(away.read(much)).isEqualTo(new Reading.Taken(much));
    }

    @Test
    void the_history_is_bounded_and_the_next_record_says_where_it_begins() {
        ConfigurationLog log = new ConfigurationLog();
        for (int i = 0; i < 50; i++) {
            log.read(next(log, "ann"));
        }
        assertThat(log.history()).hasSize(ConfigurationLog.HISTORY);
        assertThat(log.history().getFirst().generation()).isEqualTo(51 - ConfigurationLog.HISTORY);
        assertThat(log.holds().orElseThrow().historyFrom()).isEqualTo(log.history().getFirst().generation());
        assertThat(log.generation(50)).isEqualTo(log.holds());
        assertThat(log.generation(1)).isEmpty();
    }

    /**
     * Operators who see the log late, write at once, die before they clean up; readers who begin late, read again, or were
     * away while compaction took records: when all have read all, all have the same.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void all_readers_end_with_the_same(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int run = 0; run < 100; run++) {
            play(random, "seed " + seed + ", run " + run);
        }
    }

    /** The topic: a deleted record stays until compaction comes by. */
    private static final class Topic {
        private final List<Entry> records = new ArrayList<>();
        /** In the order of their deletion. */
        private final Set<String> deleted = new LinkedHashSet<>();
        private final Set<String> compacted = new HashSet<>();

        void readInto(ConfigurationLog log, int from, int to) {
            for (Entry entry : records.subList(from, to)) {
                if (!compacted.contains(entry.key())) {
                    log.read(entry);
                }
            }
        }
    }

    private static final class Reader {
        private ConfigurationLog log = new ConfigurationLog();
        private int read;

        void readTo(Topic topic, int to) {
            topic.readInto(log, read, to);
            read = to;
        }
    }

    private void play(SplittableRandom random, String where) {
        Topic topic = new Topic();
        Reader truth = new Reader();
        List<Reader> readers = new ArrayList<>(List.of(new Reader(), new Reader(), new Reader()));
        List<Reader> operators = List.of(new Reader(), new Reader());
        for (int step = 0; step < 200; step++) {
            Reader operator = operators.get(random.nextInt(2));
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> {
                    if (random.nextInt(3) > 0) {
                        operator.readTo(topic, topic.records.size());
                    }
                    Entry written = next(operator.log, "o" + step);
                    topic.records.add(written);
                    truth.readTo(topic, topic.records.size());
                    boolean won = truth.log.holds().orElseThrow().equals(written);
                    if (won && random.nextInt(4) > 0) {
                        topic.deleted.addAll(truth.log.beforeHistory());
                    }
                }
                case 3 -> {
                    topic.records.add(entry(random.nextInt(100), random.nextInt(100), "foreign"));
                    truth.readTo(topic, topic.records.size());
                }
                case 4 -> topic.compacted.addAll(
                        topic.deleted.stream().limit(random.nextInt(topic.deleted.size() + 1)).toList());
                case 5 -> readers.add(new Reader());
                default -> {
                    Reader reader = readers.get(random.nextInt(readers.size()));
                    if (random.nextInt(5) == 0) {
                        reader.read = 0;
                    }
                    reader.readTo(topic, reader.read + random.nextInt(topic.records.size() - reader.read + 1));
                }
            }
        }
        topic.records.add(next(truth.log, "the last"));
        truth.readTo(topic, topic.records.size());
        for (Reader reader : readers) {
            reader.readTo(topic, topic.records.size());
            assertThat(reader.log.holds()).as(where).isEqualTo(truth.log.holds());
        }
    }
}
