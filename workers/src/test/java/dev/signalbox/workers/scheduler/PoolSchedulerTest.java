package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
@Tag("issue-6")
class PoolSchedulerTest {
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.INTERACTIVE, new PriorityShare(60, 0),
            Priority.STANDARD, new PriorityShare(25, 0), Priority.BATCH, new PriorityShare(10, 0),
            Priority.BACKGROUND, new PriorityShare(5, 0));

    private final Requests requests = new Requests();

    @Test
    void weights_hold_within_two_percent_when_all_priorities_have_work() {
        for (long seed = 1; seed <= 6; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            PoolScheduler scheduler = new PoolScheduler(SHARES, 1 + random.nextInt(200), 1_000);
            Map<Priority, Long> served = new EnumMap<>(Priority.class);
            List<Dispatch> running = new ArrayList<>();
            long total = 0;
            for (int i = 0; i < 25_000; i++) {
                for (Priority priority : Priority.values()) {
                    while (waiting(scheduler, priority) < 20) {
                        Requests.offer(scheduler, requests.of(priority, "t" + random.nextInt(5)), cost(random));
                    }
                }
                Optional<Dispatch> next = Requests.next(scheduler, 0);
                if (next.isPresent()) {
                    running.add(next.get());
                    served.merge(next.get().request().lane().priority(), next.get().costUnits(), Long::sum);
                    total += next.get().costUnits();
                } else {
                    finishOne(scheduler, running, random);
                }
            }
            for (Priority priority : Priority.values()) {
                double share = 100.0 * served.getOrDefault(priority, 0L) / total;
                assertThat(share).as("%s, seed %d", priority, seed).isCloseTo(weight(priority), within(2.0));
            }
        }
    }

    @Test
    void new_weights_hold_from_the_next_round() {
        Map<Priority, PriorityShare> before = Map.of(Priority.INTERACTIVE, new PriorityShare(9, 0), Priority.BATCH,
                new PriorityShare(1, 0));
        Map<Priority, PriorityShare> after = Map.of(Priority.INTERACTIVE, new PriorityShare(1, 0), Priority.BATCH,
                new PriorityShare(9, 0));
        PoolScheduler scheduler = new PoolScheduler(before, 1, 1_000);
        for (int i = 0; i < 500; i++) {
            Requests.offer(scheduler, requests.of(Priority.INTERACTIVE, "i"), 100);
            Requests.offer(scheduler, requests.of(Priority.BATCH, "b"), 100);
        }
        assertThat(serve(scheduler, 200)).containsExactlyInAnyOrderEntriesOf(Map.of("i", 18_000L, "b", 2_000L));
        // In the middle of a turn.
        serve(scheduler, 3);
        scheduler.reweigh(after);
        Map<String, Long> served = serve(scheduler, 200);
        assertThat(served.getOrDefault("i", 0L)).as("of 20,000, a turn more or less").isBetween(1_000L, 3_000L);
        scheduler.reweigh(before);
        assertThat(serve(scheduler, 200).getOrDefault("b", 0L)).isBetween(1_000L, 3_000L);
        assertThat(scheduler.status().waiting()).as("nothing is lost").isEqualTo(1_000 - 603);
    }

    @Test
    void a_new_floor_is_reached_by_the_next_slots_that_come_free_and_a_floors_debt_stays_within_its_rounds() {
        PoolScheduler scheduler = new PoolScheduler(floors(900, 0.5), 2, 1_000);
        for (int i = 0; i < 500; i++) {
            Requests.offer(scheduler, requests.of(Priority.INTERACTIVE, "i"), 5_000);
            Requests.offer(scheduler, requests.of(Priority.BATCH, "b"), 5_000);
        }
        Dispatch first = Requests.next(scheduler, 0).orElseThrow();
        for (int i = 0; i < 100; i++) {
            Dispatch second = Requests.next(scheduler, 0).orElseThrow();
            scheduler.finished(second, second.costUnits(), 0);
        }
        scheduler.reweigh(floors(1, 0));
        List<Priority> then = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            Dispatch dispatch = Requests.next(scheduler, 0).orElseThrow();
            then.add(dispatch.request().lane().priority());
            scheduler.finished(dispatch, dispatch.costUnits(), 0);
        }
        assertThat(then).as("both go on").contains(Priority.INTERACTIVE, Priority.BATCH);
        scheduler.reweigh(floors(1, 0.5));
        scheduler.finished(first, first.costUnits(), 0);
        assertThat(List.of(Requests.next(scheduler, 0).orElseThrow(), Requests.next(scheduler, 0).orElseThrow()))
                .extracting(dispatch -> dispatch.request().lane().priority()).contains(Priority.INTERACTIVE);
    }

    private static Map<Priority, PriorityShare> floors(double weight, double floor) {
        return Map.of(Priority.INTERACTIVE, new PriorityShare(weight, floor), Priority.BATCH,
                new PriorityShare(100, 0));
    }

    @Test
    void other_priorities_are_no_new_weights() {
        PoolScheduler scheduler = new PoolScheduler(SHARES, 1, 10);
        assertThatThrownBy(() -> scheduler.reweigh(Map.of(Priority.BATCH, new PriorityShare(1, 0))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("BATCH");
    }

    /** Log-uniform from 10 to 10,000 tokens. */
    private static long cost(SplittableRandom random) {
        return (long) Math.pow(10, 1 + 3 * random.nextDouble());
    }

    private static double weight(Priority priority) {
        return shareOf(SHARES, priority).weight();
    }

    @Test
    void random_histories_keep_work_conserved_floors_held_and_forgetting_exact() {
        for (long seed = 1; seed <= 60; seed++) {
            try {
                history(seed, 3_000);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    @Test
    @Tag("long")
    void long_random_histories_keep_them_too() {
        for (long seed = 1; seed <= 500; seed++) {
            try {
                history(10_000 + seed, 20_000);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private void history(long seed, int steps) {
        SplittableRandom random = new SplittableRandom(seed);
        int slots = 1 + random.nextInt(50);
        Map<Priority, PriorityShare> shares = new EnumMap<>(Priority.class);
        for (Priority priority : Priority.values()) {
            shares.put(priority, new PriorityShare(1 + random.nextInt(100), random.nextInt(25) / 100.0));
        }
        PoolScheduler scheduler = new PoolScheduler(shares, slots, 300);
        Set<InboundRequest> waiting = new HashSet<>();
        List<Dispatch> running = new ArrayList<>();
        Map<Integer, Integer> epochs = new HashMap<>();
        for (int step = 0; step < steps; step++) {
            int dice = random.nextInt(100);
            if (dice < 45) {
                Priority priority = Priority.values()[random.nextInt(4)];
                int partition = random.nextInt(4);
                InboundRequest request = requests.of(priority, "t" + random.nextInt(8), random.nextInt(10_000),
                        partition, epochs.getOrDefault(partition, 1) - (random.nextInt(10) == 0 ? 1 : 0));
                switch (Requests.offer(scheduler, request, random.nextInt(500))) {
                    case WAITING -> waiting.add(request);
                    case FULL -> assertThat(waiting(scheduler, priority)).isEqualTo(300);
                    case FORGOTTEN ->
                        assertThat(request.ticket().epoch()).isLessThan(epochs.getOrDefault(partition, 1));
                }
            } else if (dice < 70) {
                int now = step;
                List<Dispatch> held = running.stream().filter(Dispatch::inSlot).toList();
                int free = slots - held.size();
                boolean mayBeTold = running.size() - held.size() < PoolScheduler.MOST_TOLD
                        && waiting.stream().anyMatch(request -> request.expiresAtMillis() <= now);
                Map<Priority, Integer> inFlight = inFlight(held);
                List<Priority> owed = new ArrayList<>();
                for (InboundRequest request : waiting) {
                    Priority priority = request.lane().priority();
                    if (inFlight.getOrDefault(priority, 0) < floorSlots(shares, priority, held.size() + 1)) {
                        owed.add(priority);
                    }
                }
                Optional<Dispatch> next = Requests.next(scheduler, step);
                assertThat(next.isPresent()).as("work-conserving")
                        .isEqualTo((free > 0 && !waiting.isEmpty()) || mayBeTold);
                if (next.isPresent()) {
                    Dispatch dispatch = next.get();
                    assertThat(waiting.remove(dispatch.request())).isTrue();
                    earliestOfItsTenant(dispatch.request(), waiting);
                    assertThat(dispatch.inSlot()).isEqualTo(free > 0);
                    assertThat(dispatch.inSlot() || dispatch.request().expiresAtMillis() <= step)
                            .as("beside the slots only what needs no call").isTrue();
                    if (free > 0 && !owed.isEmpty()) {
                        assertThat(owed).as("floor").contains(dispatch.request().lane().priority());
                    }
                    running.add(dispatch);
                }
            } else if (dice < 97) {
                finishOne(scheduler, running, random);
            } else {
                int partition = random.nextInt(4);
                int epoch = epochs.getOrDefault(partition, 1);
                int dropped = 0;
                for (Priority priority : Priority.values()) {
                    dropped += scheduler.forget(Requests.partition(priority, partition), epoch);
                }
                int before = waiting.size();
                waiting.removeIf(request -> request.ticket().partition().partition() == partition
                        && request.ticket().epoch() <= epoch);
                assertThat(dropped).isEqualTo(before - waiting.size());
                epochs.put(partition, epoch + 1);
            }
            assertThat(scheduler.status().waiting()).isEqualTo(waiting.size());
            assertThat(scheduler.status().inFlight())
                    .isEqualTo((int) running.stream().filter(Dispatch::inSlot).count());
        }
        for (Dispatch dispatch : running) {
            scheduler.finished(dispatch, dispatch.costUnits(), 0);
        }
        while (!waiting.isEmpty()) {
            Dispatch dispatch = Requests.next(scheduler, 0).orElseThrow();
            assertThat(waiting.remove(dispatch.request())).isTrue();
            scheduler.finished(dispatch, dispatch.costUnits(), 0);
        }
    }

    private static void earliestOfItsTenant(InboundRequest served, Set<InboundRequest> waiting) {
        for (InboundRequest other : waiting) {
            if (other.lane().equals(served.lane())
                    && other.request().getTenant().equals(served.request().getTenant())) {
                assertThat(other.expiresAtMillis()).isGreaterThanOrEqualTo(served.expiresAtMillis());
            }
        }
    }

    @Test
    void a_floor_is_reached_by_the_next_slots_that_come_free() {
        Map<Priority, PriorityShare> shares = Map.of(Priority.INTERACTIVE, new PriorityShare(1, 0.4), Priority.BATCH,
                new PriorityShare(1_000, 0));
        PoolScheduler scheduler = new PoolScheduler(shares, 10, 100);
        for (int i = 0; i < 50; i++) {
            Requests.offer(scheduler, requests.of(Priority.BATCH, "b"), 100);
        }
        List<Dispatch> running = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            running.add(Requests.next(scheduler, 0).orElseThrow());
        }
        for (int i = 0; i < 10; i++) {
            Requests.offer(scheduler, requests.of(Priority.INTERACTIVE, "i"), 100);
        }
        for (int i = 0; i < 4; i++) {
            scheduler.finished(running.get(i), 100, 0);
            assertThat(Requests.next(scheduler, 0).orElseThrow().request().lane().priority())
                    .isEqualTo(Priority.INTERACTIVE);
        }
        scheduler.finished(running.get(4), 100, 0);
        assertThat(Requests.next(scheduler, 0).orElseThrow().request().lane().priority()).isEqualTo(Priority.BATCH);
    }

    /**
     * Bound: between two services of a priority with work, the others get at most the rounds that pay its largest request,
     * plus one, times a round's cost units, plus one largest request each.
     */
    @Test
    void a_full_priority_takes_no_more_until_one_of_its_own_is_served() {
        PoolScheduler scheduler = new PoolScheduler(SHARES, 1, 3);
        for (int i = 0; i < 3; i++) {
            assertThat(Requests.offer(scheduler, requests.of(Priority.STANDARD, "t"), 1))
                    .isEqualTo(PoolScheduler.Offer.WAITING);
        }
        assertThat(Requests.offer(scheduler, requests.of(Priority.STANDARD, "u"), 1))
                .isEqualTo(PoolScheduler.Offer.FULL);
        assertThat(scheduler.status().waiting()).isEqualTo(3);
        assertThat(Requests.next(scheduler, 0)).isPresent();
        assertThat(Requests.offer(scheduler, requests.of(Priority.STANDARD, "u"), 1))
                .isEqualTo(PoolScheduler.Offer.WAITING);
    }

    @Test
    void no_priority_starves() {
        long largest = 10_000;
        for (long seed = 1; seed <= 5; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            PoolScheduler scheduler = new PoolScheduler(SHARES, 1, 1_000);
            Map<Priority, Long> since = new EnumMap<>(Priority.class);
            for (int i = 0; i < 15_000; i++) {
                for (Priority priority : Priority.values()) {
                    while (waiting(scheduler, priority) < 3) {
                        Requests.offer(scheduler, requests.of(priority, "t"), cost(random));
                    }
                }
                Dispatch dispatch = Requests.next(scheduler, 0).orElseThrow();
                scheduler.finished(dispatch, dispatch.costUnits(), 0);
                for (Priority priority : Priority.values()) {
                    if (priority == dispatch.request().lane().priority()) {
                        since.put(priority, 0L);
                    } else {
                        long others = since.merge(priority, dispatch.costUnits(), Long::sum);
                        double quantum = PriorityLane.ROUND_COST_UNITS * weight(priority) / 100;
                        assertThat((double) others).as("%s, seed %d", priority, seed).isLessThanOrEqualTo(
                                (largest / quantum + 2) * PriorityLane.ROUND_COST_UNITS + 3 * largest);
                    }
                }
            }
        }
    }

    @Test
    void tenants_of_a_priority_get_equal_cost_and_a_late_one_no_burst() {
        PoolScheduler scheduler = new PoolScheduler(Map.of(Priority.STANDARD, new PriorityShare(1, 0)), 1, 10_000);
        for (int i = 0; i < 3_000; i++) {
            Requests.offer(scheduler, requests.of(Priority.STANDARD, "noisy"), 50);
        }
        for (int i = 0; i < 300; i++) {
            Requests.offer(scheduler, requests.of(Priority.STANDARD, "large"), 500);
        }
        Map<String, Long> served = serve(scheduler, 1_000);
        assertThat(served.get("noisy")).isCloseTo(served.get("large"), within(1_000L));
        for (int i = 0; i < 300; i++) {
            Requests.offer(scheduler, requests.of(Priority.STANDARD, "late"), 50);
        }
        Map<String, Long> then = serve(scheduler, 60);
        assertThat(then.get("late")).isCloseTo(then.get("noisy"), within(600L));
    }

    private static Map<String, Long> serve(PoolScheduler scheduler, int count) {
        Map<String, Long> served = new HashMap<>();
        for (int i = 0; i < count; i++) {
            Dispatch dispatch = Requests.next(scheduler, 0).orElseThrow();
            served.merge(dispatch.request().request().getTenant(), dispatch.costUnits(), Long::sum);
            scheduler.finished(dispatch, dispatch.costUnits(), 0);
        }
        return served;
    }

    @Test
    void what_was_settled_above_the_estimate_counts_against_the_tenant() {
        PoolScheduler scheduler = new PoolScheduler(Map.of(Priority.STANDARD, new PriorityShare(1, 0)), 1, 10_000);
        for (int i = 0; i < 100; i++) {
            Requests.offer(scheduler, requests.of(Priority.STANDARD, "wordy"), 10);
            Requests.offer(scheduler, requests.of(Priority.STANDARD, "terse"), 10);
        }
        int terse = 0;
        for (int i = 0; i < 55; i++) {
            Dispatch dispatch = Requests.next(scheduler, 0).orElseThrow();
            boolean isTerse = dispatch.request().request().getTenant().equals("terse");
            terse += isTerse ? 1 : 0;
            scheduler.finished(dispatch, isTerse ? 10 : 100, 0);
        }
        assertThat(terse).isBetween(48, 52);
    }

    @Test
    void counters_of_idle_tenants_are_dropped_when_the_others_caught_up_and_bounded_before() {
        TenantQueues queues = new TenantQueues();
        for (int i = 0; i < 20_000; i++) {
            serve(queues, "once" + i, i);
            assertThat(queues.idleTenants()).isLessThanOrEqualTo(TenantQueues.MAX_IDLE_TENANTS);
        }
        for (int i = 0; i < 10; i++) {
            serve(queues, "steady", 20_000 + i);
        }
        assertThat(queues.idleTenants()).isLessThanOrEqualTo(1);
    }

    private void serve(TenantQueues queues, String tenant, long arrival) {
        Waiting waiting = new Waiting(Requests.task(requests.of(Priority.STANDARD, tenant)), 100, arrival);
        queues.add(waiting, new Gates().way(Set.of()));
        assertThat(queues.first(0)).isEqualTo(waiting);
        queues.take(waiting, 100, 1);
        queues.settle(waiting, 100, 100);
    }

    @Test
    void finishing_twice_is_a_defect_that_frees_no_second_slot() {
        PoolScheduler scheduler = new PoolScheduler(SHARES, 1, 10);
        Requests.offer(scheduler, requests.of(Priority.BATCH, "t"), 1);
        Dispatch dispatch = Requests.next(scheduler, 0).orElseThrow();
        scheduler.finished(dispatch, 1, 0);
        assertThatThrownBy(() -> scheduler.finished(dispatch, 1, 0)).isInstanceOf(IllegalStateException.class);
        assertThat(scheduler.status().inFlight()).isZero();
    }

    private static void finishOne(PoolScheduler scheduler, List<Dispatch> running, SplittableRandom random) {
        if (!running.isEmpty()) {
            Dispatch dispatch = running.remove(random.nextInt(running.size()));
            scheduler.finished(dispatch, dispatch.costUnits(), 0);
        }
    }

    private static Map<Priority, Integer> inFlight(List<Dispatch> running) {
        Map<Priority, Integer> count = new EnumMap<>(Priority.class);
        running.forEach(dispatch -> count.merge(dispatch.request().lane().priority(), 1, Integer::sum));
        return count;
    }

    private static int floorSlots(Map<Priority, PriorityShare> shares, Priority priority, int slots) {
        return (int) Math.floor(shareOf(shares, priority).floor() * slots + 1e-9);
    }

    private static PriorityShare shareOf(Map<Priority, PriorityShare> shares, Priority priority) {
        return Optional.ofNullable(shares.get(priority)).orElseThrow();
    }

    private static int waiting(PoolScheduler scheduler, Priority priority) {
        return Optional.ofNullable(scheduler.status().priorities().get(priority)).orElseThrow().waiting();
    }
}
