package dev.signalbox.cli.whatif;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class TenantWaitsTest {
    private static final long SECOND = 1_000_000_000L;

    private static LoadRequest of(String tenant, int inputTokens, int outputTokens) {
        return new LoadRequest(0, new Lane(new PoolName("main"), Priority.STANDARD), "m", "otherwise", tenant,
                inputTokens, outputTokens, Duration.ofMinutes(1));
    }

    @Test
    void the_largest_are_those_with_most_tokens_not_those_with_most_requests() {
        List<LoadRequest> load = List.of(of("many", 10, 1), of("many", 10, 1), of("many", 10, 1), of("b", 20, 20),
                of("a", 30, 10), of("large", 5, 2_000_000_000), of("large", 5, 2_000_000_000));
        assertThat(TenantWaits.largest(load, 9)).containsExactly("large", "a", "b", "many");
        assertThat(TenantWaits.largest(load, 2)).containsExactly("large", "a");
        assertThat(TenantWaits.largest(List.of(), 2)).isEmpty();
    }

    @Test
    void the_longest_since_the_last_look_is_of_those_that_wait_and_of_those_that_do_so_no_more() {
        TenantWaits waits = new TenantWaits(List.of("b", "a"));
        assertThat(waits.look(0)).containsExactly(Map.entry("b", 0.0), Map.entry("a", 0.0));
        waits.begins("a", SECOND);
        waits.begins("a", SECOND);
        waits.begins("a", 3 * SECOND);
        waits.begins("b", 3 * SECOND);
        waits.begins("other", 0);
        assertThat(waits.look(4 * SECOND)).containsExactly(Map.entry("b", 1.0), Map.entry("a", 3.0));
        waits.ends("a", SECOND, 5 * SECOND);
        waits.ends("other", 0, 5 * SECOND);
        assertThat(waits.look(6 * SECOND)).as("another of the same time waits still").containsEntry("a", 5.0);
        waits.ends("a", SECOND, 7 * SECOND);
        waits.ends("b", 3 * SECOND, 8 * SECOND);
        assertThat(waits.look(9 * SECOND)).containsExactly(Map.entry("b", 5.0), Map.entry("a", 6.0));
        assertThat(waits.look(10 * SECOND)).containsExactly(Map.entry("b", 0.0), Map.entry("a", 7.0));
    }
}
