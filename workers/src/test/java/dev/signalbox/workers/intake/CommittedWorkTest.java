package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.backlog.DoneAhead;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-7")
class CommittedWorkTest {
    @Test
    void whatIsDoneBehindASlowRequestIsTold() {
        OffsetRuns runs = new OffsetRuns();
        runs.add(101, 400);
        runs.add(450, 460);

        DoneAhead.Done done = CommittedWork.done(100, LedgerMetadata.encode(3, 100, runs).text());

        assertThat(done.count()).isEqualTo(309);
        assertThat(done.contains(100)).isFalse();
        assertThat(done.contains(101)).isTrue();
        assertThat(done.contains(449)).isFalse();
        assertThat(done.contains(459)).isTrue();
    }

    @Test
    void textOfSomebodyElseTellsNothing() {
        assertThat(CommittedWork.done(100, "AgAAAZ").count()).isZero();
        assertThat(CommittedWork.done(100, "").contains(101)).isFalse();
    }
}
