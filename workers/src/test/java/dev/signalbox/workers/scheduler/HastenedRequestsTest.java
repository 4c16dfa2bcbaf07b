package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requests that have something to say beside their turn, such as that they were cancelled. */
@Tag("issue-7")
class HastenedRequestsTest {
    private static final DeploymentName SHUT = DeploymentName.parse("shut/m");
    private static final long NOW = 1_000;

    private final Requests requests = new Requests();
    private final PoolScheduler scheduler = new PoolScheduler(Map.of(Priority.STANDARD, new PriorityShare(1, 0)), 2,
            100);
    private String cancelled = "";

    private InboundRequest offered(String tenant) {
        InboundRequest request = requests.of(Priority.STANDARD, tenant);
        scheduler.offer(new Requests.Task(request, "shut", Set.of(SHUT),
                () -> request.id().equals(cancelled)
                        ? Readiness.READY
                        : new Readiness.Busy(Set.of(SHUT), Long.MAX_VALUE),
                () -> Step.ENDED), 1);
        return request;
    }

    private void cancel(InboundRequest request) {
        cancelled = request.id();
        scheduler.hasten(any -> any.id().equals(cancelled));
    }

    @Test
    void one_whose_way_is_shut_is_asked_at_once_and_no_other() {
        offered("a");
        InboundRequest second = offered("a");
        offered("b");
        assertThat(Requests.next(scheduler, NOW)).isEmpty();

        cancel(second);
        assertThat(Requests.next(scheduler, NOW).orElseThrow().request()).isEqualTo(second);
        assertThat(Requests.next(scheduler, NOW)).isEmpty();
        assertThat(scheduler.waiting(SHUT)).isEqualTo(2);
    }

    @Test
    void one_that_pauses_pauses_no_more() {
        InboundRequest request = requests.of(Priority.STANDARD, "a");
        Requests.offer(scheduler, request, 1);
        Dispatch running = Requests.next(scheduler, NOW).orElseThrow();
        scheduler.again(running, Duration.ofMinutes(5), NOW * 1_000_000);
        assertThat(Requests.next(scheduler, NOW)).isEmpty();

        cancel(request);
        assertThat(Requests.next(scheduler, NOW).orElseThrow().request()).isEqualTo(request);
    }

    @Test
    void one_that_has_nothing_to_say_waits_on() {
        InboundRequest request = offered("a");
        scheduler.hasten(any -> true);
        assertThat(Requests.next(scheduler, NOW)).isEmpty();
        assertThat(scheduler.waiting(SHUT)).isEqualTo(1);
        cancel(request);
        assertThat(Requests.next(scheduler, NOW)).isPresent();
    }

    @Test
    void one_whose_tenant_is_at_its_limit_is_asked_at_once_and_costs_it_no_call() {
        Tenant.Limits one = new Tenant.Limits(OptionalInt.empty(), OptionalInt.of(1), OptionalInt.empty());
        PoolScheduler limited = new PoolScheduler(Map.of(Priority.STANDARD, new PriorityShare(1, 0)), 2, 100,
                new PoolRules(name -> new Tenant(name, 1, one, Residency.ANYWHERE), Set::of));
        InboundRequest first = requests.of(Priority.STANDARD, "a");
        InboundRequest second = requests.of(Priority.STANDARD, "a");
        InboundRequest third = requests.of(Priority.STANDARD, "a");
        for (InboundRequest each : List.of(first, second, third)) {
            Requests.offer(limited, each, 1);
        }
        Dispatch running = Requests.next(limited, NOW).orElseThrow();
        limited.finished(running, 1, NOW * 1_000_000);
        assertThat(Requests.next(limited, NOW)).isEmpty();

        limited.hasten(any -> any.id().equals(second.id()));
        Dispatch told = Requests.next(limited, NOW).orElseThrow();
        assertThat(told.request()).isEqualTo(second);
        limited.finished(told, told.spentCostUnits(), NOW * 1_000_000);
        assertThat(Requests.next(limited, NOW + 30_000)).isEmpty();
        assertThat(Requests.next(limited, NOW + 61_000).orElseThrow().request()).isEqualTo(third);
    }

    @Test
    void one_that_needs_no_call_any_more_is_answered_while_long_calls_hold_every_slot() {
        List<InboundRequest> open = List.of(requests.of(Priority.STANDARD, "a", 9_000, 0, 1),
                requests.of(Priority.STANDARD, "a", 9_000, 0, 1), requests.of(Priority.STANDARD, "b", 5_000, 0, 1),
                requests.of(Priority.STANDARD, "b", 9_000, 0, 1));
        open.forEach(request -> Requests.offer(scheduler, request, 1));
        Requests.next(scheduler, NOW).orElseThrow();
        Dispatch running = Requests.next(scheduler, NOW).orElseThrow();
        assertThat(scheduler.status().inFlight()).isEqualTo(2);
        assertThat(Requests.next(scheduler, NOW)).as("both slots are held").isEmpty();
        assertThat(scheduler.dueNanos(NOW, NOW * 1_000_000)).as("it looks again").isPresent();

        Dispatch expired = Requests.next(scheduler, 9_000).orElseThrow();
        assertThat(expired.inSlot()).isFalse();
        assertThat(scheduler.status().inFlight()).isEqualTo(2);
        scheduler.finished(expired, 0, 0);
        InboundRequest last = offered("c");
        cancel(last);
        Dispatch told = Requests.next(scheduler, NOW).orElseThrow();
        assertThat(told.request()).isEqualTo(last);
        assertThat(told.inSlot()).isFalse();
        scheduler.finished(running, 1, 0);
        assertThat(scheduler.status().inFlight()).isEqualTo(1);
    }

    @Test
    void one_whose_partition_has_moved_is_passed_over() {
        InboundRequest moved = offered("a");
        assertThat(Requests.next(scheduler, NOW)).isEmpty();
        cancel(moved);
        scheduler.forget(moved.ticket().partition(), moved.ticket().epoch());
        assertThat(Requests.next(scheduler, NOW)).isEmpty();
    }
}
