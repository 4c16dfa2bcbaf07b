package dev.signalbox.workers.capacity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.TenantLease;
import dev.signalbox.workers.capacity.TenantLeases.OfPool;
import dev.signalbox.workers.capacity.TenantLeases.Said;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class TenantLeasesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long LOOK = SECOND / 10;
    private static final PoolName POOL = new PoolName("main");
    private static final TenantLease ACME = new TenantLease(POOL, "acme");

    private final TenantLeases leases = new TenantLeases();
    private final List<Said> said = new ArrayList<>();
    private long now;
    private long grantNo;

    private static TenantCalls calls(String tenant, int running, int waiting) {
        return new TenantCalls(tenant, 6, 2, running, waiting, waiting > 0 ? 1 : 0);
    }

    /** Looks each 100 ms, until then. */
    private void run(long until, TenantCalls... calls) {
        for (; now <= until; now += LOOK) {
            said.addAll(leases.look(leases.going(now), Map.of(POOL, new OfPool(0.3, List.of(calls))), now));
        }
    }

    private boolean granted(TenantLease lease, Said answered, boolean keeps, long calls) {
        return leases.granted(lease, new Lease(7, ++grantNo, answered.seq(), keeps, Duration.ofSeconds(6),
                Duration.ofSeconds(15),
                Map.of("", new Amounts(calls, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED))), now);
    }

    private long atOnce() {
        return leases.atOnce(ACME, now).orElse(-1);
    }

    private static CapacityUse.OfPool told(Said said) {
        return said.use().pools().getFirst();
    }

    @Test
    void whoWaitsAsksAtOnceAndHasWhatHeIsGranted() {
        assertThat(atOnce()).isZero();
        run(0, calls("acme", 0, 3));
        assertThat(said).singleElement().satisfies(first -> {
            assertThat(first.lease()).isEqualTo(ACME);
            assertThat(first.limit()).hasValue(6);
            assertThat(told(first).mayUse().calls()).isZero();
            assertThat(told(first).wanted().calls()).isEqualTo(3);
        });
        assertThat(granted(ACME, said.getFirst(), false, 4)).isTrue();
        assertThat(atOnce()).isEqualTo(4);
        now = 6 * SECOND;
        assertThat(atOnce()).as("its lease is over").isZero();
    }

    @Test
    void whatIsToldOfCallsIsNoEarlierThanWhatItGoesBy() {
        run(0, calls("acme", 0, 3));
        granted(ACME, said.getFirst(), false, 4);
        var going = leases.going(now);
        said.clear();
        now += SECOND;
        // Counted after that; meanwhile it was granted less.
        granted(ACME, saidNow(going), false, 1);
        assertThat(atOnce()).isEqualTo(1);
        assertThat(told(said.getFirst()).mayUse().calls()).as("by what it went when they were counted").isEqualTo(4);
    }

    private Said saidNow(Map<TenantLease, TenantLeases.Going> going) {
        said.addAll(leases.look(going, Map.of(POOL, new OfPool(0.3, List.of(calls("acme", 4, 0)))), now));
        return said.getFirst();
    }

    @Test
    void aDispatcherThatAnswersNobodyIsNotWaitedFor() {
        run(5 * SECOND - 2 * LOOK, calls("acme", 0, 3));
        assertThat(atOnce()).as("until five demands in a row over 5 s").isZero();
        run(5 * SECOND, calls("acme", 0, 3));
        assertThat(atOnce()).as("its part of the limit").isEqualTo(-1);
        assertThat(leases.atOnce(new TenantLease(POOL, "other"), now)).as("known for others as well").isEmpty();
        run(7 * SECOND, calls("acme", 2, 1));
        assertThat(told(said.getLast()).mayUse().calls()).as("which it tells").isEqualTo(2);
        assertThat(granted(ACME, said.getLast(), true, 1)).isTrue();
        assertThat(atOnce()).as("the first grant ends that").isEqualTo(1);
        assertThat(leases.atOnce(new TenantLease(POOL, "other"), now)).hasValue(0);
    }

    @Test
    void aTermThatLearnsGivesNothingMore() {
        run(0, calls("acme", 0, 3));
        granted(ACME, said.getFirst(), true, 5);
        assertThat(atOnce()).isZero();
    }

    @Test
    void thatNobodyAnswersIsKnownFromDeploymentsAsWellAndUntilSomethingIsHeard() {
        for (; now <= 5 * SECOND; now += SECOND) {
            leases.asked(now);
        }
        assertThat(atOnce()).isEqualTo(-1);
        now += 3_600 * SECOND;
        assertThat(atOnce()).as("nobody was asked since").isEqualTo(-1);
        leases.answered();
        assertThat(atOnce()).isZero();
    }

    @Test
    void whoStoodStillDoesNotTakeThatForSilence() {
        run(SECOND, calls("acme", 0, 3));
        now += 60 * SECOND;
        run(now, calls("acme", 0, 3));
        assertThat(atOnce()).isZero();
    }

    @Test
    void whoRestedIsGivenUpAndComesBackWithHigherNumbers() {
        run(0, calls("acme", 0, 1));
        granted(ACME, said.getFirst(), false, 4);
        run(3 * SECOND, calls("acme", 1, 0));
        run(8 * SECOND - LOOK);
        assertThat(said).noneMatch(Said::goodbye);
        assertThat(said.getLast().limit()).as("who rests knows no limit").isEmpty();
        run(8 * SECOND);
        assertThat(said.getLast().goodbye()).isTrue();
        assertThat(leases.asks(ACME)).isFalse();
        assertThat(granted(ACME, said.getLast(), false, 4)).as("it has none").isFalse();
        long last = said.getLast().seq();
        run(9 * SECOND, calls("acme", 0, 1));
        assertThat(said.getLast().seq()).isGreaterThan(last);
        assertThat(said.getLast().use().term()).isZero();
    }

    @Test
    void atItsEndAWorkerSaysWhatStillRuns() {
        run(0, calls("acme", 0, 1));
        List<Said> last = leases.goodbye(Map.of(POOL, new OfPool(0.3, List.of(calls("acme", 1, 0)))), now);
        assertThat(last).singleElement().satisfies(each -> {
            assertThat(each.goodbye()).isTrue();
            assertThat(told(each).inUse().calls()).isEqualTo(1);
        });
    }

    @Test
    void moreTenantsThanItMayAskForGoByItsPart() {
        run(0, IntStream.range(0, TenantLeases.MOST).mapToObj(i -> calls("t" + i, 0, 1)).toArray(TenantCalls[]::new));
        assertThat(said).hasSize(TenantLeases.MOST);
        assertThat(atOnce()).isEqualTo(-1);
        run(0, calls("acme", 1, 1));
        assertThat(leases.asks(ACME)).isFalse();
    }

    @Test
    void aPoolThatIsServedAgainWhileCallsOfBeforeRunIsCountedAsOne() {
        OfPool both = new OfPool(0, List.of(calls("acme", 3, 0)))
                .and(new OfPool(0.5, List.of(calls("acme", 1, 2), calls("shop", 1, 0))));
        assertThat(both.ownedPart()).isEqualTo(0.5);
        assertThat(both.calls()).extracting(TenantCalls::tenant, TenantCalls::running, TenantCalls::waiting)
                .containsExactly(tuple("acme", 4L, 2L),
                        tuple("shop", 1L, 0L));
    }
}
