package dev.signalbox.dispatcher.capacity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Amounts;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class CapacityModelTest {
    private static final CapacityRules RULES = CapacityRules.DEFAULT;
    private static final long LEARNT = RULES.ttl().toMillis() + 1;
    private final Map<String, Long> seqs = new HashMap<>();
    private final Map<String, Grant> last = new HashMap<>();
    private final Map<String, Long> throttlings = new HashMap<>();
    private final Map<String, Long> answers = new HashMap<>();

    private static Amounts calls(long calls) {
        return new Amounts(calls, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED);
    }

    private static Amounts used(long calls) {
        return new Amounts(calls, 0, 0, 0);
    }

    private static CapacityModel model(long limit, Map<String, CapacityModel.Held> held) {
        return new CapacityModel(new DeploymentCapacity(calls(limit),
                List.of(new PoolCapacity("main", calls(limit), false, 0, Set.of())), Duration.ofSeconds(30)), RULES, 2,
                held, 0);
    }

    /** A demand that acknowledges the last grant; null: none yet. */
    private Demand demand(String worker, double owned, long running, long waiting) {
        Grant known = last.get(worker);
        long mayUse = known == null ? 0 : granted(known);
        return new Demand(worker, seqs.merge(worker, 1L, Long::sum), known == null ? 0 : 2,
                known == null ? 0 : known.no(), false, throttlings.getOrDefault(worker, 0L),
                answers.getOrDefault(worker, 0L), List.of(new Demand.OfPool("main", owned, calls(mayUse),
                        used(running), used(running + waiting), used(waiting > 0 ? 1 : 0), waiting > 0 ? 100 : 0)));
    }

    private static long granted(Grant grant) {
        Grant.OfPool pool = grant.pools().get("main");
        return pool == null ? 0 : pool.mayUse().calls();
    }

    /** All grants are taken at once. */
    private List<Grant> tell(CapacityModel model, Demand demand, long nowMillis) {
        List<Grant> grants = model.onDemand(demand, nowMillis);
        grants.forEach(grant -> last.put(grant.worker(), grant));
        return grants;
    }

    private long mayUse(String worker) {
        Grant known = last.get(worker);
        return known == null ? 0 : granted(known);
    }

    @Test
    void aDemandThatComesAgainIsAnsweredOnce() {
        CapacityModel model = model(10, Map.of());
        Demand first = demand("a", 1, 0, 5);
        assertThat(model.onDemand(first, LEARNT)).hasSize(1);
        assertThat(model.onDemand(first, LEARNT)).isEmpty();
    }

    @Test
    void aNewTermGivesNothingForOneTtl() {
        CapacityModel model = model(10, Map.of());
        assertThat(tell(model, demand("a", 1, 0, 5), 10).getFirst().keeps()).isTrue();
        assertThat(tell(model, demand("a", 1, 0, 5), LEARNT).getFirst().keeps()).isFalse();
        assertThat(mayUse("a")).isEqualTo(10);
    }

    @Test
    void whatAnEarlierTermGrantedCountsUntilItsWorkerIsGone() {
        CapacityModel model = model(10,
                Map.of("dead", new CapacityModel.Held(
                        Map.of("main", new Grant.OfPool(calls(2), calls(7), Map.of())), 0)));
        tell(model, demand("a", 1, 0, 50), LEARNT);
        assertThat(mayUse("a")).isEqualTo(3);
        long gone = RULES.ttl().toMillis() + 30_000 + 5_000;
        tell(model, demand("a", 1, 3, 50), gone + 1);
        assertThat(mayUse("a")).isEqualTo(10);
    }

    @Test
    void whatOneGivesUpIsGrantedToAnotherOnlyWhenItHasSaidSo() {
        CapacityModel model = model(10, Map.of());
        tell(model, demand("a", 0.5, 0, 50), LEARNT);
        tell(model, demand("b", 0.5, 0, 0), LEARNT + 1);
        tell(model, demand("a", 0.5, 5, 50), LEARNT + 2);
        tell(model, demand("b", 0.5, 0, 0), LEARNT + 3);
        tell(model, demand("a", 0.5, 10, 50), LEARNT + 4);
        assertThat(mayUse("a")).as("all of it while nobody else wants any").isEqualTo(10);
        tell(model, demand("b", 0.5, 0, 50), LEARNT + 5);
        assertThat(mayUse("a") + mayUse("b")).isLessThanOrEqualTo(10);
        assertThat(mayUse("a")).isLessThan(10);
        assertThat(mayUse("b")).as("a still runs 10 calls").isZero();
        tell(model, demand("a", 0.5, 6, 50), LEARNT + 6);
        assertThat(mayUse("b")).isEqualTo(4);
    }

    @Test
    void whatWasGrantedAndNotYetTakenIsGrantedToNobodyElse() {
        CapacityModel model = model(10, Map.of());
        tell(model, demand("a", 1, 0, 0), 10);
        assertThat(granted(model.onDemand(demand("a", 1, 0, 50), LEARNT).getFirst())).isEqualTo(10);
        tell(model, demand("b", 0, 0, 50), LEARNT + 1);
        assertThat(mayUse("b")).isZero();
    }

    /** Seed 18 of the simulation: what it might have taken was long over, but counted again when it spoke. */
    @Test
    void aGrantThatWasTakenTooLateIsNoneWhenItsWorkerComesBack() {
        CapacityModel model = model(2, Map.of());
        tell(model, demand("a", 0.5, 0, 50), LEARNT);
        tell(model, demand("b", 0.5, 0, 50), LEARNT + 1);
        tell(model, demand("a", 0.5, 1, 50), LEARNT + 2);
        tell(model, demand("b", 0.5, 0, 50), LEARNT + 3);
        assertThat(mayUse("b")).isEqualTo(1);
        long drained = LEARNT + RULES.ttl().toMillis() + 30_000 + 5_000 + 10;
        tell(model, demand("a", 1, 2, 50), drained);
        tell(model, demand("a", 1, 2, 50), drained + 1);
        assertThat(mayUse("a")).as("b is silent").isEqualTo(2);
        Demand back = new Demand("b", 99, 2, last.get("b").no(), false, List.of(new Demand.OfPool("main", 0.5,
                used(0), used(0), used(50), used(1), 100)));
        tell(model, back, drained + 2);
        assertThat(mayUse("b")).as("before a has said that it has less").isZero();
    }

    @Test
    void whoSaysGoodbyeLeavesHisCallsToOthersAtOnce() {
        CapacityModel model = model(10, Map.of());
        tell(model, demand("a", 1, 0, 50), LEARNT);
        tell(model, demand("a", 1, 10, 50), LEARNT + 1);
        Demand bye = new Demand("a", 99, 2, 1, true,
                List.of(new Demand.OfPool("main", 0, used(0), used(0), used(0), used(0), 0)));
        assertThat(model.onDemand(bye, LEARNT + 2)).anyMatch(Grant::isOver);
        tell(model, demand("b", 1, 0, 50), LEARNT + 3);
        assertThat(mayUse("b")).isEqualTo(10);
    }

    /** Bar: each in turn, so none waits much longer than the others. */
    @Test
    void aLimitOfOneGoesRoundThreeWorkers() {
        CapacityModel model = model(1, Map.of());
        List<String> workers = List.of("a", "b", "c");
        Map<String, Integer> served = new HashMap<>();
        Map<String, Long> servedLast = new HashMap<>();
        for (long now = LEARNT; now < LEARNT + 60_000; now += 100) {
            for (String worker : workers) {
                long oldest = now - servedLast.getOrDefault(worker, 0L);
                Demand plain = demand(worker, 1.0 / 3, 0, 100);
                Demand.OfPool said = plain.pools().getFirst();
                tell(model, new Demand(worker, plain.seq(), plain.term(), plain.grantNo(), false,
                        List.of(new Demand.OfPool("main", 1.0 / 3, said.mayUse(), said.inUse(), said.wanted(),
                                said.largest(), oldest))),
                        now);
            }
            for (String worker : workers) {
                if (mayUse(worker) == 1) {
                    served.merge(worker, 1, Integer::sum);
                    servedLast.put(worker, now);
                }
            }
            assertThat(workers.stream().mapToLong(this::mayUse).sum()).isLessThanOrEqualTo(1);
        }
        assertThat(served.keySet()).containsExactlyInAnyOrderElementsOf(workers);
        int most = served.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        int least = served.values().stream().mapToInt(Integer::intValue).min().orElse(0);
        assertThat(most).as("%s", served).isLessThanOrEqualTo(2 * least);
    }

    @Test
    void whatWorkersBorrowIsDividedAmongThemAndItsLenders() {
        CapacityModel model = new CapacityModel(new DeploymentCapacity(calls(30),
                List.of(new PoolCapacity("a", calls(12), true, 0.25, Set.of()),
                        new PoolCapacity("b", calls(6), true, 0, Set.of()),
                        new PoolCapacity("c", calls(12), false, 0, Set.of())),
                Duration.ofSeconds(30)), RULES, 2, Map.of(), 0);
        for (int round = 0; round < 6; round++) {
            for (String worker : List.of("x", "y")) {
                Grant known = last.get(worker);
                List<Demand.OfPool> pools = List.of("a", "b", "c").stream().map(pool -> {
                    Amounts mayUse = known == null
                            ? calls(0)
                            : known.pools().getOrDefault(pool, new Grant.OfPool(calls(0), calls(0), Map.of()))
                                    .mayUse();
                    return pool.equals("c")
                            ? new Demand.OfPool(pool, 0.5, mayUse, used(mayUse.calls()), used(mayUse.calls() + 50),
                                    used(1), 100)
                            : new Demand.OfPool(pool, 0.5, mayUse, used(0), used(0), used(0), 0);
                }).toList();
                tell(model, new Demand(worker, seqs.merge(worker, 1L, Long::sum), known == null ? 0 : 2,
                        known == null ? 0 : known.no(), false, pools), LEARNT + round * 1_000);
            }
        }
        List<Grant.OfPool> granted = last.values().stream()
                .map(grant -> grant.pools().getOrDefault("c", new Grant.OfPool(used(0), used(0), Map.of()))).toList();
        long all = granted.stream().mapToLong(pool -> pool.mayUse().calls()).sum();
        assertThat(all).as("all but a's reserve").isBetween(25L, 27L);
        for (Grant.OfPool pool : granted) {
            long borrowed = Amounts.sum(pool.borrowed().values()).calls();
            assertThat(borrowed).as("of %s", pool).isBetween(pool.mayUse().calls() * (all - 12) / all - 1,
                    pool.mayUse().calls() * (all - 12) / all + 1);
            assertThat(pool.borrowed().getOrDefault("a", Amounts.NONE).calls()).isBetween(borrowed * 9 / 15 - 1,
                    borrowed * 9 / 15 + 1);
        }
        assertThat(granted.stream().mapToLong(pool -> Amounts.sum(pool.borrowed().values()).calls()).sum())
                .isEqualTo(all - 12);
    }

    private Demand lent(String worker, Map<String, Long> inUse, long ownersWaiting, long oldestWaitMillis) {
        Grant known = last.get(worker);
        List<Demand.OfPool> pools = List.of("a", "c").stream().map(pool -> {
            long waiting = pool.equals("c") ? 16 : ownersWaiting;
            long running = pool.equals("c") ? inUse.getOrDefault(worker, 0L) : 0;
            return new Demand.OfPool(pool, 0.5, pool(known, pool).mayUse(), used(running), used(running + waiting),
                    used(Math.min(1, waiting)), waiting > 0 ? oldestWaitMillis : 0);
        }).toList();
        return new Demand(worker, seqs.merge(worker, 1L, Long::sum), known == null ? 0 : 2,
                known == null ? 0 : known.no(), false, pools);
    }

    private static Grant.OfPool pool(@Nullable Grant known, String pool) {
        Grant.OfPool nothing = new Grant.OfPool(used(0), used(0), Map.of());
        return known == null ? nothing : known.pools().getOrDefault(pool, nothing);
    }

    /** Else a call that its worker counts among its pool's own would run on until it ends, while its owner waits. Of fewer than workers, whose turn it is has them. */
    @Test
    void eachWorkerGivesBackWhatItHasBorrowedAndNothingOfItsPoolsOwn() {
        for (long own = 3; own <= 6; own++) {
            last.clear();
            seqs.clear();
            CapacityModel model = new CapacityModel(new DeploymentCapacity(calls(10),
                    List.of(new PoolCapacity("a", calls(10 - own), true, 0.2, Set.of()),
                            new PoolCapacity("c", calls(own), false, 0, Set.of())),
                    Duration.ofSeconds(30)), RULES, 2, Map.of(), 0);
            Map<String, Long> inUse = new HashMap<>();
            long now = LEARNT;
            for (int round = 0; round < 12; round++) {
                for (String worker : List.of("x", "y", "z")) {
                    inUse.put(worker, pool(last.get(worker), "c").mayUse().calls());
                    tell(model, lent(worker, inUse, 0, 100 + (round * 31 + worker.hashCode()) % 50), now += 300);
                }
            }
            Map<String, Grant.OfPool> before = new HashMap<>();
            last.forEach((worker, grant) -> before.put(worker, pool(grant, "c")));
            assertThat(before.values().stream().mapToLong(pool -> pool.mayUse().calls()).sum()).isGreaterThan(own);
            for (int round = 0; round < 6; round++) {
                for (String worker : List.of("z", "x", "y")) {
                    tell(model, lent(worker, inUse, 20, 100 + (round * 17 + worker.hashCode()) % 50), now += 300);
                }
            }
            before.forEach((worker, pool) -> assertThat(Amounts.sum(pool.borrowed().values()).calls())
                    .as("%s of %s, of which it keeps %s", worker, pool, pool(last.get(worker), "c"))
                    .isEqualTo(pool.mayUse().calls() - pool(last.get(worker), "c").mayUse().calls()));
        }
    }

    /** Two workers, each of which runs all that it may and has more that waits. */
    private void tellBoth(CapacityModel model, long nowMillis) {
        for (String worker : List.of("a", "b")) {
            tell(model, demand(worker, 0.5, mayUse(worker), 50), nowMillis);
        }
    }

    private void tellEachSecond(CapacityModel model, long fromMillis, long untilMillis) {
        for (long now = fromMillis; now < untilMillis; now += 1_000) {
            tellBoth(model, now);
        }
    }

    private long both() {
        return mayUse("a") + mayUse("b");
    }

    @Test
    void whatTheVendorRefusesOneWorkerLowersTheLimitForAllUntilItHasGrownAgain() {
        CapacityModel model = model(10, Map.of());
        tellEachSecond(model, LEARNT, LEARNT + 5_000);
        assertThat(both()).isEqualTo(10);
        long hadB = mayUse("b");
        long refused = LEARNT + 5_000;
        throttlings.put("a", 1L);
        assertThat(tell(model, demand("a", 0.5, mayUse("a"), 50), refused)).extracting(Grant::worker).as("at once")
                .containsExactlyInAnyOrder("a", "b");
        assertThat(both()).isEqualTo(7);
        assertThat(mayUse("b")).as("who was not refused").isLessThan(hadB);
        tellEachSecond(model, refused + 1_000, refused + 30_000);
        assertThat(both()).as("told each second, counted once").isEqualTo(7);
        tellEachSecond(model, refused + 30_000, refused + 90_000);
        assertThat(both()).isEqualTo(9);
        tellEachSecond(model, refused + 90_000, refused + 93_000);
        assertThat(both()).isEqualTo(10);
    }

    @Test
    void whatIsRefusedBeforeAllHaveHeardOfTheLowerLimitIsNoNews() {
        CapacityModel model = model(10, Map.of());
        tellEachSecond(model, LEARNT, LEARNT + 5_000);
        long refused = LEARNT + 5_000;
        throttlings.put("a", 1L);
        tellBoth(model, refused);
        throttlings.put("b", 1L);
        tellBoth(model, refused + RULES.ttl().toMillis() - 1);
        assertThat(model.limitPercent(refused + 6_000)).as("the same trouble").isEqualTo(70);
        throttlings.put("b", 2L);
        tellBoth(model, refused + RULES.ttl().toMillis());
        assertThat(model.limitPercent(refused + 6_000)).as("still too much").isEqualTo(49);
    }

    @Test
    void whatWasRefusedBeforeAWorkerWasFirstHeardMayBeLongAgo() {
        CapacityModel model = model(10, Map.of());
        throttlings.put("a", 7L);
        tellEachSecond(model, LEARNT, LEARNT + 5_000);
        assertThat(model.limitPercent(LEARNT + 5_000)).isEqualTo(100);
        Demand old = demand("a", 0.5, 5, 50);
        throttlings.put("a", 8L);
        tell(model, demand("a", 0.5, 5, 50), LEARNT + 5_000);
        tell(model, old, LEARNT + 20_000);
        tell(model, demand("a", 0.5, 5, 50), LEARNT + 20_000);
        assertThat(model.limitPercent(LEARNT + 20_000)).as("once, and an old demand is none").isEqualTo(75);
    }

    @Test
    void aWorkerThatIsRefusedWithoutEndLeavesOneCallAndAllComesBackWhenItEnds() {
        CapacityModel model = model(10, Map.of());
        tellEachSecond(model, LEARNT, LEARNT + 5_000);
        long ends = LEARNT + 600_000;
        int used = 0;
        for (long now = LEARNT + 5_000; now < ends; now += 1_000) {
            throttlings.merge("a", 1L, Long::sum);
            tellBoth(model, now);
            used += both() > 0 ? 1 : 0;
        }
        assertThat(model.limitPercent(ends)).isBetween(5, 15);
        assertThat(used).as("of some 600 s, the moments left out when the call goes from one to the other")
                .isGreaterThan(300);
        tellEachSecond(model, ends, ends + 300_000);
        assertThat(both()).isEqualTo(10);
    }

    @Test
    void manyAnswersBringALoweredLimitBackSooner() {
        CapacityModel model = model(10, Map.of());
        tellEachSecond(model, LEARNT, LEARNT + 5_000);
        long refused = LEARNT + 5_000;
        throttlings.put("a", 1L);
        answers.put("a", 500L);
        tellBoth(model, refused);
        tellBoth(model, refused + 1_000);
        assertThat(model.limitPercent(refused + 1_000)).as("answers from before the refusal").isEqualTo(70);
        for (long now = refused + 2_000; now < refused + 8_000; now += 1_000) {
            answers.merge("b", 20L, Long::sum);
            tellBoth(model, now);
        }
        assertThat(model.limitPercent(refused + 8_000)).isEqualTo(100);
    }

    @Test
    void aVendorThatRefusesOneCallInAThousandWhateverIsAskedOfItKeepsNearlyAll() {
        CapacityModel model = model(100, Map.of());
        tellEachSecond(model, LEARNT, LEARNT + 5_000);
        long granted = 0;
        for (int second = 1; second <= 1_000; second++) {
            if (second % 20 == 0) {
                throttlings.merge("a", 1L, Long::sum);
            }
            answers.merge("a", 25L, Long::sum);
            answers.merge("b", 25L, Long::sum);
            tellBoth(model, LEARNT + 5_000 + second * 1_000);
            granted += both();
        }
        assertThat(granted / 1_000).isBetween(90L, 99L);
    }

    @Test
    void aVendorThatRefusesWhatIsBeyondHalfOfTheLimitGetsNoMore() {
        CapacityModel model = model(100, Map.of());
        tellEachSecond(model, LEARNT, LEARNT + 5_000);
        long begins = LEARNT + 5_000;
        long beyond = 0;
        long granted = 0;
        for (int second = 1; second <= 600; second++) {
            String refused = second % 2 == 0 ? "a" : "b";
            if (both() > 50) {
                throttlings.merge(refused, 1L, Long::sum);
            }
            answers.merge("a", 15L, Long::sum);
            answers.merge("b", 15L, Long::sum);
            tellBoth(model, begins + second * 1_000);
            if (second > 2 * RULES.ttl().toSeconds()) {
                beyond += Math.max(0, both() - 50);
                granted += both();
            }
        }
        assertThat(granted / 588).isBetween(35L, 55L);
        assertThat((double) beyond / granted).isLessThan(0.1);
    }

    @Test
    void aLoweredLimitHasRoomForTheLargestRequestThatWaits() {
        Amounts limit = new Amounts(10, Amounts.UNLIMITED, 50, 1_000);
        DeploymentCapacity lowered = new DeploymentCapacity(limit,
                List.of(new PoolCapacity("high", limit.times(0.6), false, 0, Set.of()),
                        new PoolCapacity("low", limit.times(0.4), false, 0, Set.of())),
                Duration.ofSeconds(30))
                .lowered(5, pool -> new Amounts(1, 1, 20, pool.equals("high") ? 500 : 0));
        assertThat(lowered.pools()).extracting(PoolCapacity::own).containsExactly(
                new Amounts(1, Amounts.UNLIMITED, 20, 500), new Amounts(1, Amounts.UNLIMITED, 20, 20));
        assertThat(lowered.limit()).isEqualTo(new Amounts(2, Amounts.UNLIMITED, 40, 520));
    }
}
