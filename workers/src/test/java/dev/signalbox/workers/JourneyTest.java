package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.router.RoutingQuery;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What of a request goes with it when it is parked. */
@Tag("issue-7")
class JourneyTest {
    private final Journey journey = journey();

    private static Journey journey() {
        InboundRequest request = TestRequests.request("r", false, StreamPolicy.RESTART, 900_000);
        return new Journey(request, TestRequests.neverCancelled(request),
                new RoutingQuery(TestConfiguration.POOL, "m", "any", List.of(), RoutingQuery.Needs.NONE));
    }

    @Test
    void one_that_has_not_been_called_has_been_through_nothing() {
        assertThat(journey.historyBetweenVisits()).isEmpty();
    }

    @Test
    void a_failed_probe_is_told_though_it_is_no_visit() {
        journey.probed();
        journey.visitAgain();
        assertThat(journey.historyBetweenVisits()).hasValueSatisfying(history -> {
            assertThat(history.getVisits()).isZero();
            assertThat(history.getProbes()).isEqualTo(1);
        });
    }

    @Test
    void a_visit_is_told_once_it_is_over() {
        journey.visitSpent();
        journey.visitAgain();
        assertThat(journey.historyBetweenVisits()).map(RequestHistory::getVisits).contains(1);
        journey.standing().number = 2;
        assertThat(journey.historyBetweenVisits()).as("it is in the middle of the next").isEmpty();
    }
}
