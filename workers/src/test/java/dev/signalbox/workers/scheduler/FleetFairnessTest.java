package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.scheduler.ServedElsewhere.FleetUse;
import dev.signalbox.workers.scheduler.ServedElsewhere.Part;
import dev.signalbox.workers.scheduler.ServedElsewhere.Served;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Several workers that tell each other each second, over late messages, what their tenants were served. Each serves 10 calls
 * at once of 1 ms a token: 10,000 tokens a second.
 */
@Tag("issue-6")
class FleetFairnessTest {
    private static final long MILLI = ScarceCapacity.MILLI;
    private static final long SECOND = ScarceCapacity.SECOND;
    private static final int WORKERS = 3;
    private static final int AT_ONCE = 10;
    private static final int DAY = 86_400_000;
    /** What docs/tenants.md states. */
    private static final long BOUND_TOKENS = 60_000;
    /** What docs/tenants.md states of how far ahead a tenant gets for what was served elsewhere. */
    private static final long LEAD_TOKENS = 200_000;
    /** What docs/tenants.md states of a limit of 60,000 tokens a minute. */
    private static final long TOKENS_OF_60_000 = 66_000;
    /** By how much more than estimated the calls that run may come to. */
    private static final long MISJUDGED_TOKENS = 2_000;
    private static final Map<Priority, PriorityShare> ONE = Map.of(Priority.STANDARD, new PriorityShare(1, 0));

    private final List<ScarceCapacity> workers = new ArrayList<>();
    private final List<ServedElsewhere> elsewhere = new ArrayList<>();
    /** What the dispatcher knows: by tenant and worker. */
    private final Map<String, Map<Integer, TenantUse>> known = new HashMap<>();
    private SplittableRandom random = new SplittableRandom(1);
    private long second = 2;
    private boolean dispatcher = true;
    /** By worker, calls at once that a tenant may make there; empty: nobody leases. */
    private List<OptionalLong> leased = List.of(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
    private int mostCalls;

    private void begin(Function<String, Tenant> plans) {
        for (int i = 0; i < WORKERS; i++) {
            int worker = i;
            workers.add(new ScarceCapacity(new PoolScheduler(ONE, 1_000, 1_000_000,
                    new PoolRules(plans, Set::of, (tenant, nanos) -> leased.get(worker))), AT_ONCE));
            elsewhere.add(new ServedElsewhere("w" + i));
            workers.get(i).scheduler.share(1.0 / WORKERS);
        }
    }

    /** Messages take 0 to 1 s each way. */
    private void run(long until, Runnable eachSecond) {
        for (; second * SECOND <= until; second++) {
            long now = second * SECOND;
            workers.forEach(worker -> worker.runUntil(now));
            mostCalls = Math.max(mostCalls, workers.stream().mapToInt(worker -> worker.running).sum());
            eachSecond.run();
            for (int i = 0; i < WORKERS; i++) {
                int from = i;
                List<TenantUse> told = workers.get(i).scheduler.tenantUse(now);
                if (dispatcher) {
                    told.forEach(use -> known.computeIfAbsent(use.tenant(), any -> new HashMap<>()).put(from, use));
                }
            }
            for (int i = 0; i < WORKERS && dispatcher; i++) {
                tell(i, now + random.nextLong(SECOND));
            }
        }
    }

    private void tell(int to, long at) {
        List<Served> served = new ArrayList<>();
        List<FleetUse> uses = new ArrayList<>();
        known.forEach((tenant, parts) -> {
            List<Part> all = new ArrayList<>();
            parts.forEach((worker, use) -> all.add(new Part("w" + worker, use)));
            uses.add(elsewhere.get(to).told(tenant, all, served, at));
        });
        workers.get(to).at(at, () -> workers.get(to).scheduler.elsewhere(served, uses, at));
    }

    private void arrivals(int worker, String tenant, long tokens, double perSecond, long from, long until) {
        ScarceCapacity run = workers.get(worker);
        long next = from + (long) (-Math.log(1 - random.nextDouble()) / perSecond * SECOND);
        if (next < until) {
            run.at(next, () -> {
                long mine = Math.max(2, tokens / 2 + random.nextLong(tokens));
                run.arrive(Priority.STANDARD, tenant, 1 + mine / 20, mine, mine * MILLI, DAY);
                arrivals(worker, tenant, tokens, perSecond, next, until);
            });
        }
    }

    private Map<String, Long> served() {
        Map<String, Long> served = new HashMap<>();
        workers.forEach(worker -> worker.ended.forEach(call -> served.merge(call.tenant(), call.tokens, Long::sum)));
        return served;
    }

    /** One tenant floods all workers; each of three others waits at one alone. Most that any two are apart, tokens. */
    private long mostApart(long until) {
        begin(Tenant::ofDefault);
        for (int i = 0; i < WORKERS; i++) {
            arrivals(i, "everywhere", 400, 60, SECOND, until);
            arrivals(i, "only-" + i, 200, 120, SECOND, until);
        }
        long[] most = new long[1];
        run(until, () -> {
            Map<String, Long> served = served();
            long high = served.values().stream().mapToLong(Long::longValue).max().orElse(0);
            long low = served.values().stream().mapToLong(Long::longValue).min().orElse(0);
            most[0] = Math.max(most[0], high - low);
        });
        return most[0];
    }

    @Test
    void a_tenant_on_all_workers_gets_no_more_than_those_on_one() {
        long most = mostApart(120 * SECOND);
        System.out.println("FLEET FAIRNESS after 120 s: " + served() + ", most apart " + most + " tokens");
        assertThat(most).isLessThan(BOUND_TOKENS);
    }

    @Test
    @Tag("long")
    void the_bound_holds_for_ten_minutes_and_many_seeds() {
        long most = 0;
        for (long seed = 1; seed <= 20; seed++) {
            FleetFairnessTest run = new FleetFairnessTest();
            run.random = new SplittableRandom(seed);
            long apart = run.mostApart(600 * SECOND);
            assertThat(apart).as("seed %d", seed).isLessThan(BOUND_TOKENS);
            most = Math.max(most, apart);
        }
        System.out.println("FLEET FAIRNESS in 20 runs of 600 s: most apart " + most + " tokens");
    }

    @Test
    void without_a_dispatcher_each_worker_goes_on_alone() {
        dispatcher = false;
        long most = mostApart(60 * SECOND);
        assertThat(most).as("half of each worker for the one that is everywhere").isGreaterThan(3 * BOUND_TOKENS);
        assertThat(workers).allSatisfy(worker -> assertThat(worker.running).isEqualTo(AT_ONCE));
    }

    @Test
    void nobody_starves_for_what_a_worker_did_that_is_gone() {
        begin(Tenant::ofDefault);
        arrivals(1, "everywhere", 400, 60, SECOND, 200 * SECOND);
        arrivals(0, "here", 200, 120, SECOND, 200 * SECOND);
        run(100 * SECOND, () -> {
        });
        arrivals(0, "everywhere", 400, 60, 100 * SECOND, 200 * SECOND);
        run(101 * SECOND, () -> {
        });
        long begun = 101 * SECOND;
        dispatcher = false;
        run(150 * SECOND, () -> {
        });
        long first = workers.get(0).started.stream().filter(call -> call.tenant().equals("everywhere"))
                .mapToLong(call -> call.startedNanos).min().orElse(Long.MAX_VALUE);
        assertThat(first - begun).isLessThan(LEAD_TOKENS / 10_000 * SECOND + 5 * SECOND);
    }

    @Test
    void whoever_comes_to_a_worker_where_nobody_waits_owes_nothing_for_what_he_missed() {
        begin(Tenant::ofDefault);
        arrivals(1, "elsewhere", 400, 60, SECOND, 100 * SECOND);
        run(60 * SECOND, () -> {
        });
        arrivals(0, "elsewhere", 200, 120, 60 * SECOND, 100 * SECOND);
        arrivals(0, "new", 200, 120, 60 * SECOND, 100 * SECOND);
        run(62 * SECOND, () -> {
        });
        assertThat(workers.get(0).started).extracting(ScarceCapacity.Call::tenant).contains("new", "elsewhere");
    }

    private static Tenant limited(String name, int concurrency, int perMinute, int tokens) {
        return new Tenant(name, 1, new Tenant.Limits(of(concurrency), of(perMinute), of(tokens)), Residency.ANYWHERE);
    }

    private static OptionalInt of(int limit) {
        return limit == 0 ? OptionalInt.empty() : OptionalInt.of(limit);
    }

    private long startedInMinute(long from) {
        return workers.stream().flatMap(worker -> worker.started.stream())
                .filter(call -> call.startedNanos >= from && call.startedNanos < from + 60 * SECOND).count();
    }

    @Test
    void a_limit_of_requests_is_the_fleets_wherever_they_come() {
        begin(name -> limited(name, 0, 300, 0));
        arrivals(0, "acme", 20, 20, SECOND, 300 * SECOND);
        run(150 * SECOND, () -> {
        });
        long alone = (startedInMinute(30 * SECOND) + startedInMinute(90 * SECOND)) / 2;
        assertThat(alone).as("one worker alone has nearly all of it").isBetween(270L, 300L);
        for (int i = 1; i < WORKERS; i++) {
            arrivals(i, "acme", 20, 20, 150 * SECOND, 300 * SECOND);
        }
        long[] most = new long[1];
        run(290 * SECOND, () -> most[0] = Math.max(most[0], startedInMinute(workers.get(0).now - 60 * SECOND)));
        System.out
                .println("FLEET LIMIT of 300 a minute: " + alone + " by one worker, at most " + most[0] + " by three");
        assertThat(most[0]).isLessThanOrEqualTo(330);
        assertThat(startedInMinute(220 * SECOND)).isGreaterThanOrEqualTo(250);
    }

    private long tokensInMinute(long from) {
        return workers.stream().flatMap(worker -> worker.started.stream())
                .filter(call -> call.startedNanos >= from && call.startedNanos < from + 60 * SECOND)
                .mapToLong(call -> call.tokens).sum();
    }

    @Test
    void a_limit_of_tokens_is_the_fleets() {
        begin(name -> limited(name, 0, 0, 60_000));
        arrivals(0, "acme", 400, 8, SECOND, 300 * SECOND);
        run(150 * SECOND, () -> {
        });
        long alone = (tokensInMinute(30 * SECOND) + tokensInMinute(90 * SECOND)) / 2;
        for (int i = 1; i < WORKERS; i++) {
            arrivals(i, "acme", 400, 8, 150 * SECOND, 300 * SECOND);
        }
        long[] most = new long[1];
        run(290 * SECOND, () -> most[0] = Math.max(most[0], tokensInMinute(workers.get(0).now - 60 * SECOND)));
        System.out.println("FLEET LIMIT of 60,000 tokens a minute: " + alone + " by one worker, at most " + most[0]
                + " by three");
        assertThat(alone).as("one worker alone has nearly all of it").isBetween(54_000L, 60_000L + MISJUDGED_TOKENS);
        assertThat(most[0]).isLessThanOrEqualTo(TOKENS_OF_60_000);
        assertThat(tokensInMinute(220 * SECOND)).isGreaterThanOrEqualTo(50_000);
    }

    private void lease(long... calls) {
        leased = LongStream.of(calls).mapToObj(OptionalLong::of).toList();
        workers.forEach(worker -> worker.scheduler.leased("acme"));
    }

    /** Who leases is in another module: {@code TenantLeaseSimulationTest} has both. */
    @Test
    void of_a_limit_of_calls_at_once_each_worker_has_exactly_what_it_leased() {
        begin(name -> limited(name, 6, 0, 0));
        lease(6, 0, 0);
        arrivals(0, "acme", 400, 30, SECOND, 200 * SECOND);
        run(60 * SECOND, () -> {
        });
        assertThat(workers.get(0).running).as("one worker alone has all of it").isEqualTo(6);
        assertThat(workers.get(0).scheduler.tenantCalls(60 * SECOND)).singleElement().satisfies(calls -> {
            assertThat(calls.running()).isEqualTo(6);
            assertThat(calls.waiting()).isGreaterThan(100);
            assertThat(calls.limit()).isEqualTo(6);
            assertThat(calls.part()).isEqualTo(2);
        });
        for (int i = 1; i < WORKERS; i++) {
            arrivals(i, "acme", 400, 30, 60 * SECOND, 200 * SECOND);
        }
        lease(3, 0, 0);
        run(65 * SECOND, () -> assertThat(workers.get(1).started).as("nothing is taken that is not leased").isEmpty());
        lease(3, 2, 1);
        mostCalls = 0;
        run(180 * SECOND, () -> {
        });
        System.out.println("FLEET LIMIT of 6 calls at once, leased as 3, 2 and 1: at most " + mostCalls);
        assertThat(mostCalls).isEqualTo(6);
        assertThat(workers).extracting(worker -> worker.running).containsExactly(3, 2, 1);
    }

    @Test
    void who_waits_for_a_lease_says_for_how_long_none_of_his_began() {
        begin(name -> limited(name, 6, 0, 0));
        lease(0, 0, 0);
        arrivals(0, "acme", 400, 30, SECOND, 200 * SECOND);
        run(5 * SECOND, () -> {
        });
        assertThat(workers.get(0).scheduler.tenantCalls(5 * SECOND)).singleElement()
                .satisfies(calls -> assertThat(calls.oldestWaitMillis()).isBetween(3_500L, 4_000L));
        lease(1, 0, 0);
        run(20 * SECOND, () -> {
        });
        assertThat(workers.get(0).scheduler.tenantCalls(20 * SECOND)).singleElement()
                .satisfies(calls -> assertThat(calls.oldestWaitMillis()).as("a call takes 0.2 to 0.6 s")
                        .isBetween(1L, 600L));
        assertThat(workers.get(1).scheduler.tenantCalls(20 * SECOND)).isEmpty();
    }

    @Test
    void without_a_dispatcher_a_limit_is_shared_by_partitions() {
        dispatcher = false;
        begin(name -> limited(name, 6, 0, 0));
        for (int i = 0; i < WORKERS; i++) {
            arrivals(i, "acme", 400, 30, SECOND, 100 * SECOND);
        }
        run(60 * SECOND, () -> {
        });
        assertThat(mostCalls).isEqualTo(6);
        assertThat(workers).extracting(worker -> worker.running).containsOnly(2);
    }

    @Test
    void sums_that_are_told_again_count_once() {
        ServedElsewhere others = new ServedElsewhere("me");
        List<Served> served = new ArrayList<>();
        others.told("acme", List.of(new Part("you", use(1, 500))), served, 0);
        assertThat(served).as("nobody knows when that was").isEmpty();
        others.told("acme", List.of(new Part("you", use(1, 700)), new Part("me", use(1, 9_000))), served, 0);
        others.told("acme", List.of(new Part("you", use(1, 700))), served, 0);
        others.told("acme", List.of(new Part("you", use(2, 30))), served, 0);
        assertThat(served).extracting(Served::units).containsExactly(200L, 30L);
        assertThat(Optional.of(others.told("acme", List.of(new Part("me", use(1, 5)), new Part("you", use(2, 30))),
                served, 0)).map(use -> use.ofAll().unitsInMinute())).contains(35L);
    }

    private static TenantUse use(long sum, long units) {
        return new TenantUse("acme", Priority.STANDARD, sum, units, 1, units, 1, 0);
    }
}
