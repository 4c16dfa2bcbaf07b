package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-7")
class CancellationsTest {
    private static final long KEPT = 1_000;

    @Test
    void anIdIsKeptForItsTimeAndNoLonger() {
        Cancellations cancellations = new Cancellations(KEPT);
        cancellations.add("a", 5_000);
        cancellations.add("b", 5_000 + KEPT - 1);
        assertThat(cancellations.contains("a")).isTrue();
        cancellations.add("c", 5_000 + KEPT);
        assertThat(cancellations.contains("a")).isFalse();
        assertThat(cancellations.contains("b") && cancellations.contains("c")).isTrue();
        assertThat(cancellations.letGo()).isZero();
    }

    @Test
    void whatCanBeNoIdIsLeftOut() {
        Cancellations cancellations = new Cancellations(KEPT);
        cancellations.add("", 1);
        cancellations.add("x".repeat(129), 1);
        assertThat(cancellations.size()).isZero();
        assertThat(cancellations.bytes()).isZero();
    }

    /** Against a map of all that was ever added: bounded in bytes, the oldest go first, the topic read again changes nothing. */
    @Test
    void bytesAreBoundedAndTheOldestGoFirst() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long most = 500 + random.nextInt(20_000);
            Cancellations cancellations = new Cancellations(KEPT, most);
            Map<String, Long> all = new LinkedHashMap<>();
            long now = 0;
            for (int i = 0; i < 500; i++) {
                now += random.nextInt(10);
                String id = "r" + random.nextInt(400) + "x".repeat(random.nextInt(100));
                if (!cancellations.contains(id)) {
                    all.remove(id);
                    all.put(id, now);
                }
                cancellations.add(id, now);
                assertThat(cancellations.bytes()).as("seed %d", seed).isLessThanOrEqualTo(most);
                assertThat(cancellations.contains(id)).as("seed %d", seed).isTrue();
            }
            Map<String, Long> kept = new HashMap<>(all);
            kept.keySet().removeIf(id -> !cancellations.contains(id));
            assertThat(kept).as("seed %d", seed).hasSize(cancellations.size());
            long oldest = kept.values().stream().min(Long::compare).orElseThrow();
            boolean inTime = all.entrySet().stream().filter(each -> !kept.containsKey(each.getKey()))
                    .allMatch(gone -> gone.getValue() <= oldest);
            assertThat(inTime).as("seed %d: none is let go before an older one", seed).isTrue();
        }
    }
}
