package dev.signalbox.simulator.meter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlidingWindowTest {
    private record Event(long millis, long amount) {
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void it_says_what_adding_up_all_events_says(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int longestGap = seed % 2 == 0 ? 3_000 : 40;
        SlidingWindow window = new SlidingWindow();
        List<Event> events = new ArrayList<>();
        long now = 0;
        long max = 0;
        for (int step = 0; step < 4_000; step++) {
            now += random.nextInt(4) == 0 ? 0 : random.nextInt(longestGap);
            if (random.nextInt(3) > 0) {
                Event event = new Event(now, random.nextInt(1, 100));
                events.add(event);
                window.add(event.millis, event.amount);
            }
            long expected = sumAt(events, now);
            max = Math.max(max, expected);
            assertThat(window.sum(now)).as("sum at %d", now).isEqualTo(expected);
            assertThat(window.max()).as("max at %d", now).isEqualTo(max);
            long most = random.nextLong(expected + 10);
            long wait = window.millisUntilAtMost(most, now);
            assertThat(sumAt(events, now + wait)).as("after %d ms", wait).isLessThanOrEqualTo(most);
            if (wait > 0) {
                assertThat(sumAt(events, now + wait - 1)).as("before %d ms", wait).isGreaterThan(most);
            }
        }
    }

    private static long sumAt(List<Event> events, long now) {
        long sum = 0;
        for (int i = events.size() - 1; i >= 0 && events.get(i).millis > now - SlidingWindow.SPAN_MILLIS; i--) {
            sum += events.get(i).amount;
        }
        return sum;
    }
}
