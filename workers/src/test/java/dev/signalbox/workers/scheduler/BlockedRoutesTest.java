package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which waiting requests are to wait elsewhere: those of blocked routes beyond their share, and no others. */
@Tag("issue-6")
@Tag("issue-7")
class BlockedRoutesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLI = 1_000_000L;
    private static final RouteShare SHARE = new RouteShare(100, 1 << 20);
    private static final Set<String> ROUTES = Set.of("down", "open", "other");
    private static final int ALL = Integer.MAX_VALUE;

    private final PoolScheduler scheduler = new PoolScheduler(
            Map.of(Priority.STANDARD, new Pool.PriorityShare(1, 0)), 10, 10_000);
    private final Requests requests = new Requests();
    private final Set<String> shut = new HashSet<>();
    private final Map<String, Dispatch> running = new HashMap<>();
    private long now = SECOND;

    private InboundRequest request(String tenant, long enqueuedMillis) {
        InboundRequest plain = requests.arriving(Priority.STANDARD, tenant, enqueuedMillis, 600_000);
        return new InboundRequest(plain.lane(), plain.ticket(), plain.request(), plain.requestHash(), plain.hop(),
                plain.firstEnqueuedMillis(), plain.expiresAtMillis(), plain.address(), plain.sizeBytes(),
                new ConsumerRecord<>(plain.lane().requestTopic(), 0, plain.ticket().offset(), new byte[1],
                        new byte[9]));
    }

    private InboundRequest offer(String route, long enqueuedMillis) {
        return offer(route, "t", enqueuedMillis);
    }

    private InboundRequest offer(String route, String tenant, long enqueuedMillis) {
        DeploymentName place = new DeploymentName(route, "m");
        InboundRequest request = request(tenant, enqueuedMillis);
        assertThat(scheduler.offer(new Requests.Task(request, route, Set.of(place),
                () -> shut.contains(route) ? new Readiness.Busy(Set.of(place), Long.MAX_VALUE) : Readiness.READY,
                () -> Step.ENDED), 1)).isEqualTo(PoolScheduler.Offer.WAITING);
        return request;
    }

    private void offerMany(String route, int count) {
        for (int i = 0; i < count; i++) {
            offer(route, now / MILLI);
        }
        dispatch();
    }

    private void dispatch() {
        for (Optional<Dispatch> next = next(); next.isPresent(); next = next()) {
            running.put(next.get().request().id(), next.get());
        }
    }

    private Optional<Dispatch> next() {
        return scheduler.next(RequestTask::ask, now / MILLI, now);
    }

    private List<PoolScheduler.Parked> park() {
        return scheduler.park(Priority.STANDARD, SHARE, ROUTES, ALL, now / MILLI, now);
    }

    private void pass(long nanos) {
        now += nanos;
        dispatch();
    }

    @Test
    void a_blocked_route_keeps_its_share_and_the_oldest_of_it() {
        shut.add("down");
        offerMany("down", 150);
        InboundRequest oldest = offer("down", 1);
        assertThat(park()).as("not at once: a call may just have ended").isEmpty();
        pass(SECOND);
        List<PoolScheduler.Parked> parked = park();
        assertThat(parked).hasSize(51).extracting(PoolScheduler.Parked::route).containsOnly("down");
        assertThat(parked).extracting(PoolScheduler.Parked::request).doesNotContain(oldest);
        assertThat(scheduler.waiting("down")).isEqualTo(100);
        assertThat(park()).isEmpty();
        assertThat(scheduler.hasRoom(Priority.STANDARD, "down", SHARE)).isFalse();
        shut.clear();
        pass(2 * SECOND);
        assertThat(scheduler.hasRoom(Priority.STANDARD, "down", SHARE)).isTrue();
    }

    @Test
    void each_tenant_keeps_an_equal_part_of_a_blocked_routes_share() {
        shut.add("down");
        offerMany("down", 300);
        List<InboundRequest> few = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            few.add(offer("down", "little", now / MILLI + i));
        }
        InboundRequest more = offer("down", "other", now / MILLI + 20);
        assertThat(park()).isEmpty();
        pass(SECOND);
        List<PoolScheduler.Parked> parked = park();
        assertThat(parked).hasSize(221).extracting(PoolScheduler.Parked::request).doesNotContain(more)
                .doesNotContainAnyElementsOf(few);
        assertThat(scheduler.waiting(Priority.STANDARD, "down", "t")).isEqualTo(79);
        assertThat(scheduler.waiting(Priority.STANDARD, "down", "little")).isEqualTo(20);
        assertThat(scheduler.few(Priority.STANDARD, "down", SHARE)).as("half of what is equal with one more tenant")
                .isEqualTo(12);
    }

    @Test
    void a_share_is_one_of_bytes_as_well() {
        shut.add("down");
        offerMany("down", 50);
        assertThat(park()).isEmpty();
        pass(SECOND);
        assertThat(scheduler.park(Priority.STANDARD, new RouteShare(100, 1_000), ROUTES, ALL, now / MILLI, now))
                .as("each is 100 bytes").hasSize(40);
    }

    @Test
    void several_blocked_routes_leave_room_for_the_others() {
        shut.addAll(Set.of("down", "other"));
        offerMany("down", 150);
        offerMany("other", 150);
        pass(SECOND);
        assertThat(park()).hasSize(200);
        assertThat(scheduler.waiting("down") + scheduler.waiting("other")).isEqualTo(100);
    }

    @Test
    void nothing_moves_where_all_routes_are_blocked() {
        shut.addAll(ROUTES);
        ROUTES.forEach(route -> offerMany(route, 150));
        pass(SECOND);
        assertThat(park()).isEmpty();
    }

    @Test
    void nothing_of_a_slow_route_moves() {
        offerMany("open", 500);
        assertThat(running).hasSize(10);
        pass(20 * SECOND);
        assertThat(park()).as("its way is open, its calls take long").isEmpty();
    }

    @Test
    void a_limited_route_moves_only_if_it_would_take_long_and_others_come() {
        offerMany("down", 151);
        for (int i = 0; i < 50; i++) {
            // Ten calls a second: what waits takes 15 s at that pace.
            Dispatch done = running.remove(running.keySet().iterator().next());
            scheduler.finished(done, 1, now);
            shut.remove("down");
            scheduler.freed(new DeploymentName("down", "m"));
            next().ifPresent(each -> running.put(each.request().id(), each));
            shut.add("down");
            scheduler.freed();
            pass(100 * MILLI);
            offer("down", now / MILLI);
            assertThat(park()).as("nobody else comes").isEmpty();
        }
        scheduler.finished(running.remove(running.keySet().iterator().next()), 1, now);
        offerMany("other", 1);
        assertThat(park()).isNotEmpty();
    }

    @Test
    void what_has_begun_or_has_little_time_left_stays() {
        for (int i = 0; i < 10; i++) {
            offer("down", 1L);
        }
        dispatch();
        shut.add("down");
        running.values().forEach(dispatch -> scheduler.refused(dispatch,
                new Readiness.Busy(Set.of(new DeploymentName("down", "m")), Long.MAX_VALUE), now));
        pass(SECOND);
        assertThat(scheduler.waiting("down")).isEqualTo(10);
        assertThat(scheduler.park(Priority.STANDARD, new RouteShare(1, 1), ROUTES, ALL, now / MILLI, now)).isEmpty();
        offer("down", now / MILLI - 599_600);
        assertThat(scheduler.park(Priority.STANDARD, new RouteShare(1, 1), ROUTES, ALL, now / MILLI, now)).isEmpty();
        offer("down", now / MILLI);
        assertThat(scheduler.park(Priority.STANDARD, new RouteShare(1, 1), ROUTES, ALL, now / MILLI, now)).hasSize(1);
    }
}
