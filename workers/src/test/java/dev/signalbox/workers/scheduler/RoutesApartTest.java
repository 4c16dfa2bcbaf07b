package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.scheduler.RouteSimulation.Path;
import dev.signalbox.workers.scheduler.RouteSimulation.Vendor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What waits for room holds no slot, and what is scarce goes by the scheduler's order. */
@Tag("issue-4")
class RoutesApartTest {
    private static final long MILLI = RouteSimulation.MILLI;
    private static final long SECOND = RouteSimulation.SECOND;
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.INTERACTIVE, new PriorityShare(60, 0),
            Priority.STANDARD, new PriorityShare(25, 0), Priority.BATCH, new PriorityShare(10, 0),
            Priority.BACKGROUND, new PriorityShare(5, 0));

    /** 300 of a route that is shut, or nearly so, before and among 200 of one that is open: these never wait for those. */
    @Test
    @Tag("issue-6")
    void a_route_that_is_shut_delays_no_request_of_another() {
        for (long seed = 1; seed <= 40; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            RouteSimulation run = new RouteSimulation(new PoolScheduler(SHARES, 12, 1_000), 12, random);
            Vendor shut = new Vendor("shut", random.nextInt(2));
            shut.saysUntil = random.nextBoolean();
            shut.failing = random.nextDouble();
            shut.shutFrom = SECOND;
            shut.shutUntil = SECOND + random.nextLong(10 * SECOND);
            Vendor open = new Vendor("open", 8);
            for (int i = 0; i < 300; i++) {
                long ttl = 500 + random.nextLong(20_000);
                run.at(SECOND + random.nextLong(3 * SECOND), () -> run.arrive(any(random),
                        "t" + random.nextInt(3), "shut", List.of(shut), ttl, 10));
            }
            for (int i = 0; i < 200; i++) {
                run.at(SECOND + 50 * MILLI * i, () -> run.arrive(any(random), "t" + random.nextInt(3), "open",
                        List.of(open), 60_000, 10));
            }
            runAll(run, seed, 500);
            for (Path path : run.ended) {
                if (path.route.equals("open")) {
                    assertThat(path.startedNanos - path.arrivedNanos).as("seed %d", seed).isZero();
                }
            }
        }
    }

    /** Routes with deployments in common, outages told and untold, failures with and without pauses, few slots. */
    @Test
    @Tag("issue-6")
    void random_routes_are_kept_moving() {
        for (long seed = 1; seed <= 60; seed++) {
            random(seed, 400);
        }
    }

    @Test
    @Tag("long")
    void many_random_routes_are_kept_moving() {
        for (long seed = 1_001; seed <= 2_000; seed++) {
            random(seed, 2_000);
        }
    }

    private static void random(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        int slots = 1 + random.nextInt(20);
        RouteSimulation run = new RouteSimulation(new PoolScheduler(SHARES, slots, count), slots, random);
        List<Vendor> vendors = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Vendor vendor = new Vendor("v" + i, 1 + random.nextInt(4));
            vendor.saysUntil = random.nextInt(4) > 0;
            vendor.shutFrom = SECOND + random.nextLong(4 * SECOND);
            vendor.shutUntil = vendor.shutFrom + random.nextLong(4 * SECOND);
            vendor.failing = random.nextInt(3) == 0 ? 0.5 : 0;
            vendors.add(vendor);
        }
        for (int i = 0; i < count; i++) {
            int first = random.nextInt(vendors.size());
            int second = random.nextInt(vendors.size());
            List<Vendor> reach = random.nextBoolean() || first == second
                    ? List.of(vendors.get(first))
                    : List.of(vendors.get(first), vendors.get(second));
            long ttl = 300 + random.nextLong(10_000);
            run.at(SECOND + random.nextLong(5 * SECOND), () -> run.arrive(any(random),
                    "t" + random.nextInt(5), "r" + first + "/" + second, reach, ttl, 1 + random.nextInt(100)));
        }
        runAll(run, seed, count);
    }

    private static void runAll(RouteSimulation run, long seed, int count) {
        try {
            run.run();
            assertThat(run.ended).as("every request is answered").hasSize(count);
            assertThat(run.waiting).isEmpty();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    /** One call at once, 20 slots: its permit goes by weights between priorities and in equal parts between tenants. */
    @Test
    @Tag("issue-6")
    void a_scarce_permit_goes_by_weight_and_by_tenant_not_by_arrival() {
        for (long seed = 1; seed <= 3; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            RouteSimulation run = new RouteSimulation(new PoolScheduler(SHARES, 20, 5_000), 20, random);
            Vendor scarce = new Vendor("scarce", 1);
            run.at(SECOND, () -> {
                for (int i = 0; i < 1_600; i++) {
                    run.arrive(Priority.values()[i % 4], i % 8 < 4 ? "late" : "large", "scarce", List.of(scarce),
                            1_000_000 - i, i % 8 < 4 ? 50 : 100);
                }
            });
            run.run();
            Map<Priority, Double> served = new EnumMap<>(Priority.class);
            Map<String, Double> tenants = new java.util.HashMap<>();
            for (Path path : run.started.subList(0, 500)) {
                double cost = path.request.request().getTenant().equals("late") ? 50 : 100;
                served.merge(path.request.lane().priority(), cost, Double::sum);
                tenants.merge(path.request.request().getTenant(), cost, Double::sum);
            }
            double all = served.values().stream().mapToDouble(Double::doubleValue).sum();
            SHARES.forEach((priority, share) -> assertThat(100 * served.getOrDefault(priority, 0.0) / all)
                    .as("%s", priority).isCloseTo(share.weight(), within(3.0)));
            assertThat(tenants.get("late") / tenants.get("large")).isCloseTo(1.0, within(0.05));
            for (int i = 0; i < 499; i++) {
                Path path = run.started.get(i);
                for (Path later : run.started.subList(i + 1, 500)) {
                    if (later.request.lane().equals(path.request.lane())
                            && later.request.request().getTenant().equals(path.request.request().getTenant())) {
                        assertThat(later.request.expiresAtMillis()).as("deadline, seed %d", seed)
                                .isGreaterThan(path.request.expiresAtMillis());
                    }
                }
            }
        }
    }

    /** A route that was shut for long has earned nothing: when it opens, its tenant shares the slots from there on. */
    @Test
    @Tag("issue-6")
    void a_tenant_whose_route_was_shut_gets_no_burst() {
        SplittableRandom random = new SplittableRandom(7);
        RouteSimulation run = new RouteSimulation(new PoolScheduler(SHARES, 2, 5_000), 2, random);
        Vendor shut = new Vendor("shut", 100);
        shut.shutFrom = 0;
        shut.shutUntil = 11 * SECOND;
        Vendor open = new Vendor("open", 100);
        run.at(SECOND, () -> {
            for (int i = 0; i < 300; i++) {
                run.arrive(Priority.STANDARD, "shut", "shut", List.of(shut), 1_000_000, 10);
            }
            for (int i = 0; i < 2_000; i++) {
                run.arrive(Priority.STANDARD, "open", "open", List.of(open), 1_000_000, 10);
            }
        });
        run.run();
        long ofOpen = run.started.stream().filter(path -> path.startedNanos >= 11 * SECOND).limit(200)
                .filter(path -> path.route.equals("open")).count();
        assertThat(ofOpen).isBetween(95L, 105L);
    }

    /** 2,000 that wait for a call's end cost one question for each end, not one each. */
    @Test
    @Tag("issue-6")
    void who_waits_is_not_asked_in_vain() {
        SplittableRandom random = new SplittableRandom(3);
        RouteSimulation run = new RouteSimulation(new PoolScheduler(SHARES, 50, 5_000), 50, random);
        Vendor scarce = new Vendor("scarce", 2);
        run.at(SECOND, () -> {
            for (int i = 0; i < 2_000; i++) {
                run.arrive(any(random), "t" + i % 20, "scarce", List.of(scarce), 10_000_000, 10);
            }
        });
        run.run();
        assertThat(run.asked).isLessThan(2_000 * 2 + 10 + (run.now - SECOND) / SECOND);
    }

    private static Priority any(SplittableRandom random) {
        return Priority.values()[random.nextInt(4)];
    }
}
