package dev.signalbox.cli.whatif;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class DivertedTenantsTest {
    private static final Lane STANDARD = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final Lane BATCH = new Lane(new PoolName("main"), Priority.BATCH);

    @Test
    void time_counts_once_for_all_workers_and_goes_on_while_any_diverts() {
        DivertedTenants diverted = new DivertedTenants();
        diverted.begins(STANDARD, "loud", 10);
        diverted.begins(STANDARD, "loud", 20);
        diverted.ends(STANDARD, "loud", 30);
        DivertedTenants.Diverted loud = List.copyOf(diverted.all()).getFirst();
        assertThat(loud.lasts()).isTrue();
        assertThat(loud.nanos(35)).isEqualTo(25);
        diverted.ends(STANDARD, "loud", 40);
        assertThat(loud.lasts()).isFalse();
        diverted.begins(STANDARD, "loud", 100);
        diverted.ends(STANDARD, "loud", 105);
        assertThat(loud.nanos(1_000)).as("30, and 5 more").isEqualTo(35);
        assertThat(loud.fromNanos).isEqualTo(10);
        assertThat(loud.untilNanos()).isEqualTo(105);
    }

    @Test
    void what_is_on_overflow_topics_is_each_tenants_in_all_lanes() {
        DivertedTenants diverted = new DivertedTenants();
        for (Lane lane : List.of(STANDARD, BATCH)) {
            diverted.begins(lane, "loud", 0);
            diverted.written(lane, "loud");
            diverted.written(lane, "loud");
        }
        diverted.read(BATCH, "loud");
        assertThat(diverted.unread()).isEqualTo(Map.of("loud", 3.0));
        assertThat(diverted.all()).extracting(each -> each.lane + " " + each.requests)
                .containsExactly("main.batch 2", "main.standard 2");
    }
}
