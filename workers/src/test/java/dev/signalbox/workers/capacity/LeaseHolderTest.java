package dev.signalbox.workers.capacity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Amounts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class LeaseHolderTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Duration TTL = Duration.ofSeconds(6);
    private static final Duration DRAIN = Duration.ofSeconds(60);
    private static final PoolShare HALF = new PoolShare("main", calls(20), 0.5);

    private final LeaseHolder holder = new LeaseHolder(Duration.ofSeconds(10), 0);

    private static Amounts calls(long calls) {
        return new Amounts(calls, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED);
    }

    private static Lease lease(long term, long no, long seq, boolean keeps, long calls) {
        return new Lease(term, no, seq, keeps, TTL, DRAIN, Map.of("main", calls(calls)));
    }

    private boolean granted(Lease lease, long nowNanos) {
        return holder.granted(lease, List.of(HALF), nowNanos);
    }

    @Test
    void whileNobodyGrantsItHasItsWholeShare() {
        assertThat(holder.mayUse(HALF, 0).calls()).isEqualTo(10);
        assertThat(holder.mayUse(HALF, 0).requests()).isEqualTo(Amounts.UNLIMITED);
    }

    @Test
    void aLeaseEndsTtlAfterItsDemandWasSentHoweverLateItIsRead() {
        long seq = holder.demanded(0);
        assertThat(granted(lease(1, 1, seq, false, 17), 5 * SECOND)).isTrue();
        assertThat(holder.mayUse(HALF, 6 * SECOND - 1).calls()).isEqualTo(17);
        assertThat(holder.hasLease(6 * SECOND)).isFalse();
        assertThat(holder.mayUse(HALF, 6 * SECOND).calls()).as("the safe share").isEqualTo(5);
    }

    @Test
    void afterItsLeaseItHasNoMoreThanThatUntilOthersLeasesAreOver() {
        granted(lease(1, 1, holder.demanded(0), false, 2), 0);
        assertThat(holder.mayUse(HALF, 7 * SECOND).calls()).isEqualTo(2);
        for (long second = 8; second < 72; second++) {
            assertThat(holder.mayUse(HALF, second * SECOND).calls()).isEqualTo(2);
        }
        assertThat(holder.mayUse(HALF, 72 * SECOND).calls()).isEqualTo(5);
    }

    @Test
    void whileOthersAreHeardToHoldLeasesItHasNoShareOfItsOwn() {
        granted(lease(1, 1, holder.demanded(0), false, 2), 0);
        holder.grantedElsewhere(lease(1, 2, 1, false, 18), 70 * SECOND);
        assertThat(holder.mayUse(HALF, 100 * SECOND).calls()).isLessThanOrEqualTo(2);
        assertThat(holder.mayUse(HALF, 136 * SECOND).calls()).isEqualTo(5);
    }

    /** Seed 408 of the simulation: others were granted what it lost, and it did not know when it had partitions again. */
    @Test
    void partitionsThatCameBackAfterItsLeaseGiveItNoShare() {
        granted(lease(1, 1, holder.demanded(0), false, 10), 0);
        assertThat(holder.mayUse(HALF, 7 * SECOND).calls()).isEqualTo(5);
        assertThat(holder.mayUse(new PoolShare("main", calls(20), 0), 8 * SECOND).calls()).isZero();
        assertThat(holder.mayUse(HALF, 9 * SECOND).calls()).isZero();
    }

    @Test
    void whoStoodStillForASessionHasNoShareUntilItIsGrantedSomething() {
        granted(lease(1, 1, holder.demanded(0), false, 10), 0);
        assertThat(holder.mayUse(HALF, 5 * SECOND).calls()).isEqualTo(10);
        assertThat(holder.mayUse(HALF, 16 * SECOND).calls()).isZero();
        granted(lease(1, 2, holder.demanded(17 * SECOND), false, 3), 17 * SECOND);
        assertThat(holder.mayUse(HALF, 17 * SECOND).calls()).isEqualTo(3);
    }

    @Test
    void aNewWorkerInALeasedFleetHasNothingBeforeItsFirstGrant() {
        holder.grantedElsewhere(lease(3, 1, 1, false, 20), 0);
        assertThat(holder.mayUse(HALF, SECOND)).isEqualTo(Amounts.NONE);
        granted(lease(3, 2, holder.demanded(SECOND), false, 4), SECOND);
        assertThat(holder.mayUse(HALF, 2 * SECOND).calls()).isEqualTo(4);
    }

    @Test
    void whatTheFirstOfAllTermsKeepsTakesNothingAway() {
        holder.grantedElsewhere(lease(1, 1, 1, true, 10), 0);
        assertThat(holder.mayUse(HALF, SECOND).calls()).isEqualTo(10);
    }

    @Test
    void aNewTermThatLearnsGivesNothing() {
        granted(lease(1, 1, holder.demanded(0), false, 8), 0);
        granted(lease(2, 1, holder.demanded(SECOND), true, 20), SECOND);
        assertThat(holder.term()).isEqualTo(2);
        assertThat(holder.mayUse(HALF, 2 * SECOND).calls()).isEqualTo(8);
    }

    @Test
    void aDispatcherThatWasReplacedIsHeardNoMore() {
        long seq = holder.demanded(0);
        holder.grantedElsewhere(lease(2, 1, 1, true, 1), 0);
        assertThat(granted(lease(1, 99, seq, false, 20), 0)).isFalse();
        assertThat(granted(lease(2, 2, seq, false, 3), 0)).isTrue();
        assertThat(granted(lease(2, 1, seq, false, 20), 0)).as("an older one, read again").isFalse();
        assertThat(holder.mayUse(HALF, SECOND).calls()).isEqualTo(3);
    }

    @Test
    void anAnswerToADemandThatIsNotItsOwnCountsNothing() {
        assertThat(granted(lease(1, 1, 77, false, 20), 0)).isFalse();
    }

    @Test
    void whoIsOutOfTouchWithItsCoordinatorHasNoShare() {
        assertThat(holder.mayUse(new PoolShare("main", calls(20), 0), 0).calls()).isZero();
    }
}
