package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
@Tag("issue-4")
class OffsetLedgerTest {

    @Test
    void commits_the_lowest_offset_that_is_not_done() {
        OffsetLedger ledger = new OffsetLedger(1, 10, new OffsetRuns());
        for (long offset = 10; offset < 15; offset++) {
            assertThat(ledger.received(offset)).isTrue();
        }
        ledger.completed(12);
        ledger.completed(11);
        assertThat(ledger.committable()).isEqualTo(10);
        ledger.completed(10);
        assertThat(ledger.committable()).isEqualTo(13);
        ledger.completed(14);
        ledger.completed(13);
        assertThat(ledger.committable()).isEqualTo(15);
    }

    @Test
    void offsets_that_never_come_count_as_done() {
        OffsetLedger ledger = new OffsetLedger(1, 10, new OffsetRuns());
        ledger.received(13);
        assertThat(ledger.committable()).isEqualTo(13);
        ledger.received(20);
        ledger.completed(13);
        assertThat(ledger.committable()).isEqualTo(20);
    }

    @Test
    void what_an_earlier_assignment_did_is_not_served_again() {
        OffsetRuns done = new OffsetRuns();
        done.add(12, 14);
        OffsetLedger ledger = new OffsetLedger(2, 10, done);
        assertThat(ledger.received(10)).isTrue();
        assertThat(ledger.received(11)).isTrue();
        assertThat(ledger.received(12)).isFalse();
        assertThat(ledger.received(13)).isFalse();
        assertThat(ledger.received(14)).isTrue();
        ledger.completed(10);
        ledger.completed(11);
        assertThat(ledger.committable()).isEqualTo(14);
    }

    @Test
    void completing_twice_changes_nothing_and_completing_the_unknown_is_a_defect() {
        OffsetLedger ledger = new OffsetLedger(1, 0, new OffsetRuns());
        ledger.received(0);
        ledger.received(1);
        assertThat(ledger.completed(1)).isTrue();
        long revision = ledger.revision();
        assertThat(ledger.completed(1)).isFalse();
        assertThat(ledger.revision()).isEqualTo(revision);
        assertThatThrownBy(() -> ledger.completed(2)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_million_held_records_cost_one_gap() {
        OffsetLedger ledger = new OffsetLedger(3, 0, new OffsetRuns());
        for (long offset = 0; offset < 1_000_000; offset++) {
            ledger.received(offset);
        }
        for (long offset = 1_000_000; offset < 1_000_100; offset++) {
            ledger.received(offset);
            ledger.completed(offset);
        }
        assertThat(ledger.committable()).isZero();
        LedgerMetadata.Encoded encoded = ledger.encode(Suspicion.NONE);
        assertThat(encoded.text().length()).isLessThan(32);
        OffsetRuns expected = new OffsetRuns();
        expected.add(1_000_000, 1_000_100);
        assertThat(LedgerMetadata.decode(0, encoded.text()).orElseThrow().done()).isEqualTo(expected);
    }

    @Test
    void random_histories_keep_commit_and_decoded_set_true() {
        for (long seed = 1; seed <= 20; seed++) {
            history(seed, 2_000);
        }
    }

    @Test
    @Tag("long")
    void a_million_random_steps_keep_commit_and_decoded_set_true() {
        for (long seed = 1; seed <= 50; seed++) {
            history(1_000 + seed, 20_000);
        }
    }

    /**
     * Random receive, hold, complete (of this and of earlier epochs), commit, lost commit, revoke and assign of one
     * partition. {@code effects} is the truth: an offset is in it once it was completed by anyone.
     */
    private static void history(long seed, int steps) {
        SplittableRandom random = new SplittableRandom(seed);
        TreeSet<Long> exists = new TreeSet<>();
        TreeSet<Long> effects = new TreeSet<>();
        long end = random.nextInt(100);
        long committed = 0;
        String metadata = "foreign";
        int epoch = 1;
        OffsetLedger ledger = new OffsetLedger(epoch, 0, new OffsetRuns());
        TreeSet<Long> recorded = new TreeSet<>();
        List<long[]> running = new ArrayList<>();
        long lowestIncomplete = 0;
        int completeShare = 20 + random.nextInt(60);
        try {
            for (int step = 0; step < steps; step++) {
                int dice = random.nextInt(100);
                if (dice < completeShare && !running.isEmpty()) {
                    long[] ticket = running.remove(random.nextInt(running.size()));
                    effects.add(ticket[1]);
                    if (ticket[0] == epoch) {
                        assertThat(ledger.completed(ticket[1])).isTrue();
                        recorded.add(ticket[1]);
                    }
                } else if (dice < 95) {
                    Long next = exists.ceiling(ledger.position());
                    if (next == null) {
                        next = end + (random.nextInt(10) == 0 ? random.nextInt(50) : 0);
                        exists.add(next);
                        end = next + 1;
                    }
                    boolean serve = ledger.received(next);
                    assertThat(serve).as("offset %d", next).isEqualTo(!recorded.contains(next));
                    if (serve && random.nextInt(10) > 0) {
                        running.add(new long[]{epoch, next});
                    }
                } else if (dice < 98) {
                    LedgerMetadata.Encoded encoded = ledger.encode(Suspicion.NONE);
                    assertThat(encoded.text().length()).isLessThanOrEqualTo(LedgerMetadata.MAX_CHARS);
                    if (encoded.whole() && random.nextInt(5) > 0) {
                        committed = ledger.committable();
                        metadata = encoded.text();
                    }
                } else {
                    LedgerMetadata.Decoded before = LedgerMetadata.decode(committed, metadata)
                            .orElse(new LedgerMetadata.Decoded(0, new OffsetRuns()));
                    epoch = Math.max(epoch, before.epoch()) + 1;
                    ledger = new OffsetLedger(epoch, committed, before.done());
                    long base = committed;
                    recorded.tailSet(base).removeIf(offset -> !before.done().contains(offset));
                    lowestIncomplete = base;
                }
                lowestIncomplete = lowestIncomplete(lowestIncomplete, exists, recorded);
                assertThat(ledger.committable()).isLessThanOrEqualTo(lowestIncomplete);
                if (step % 97 == 0) {
                    decodedSetIsTheTruth(ledger, exists.tailSet(lowestIncomplete), recorded);
                }
            }
            assertThat(effects).containsAll(recorded);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    /** The lowest offset from this one on that exists, or is still to come, and was not completed. */
    private static long lowestIncomplete(long from, TreeSet<Long> exists, TreeSet<Long> recorded) {
        Long offset = exists.ceiling(from);
        while (offset != null && recorded.contains(offset)) {
            offset = exists.higher(offset);
        }
        return offset != null ? offset : exists.isEmpty() ? from : Math.max(from, exists.last() + 1);
    }

    private static void decodedSetIsTheTruth(OffsetLedger ledger, SortedSet<Long> exists, TreeSet<Long> recorded) {
        LedgerMetadata.Encoded encoded = ledger.encode(Suspicion.NONE);
        LedgerMetadata.Decoded decoded = LedgerMetadata.decode(ledger.committable(), encoded.text()).orElseThrow();
        assertThat(decoded.epoch()).isEqualTo(ledger.epoch());
        for (Long offset : exists) {
            boolean done = offset < ledger.committable() || decoded.done().contains(offset);
            if (encoded.whole() || !recorded.contains(offset)) {
                assertThat(done).as(() -> "offset " + offset).isEqualTo(recorded.contains(offset));
            }
        }
    }
}
