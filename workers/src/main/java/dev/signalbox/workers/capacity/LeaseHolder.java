package dev.signalbox.workers.capacity;

import dev.signalbox.schemas.Amounts;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What this worker may use of one deployment. It numbers its demands; a grant answers one, and the lease ends at the time of
 * sending that one + ttl, on this worker's own clock. Of two grants the one of the higher term counts, then the higher number; the
 * highest term of any worker's grants counts, so that a dispatcher which was replaced is heard no more.
 *
 * <table>
 * <caption>what it may use</caption>
 * <tr><td>it has a lease</td><td>what that says</td></tr>
 * <tr><td>its lease has ended</td><td>the safe share, but no more than the lease said and of the partitions that it has had ever
 * since, until all that others' leases allow has passed: ttl + drain</td></tr>
 * <tr><td>it never had one, others have</td><td>nothing until ttl + drain after the last word of them, then the safe share</td></tr>
 * <tr><td>nobody ever had one</td><td>its whole share: partitions are owned by one worker each</td></tr>
 * </table>
 *
 * <p>A pure model, for one caller at a time; time is ns on a monotonic clock.
 */
public final class LeaseHolder {
    /** Demands whose answer may still come; one a second, of which a lease's length counts. */
    private static final int MOST_SENT = 256;

    private final Map<Long, Long> sentNanos = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Long> eldest) {
            return size() > MOST_SENT;
        }
    };
    private long demandSeq;
    private long highestTerm;
    private @Nullable Lease lease;
    private long leaseEndNanos;
    private @Nullable Elsewhere elsewhere;
    private final long mostUnseenNanos;
    private long lookedNanos;
    /** By pool, the least part of the partitions that it owned since its lease ended: what comes back was others' meanwhile. */
    private final Map<String, Double> keptParts = new HashMap<>();
    private boolean wasAway;

    /**
     * @param mostUnseen partitions cannot be lost and come back within that; whoever did not look for longer, as a process
     *        that stood still, has none for sure
     */
    public LeaseHolder(Duration mostUnseen, long nowNanos) {
        this(mostUnseen, 0, nowNanos);
    }

    /** @param demandSeq the number before that of the first demand */
    LeaseHolder(Duration mostUnseen, long demandSeq, long nowNanos) {
        this.demandSeq = demandSeq;
        this.mostUnseenNanos = mostUnseen.toNanos();
        this.lookedNanos = nowNanos;
    }

    /** Others' leases, as far as they were told. */
    private record Elsewhere(long toldNanos, long countsNanos) {
    }

    /** A demand is sent now; its number. */
    public long demanded(long nowNanos) {
        demandSeq++;
        sentNanos.put(demandSeq, nowNanos);
        return demandSeq;
    }

    /** Term of the grant it goes by; 0: none. */
    public long term() {
        return lease == null ? 0 : lease.term();
    }

    /** Number of that grant; 0: none. */
    public long grantNo() {
        return lease == null ? 0 : lease.grantNo();
    }

    /** The dispatcher granted another worker that, at that time. What the first of all terms keeps, everybody keeps. */
    public void grantedElsewhere(Lease other, long atNanos) {
        highestTerm = Math.max(highestTerm, other.term());
        boolean nothingNew = other.keeps() && other.term() == 1;
        if (!nothingNew && (elsewhere == null || atNanos - elsewhere.toldNanos > 0)) {
            elsewhere = new Elsewhere(atNanos, other.ttl().plus(other.drain()).toNanos());
        }
    }

    /**
     * The dispatcher granted this worker that.
     *
     * @param shares of all its pools, for what it has without it
     * @return whether it counts: it is news, of the highest term and answers a demand of this worker
     */
    public boolean granted(Lease news, Iterable<PoolShare> shares, long nowNanos) {
        Long sent = sentNanos.get(news.demandSeq());
        boolean newer = lease == null || news.term() > lease.term()
                || (news.term() == lease.term() && news.grantNo() > lease.grantNo());
        if (sent == null || !newer || news.term() < highestTerm) {
            return false;
        }
        highestTerm = news.term();
        Map<String, Amounts> mayUse = new LinkedHashMap<>(news.mayUse());
        if (news.keeps()) {
            shares.forEach(share -> mayUse.computeIfPresent(share.pool(),
                    (pool, amounts) -> amounts.min(mayUse(share, nowNanos))));
        }
        lease = new Lease(news.term(), news.grantNo(), news.demandSeq(), news.keeps(), news.ttl(), news.drain(),
                mayUse);
        leaseEndNanos = sent + news.ttl().toNanos();
        return true;
    }

    /** Whether it has one now. */
    public boolean hasLease(long nowNanos) {
        return lease != null && leaseEndNanos - nowNanos > 0;
    }

    /** The most that its calls of that pool may use now; to be asked often. */
    public Amounts mayUse(PoolShare share, long nowNanos) {
        wasAway |= nowNanos - lookedNanos > mostUnseenNanos;
        lookedNanos = nowNanos;
        if (lease == null) {
            return withoutLease(share, nowNanos);
        }
        Amounts leased = Objects.requireNonNullElse(lease.mayUse().get(share.pool()), Amounts.NONE);
        if (leaseEndNanos - nowNanos > 0) {
            keptParts.clear();
            wasAway = false;
            return leased;
        }
        long waits = lease.ttl().plus(lease.drain()).toNanos();
        if (leaseEndNanos + waits - nowNanos <= 0 && !isElsewhere(nowNanos)) {
            return share.safe();
        }
        double kept = wasAway ? 0 : Math.min(share.ownedPart(), keptParts.getOrDefault(share.pool(), 1.0));
        keptParts.put(share.pool(), kept);
        return leased.min(new PoolShare(share.pool(), share.own(), kept).safe());
    }

    private Amounts withoutLease(PoolShare share, long nowNanos) {
        if (elsewhere == null) {
            return share.whole();
        }
        return isElsewhere(nowNanos) ? Amounts.NONE : share.safe();
    }

    private boolean isElsewhere(long nowNanos) {
        return elsewhere != null && elsewhere.toldNanos + elsewhere.countsNanos - nowNanos > 0;
    }
}
