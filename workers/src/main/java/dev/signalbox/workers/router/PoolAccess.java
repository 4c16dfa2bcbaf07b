package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.LeaseHolder;
import dev.signalbox.workers.capacity.PoolShare;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pool's part of a deployment's limits in this worker, and who waits for it. Requests wait in the order of their
 * arrival; there are at most as many as the pools' slots.
 */
final class PoolAccess {
    /** Of those that wait, so many are told of: no worker could start more before it tells again. */
    private static final int MOST_WANTED = 10_000;

    private final DeploymentState state;
    private final DeploymentLimits limits;
    private final Refusals refusals = new Refusals();
    private final Set<Waiter> waiting = new LinkedHashSet<>();
    private final Loans loans = new Loans();
    private PoolShare share;
    /** Whether it had a lease that ended. */
    private boolean lost;

    /**
     * @param pool empty where the deployment is shared by all pools
     * @param part the pool's part of the deployment's limits
     * @param most the most that the pool may ever use, what it borrows included
     */
    PoolAccess(DeploymentState state, String pool, Deployment.Limits part, Amounts most) {
        this.state = state;
        this.limits = new DeploymentLimits(part, most);
        this.share = new PoolShare(pool, part.amounts(), 1);
    }

    /** Other limits from now on, see {@link DeploymentLimits#canBecome}. */
    void become(String pool, Deployment.Limits part, Amounts most) {
        limits.become(part, most);
        share = new PoolShare(pool, part.amounts(), share.ownedPart());
    }

    DeploymentState state() {
        return state;
    }

    DeploymentLimits limits() {
        return limits;
    }

    /** The limits as they are by what this worker may use now. */
    DeploymentLimits limits(long nowNanos) {
        LeaseHolder leases = state.leases(nowNanos);
        boolean leased = leases.hasLease(nowNanos);
        lost |= leases.grantNo() > 0 && !leased;
        if (leased && lost) {
            lost = false;
            limits.paceFrom(nowNanos);
        }
        if (state.isOut(nowNanos)) {
            limits.paceFrom(nowNanos);
        }
        limits.use(leases.mayUse(share, nowNanos));
        return limits;
    }

    Set<Waiter> waiting() {
        return waiting;
    }

    /** @param workerPart of the pool's partitions that this worker owns, 0 to 1 */
    void share(double workerPart) {
        share = new PoolShare(share.pool(), share.own(), workerPart);
    }

    PoolShare share() {
        return share;
    }

    Refusals refusals() {
        return refusals;
    }

    Loans loans() {
        return loans;
    }

    /** Whether the limits admit the call now; while others wait, the first of them goes before everybody else. */
    LimitVerdict check(CallNeed need, @Nullable Waiter asking, long nowNanos) {
        LimitVerdict verdict = limits(nowNanos).check(need, nowNanos);
        if (verdict instanceof LimitVerdict.Now && !waiting.isEmpty() && !waiting.iterator().next().equals(asking)) {
            return LimitVerdict.ON_RELEASE;
        }
        return verdict;
    }

    /**
     * What its calls hold, use and want.
     *
     * @param waits requests that wait for it in the schedulers, perhaps elsewhere too
     */
    CapacityUse.OfPool use(int waits, long nowNanos) {
        Amounts mayUse = state.leases(nowNanos).mayUse(share, nowNanos);
        limits.use(mayUse);
        Amounts inUse = limits.inUse(nowNanos);
        loans.callBack(limits.excessCalls(), state.granted(this, nowNanos).wantedBack(), nowNanos);
        int wants = Math.min(MOST_WANTED, Math.max(waits, refusals.passed(nowNanos)));
        Amounts each = refusals.typical();
        Amounts more = Amounts.ofEach(kind -> each.of(kind) * wants);
        return new CapacityUse.OfPool(share.pool(), share.ownedPart(), mayUse, inUse, inUse.plus(more),
                wants == 0 ? Amounts.NONE : refusals.largest(nowNanos), refusals.waitedMillis(wants > 0, nowNanos));
    }
}
