package dev.signalbox.dispatcher.redundancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.Events;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class DemandSumsTest {
    @Test
    void aClaimAsksForNothing() {
        assertThat(DemandSums.of(Events.claimed("one.eu/model", "worker"))).isEqualTo(DemandSums.NONE);
        assertThat(DemandSums.of(Events.started("one.eu/model", "worker")).requests()).isEqualTo(1);
    }
}
