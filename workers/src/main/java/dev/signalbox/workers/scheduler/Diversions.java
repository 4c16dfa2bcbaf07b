package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.LaneBounds;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.function.Supplier;

/**
 * Which tenants of a lane are noisy: what comes of them goes on to the lane's overflow topic, so that it does not stand before
 * others in the lane's buffer and its partitions. A pure model: one caller at a time, broker time in ms as a parameter.
 *
 * <p>A tenant is noisy from when he has over a tenth of a lane that is half full, in records (and at least
 * {@value #NOISY_RECORDS}) or in bytes, and others have been there in the last day. He is until his overflow is empty: the last
 * that was diverted from him is done, as far as this worker wrote or read it. So nothing that comes later goes before it. Or until
 * he was quiet for 5 min, for the case that nothing is heard of it.
 *
 * <p>Bounds: {@value #MOST_TENANTS} noisy tenants, and for each an offset for each partition.
 */
public final class Diversions {
    static final int NOISY_RECORDS = 30;
    static final int NOISY_PART = 10;
    static final int MOST_TENANTS = 1_000;
    static final long QUIET_MILLIS = 300_000;
    static final long OTHERS_MILLIS = 86_400_000;
    /** After a record could not be written, nobody is diverted for so long. */
    static final long PAUSE_MILLIS = 30_000;

    private final LaneBounds bounds;
    private final Map<String, Noisy> noisy = new HashMap<>();
    private Optional<Arrival> latest = Optional.empty();
    /** The latest one of another tenant than that. */
    private Optional<Arrival> latestOther = Optional.empty();
    private long pausedUntil = Long.MIN_VALUE;

    /** @param sinceMillis when he became noisy, ms on the broker's clock */
    public record Diverted(String tenant, long sinceMillis) {
    }

    private record Arrival(String tenant, long millis) {
    }

    private static final class Noisy {
        final long sinceMillis;
        /** Last offset of his by partition of the overflow topic. */
        final Map<Integer, Long> last = new HashMap<>();
        int underWay;
        long heardMillis;

        Noisy(long nowMillis) {
            sinceMillis = nowMillis;
        }

        void isAt(int partition, long offset) {
            last.merge(partition, offset, Math::max);
        }
    }

    public Diversions(LaneBounds bounds) {
        this.bounds = bounds;
    }

    /**
     * A request of a tenant has come from the lane's request topic: whether it is to be published to the overflow topic, of which
     * {@link #written} or {@link #failed} tells.
     *
     * @param crowd what waits now; asked only where that decides
     */
    public boolean arrived(String tenant, Supplier<Crowd> crowd, long nowMillis) {
        note(tenant, nowMillis);
        if (nowMillis < pausedUntil) {
            return false;
        }
        Noisy known = noisy.get(tenant);
        if (known == null) {
            if (noisy.size() >= MOST_TENANTS || !othersThanCame(tenant, nowMillis) || !isNoisy(crowd.get())) {
                return false;
            }
            known = new Noisy(nowMillis);
            noisy.put(tenant, known);
        }
        known.heardMillis = nowMillis;
        known.underWay++;
        return true;
    }

    private void note(String tenant, long nowMillis) {
        if (latest.isPresent() && !latest.get().tenant.equals(tenant)) {
            latestOther = latest;
        }
        latest = Optional.of(new Arrival(tenant, nowMillis));
    }

    /** The latest arrival is the tenant's own. */
    private boolean othersThanCame(String tenant, long nowMillis) {
        return latestOther.filter(
                other -> !other.tenant.equals(tenant) && nowMillis - other.millis <= OTHERS_MILLIS).isPresent();
    }

    private boolean isNoisy(Crowd crowd) {
        return bounds.isCrowded(crowd.records(), crowd.bytes())
                && ((crowd.ofTenant() >= NOISY_RECORDS && crowd.ofTenant() > bounds.pauseRecords() / NOISY_PART)
                        || crowd.bytesOfTenant() > bounds.pauseBytes() / NOISY_PART);
    }

    /** It is on the overflow topic. */
    public void written(String tenant, int partition, long offset) {
        Noisy known = noisy.get(tenant);
        if (known != null) {
            known.underWay--;
            known.isAt(partition, offset);
        }
    }

    /** It could not be written. */
    public void failed(String tenant, long nowMillis) {
        Noisy known = noisy.get(tenant);
        if (known != null) {
            known.underWay--;
        }
        pausedUntil = nowMillis + PAUSE_MILLIS;
    }

    /** A request came from the overflow topic: its tenant is noisy, whoever found that. */
    public void cameBack(String tenant, int partition, long offset, long nowMillis) {
        Noisy known = noisy.get(tenant);
        if (known == null) {
            if (noisy.size() >= MOST_TENANTS) {
                return;
            }
            known = new Noisy(nowMillis);
            noisy.put(tenant, known);
        }
        known.heardMillis = nowMillis;
        known.isAt(partition, offset);
    }

    /** Partitions of the overflow topic of which it must be known what is done. */
    public Set<Integer> awaited() {
        Set<Integer> partitions = new HashSet<>();
        noisy.values().forEach(each -> partitions.addAll(each.last.keySet()));
        return partitions;
    }

    /**
     * What is done of the overflow topic.
     *
     * @param done by partition, whether an offset is
     * @return who is not noisy any more
     */
    public List<Diverted> done(Map<Integer, LongPredicate> done, long nowMillis) {
        List<Diverted> calm = new ArrayList<>();
        noisy.forEach((tenant, each) -> {
            each.last.entrySet().removeIf(
                    last -> done.getOrDefault(last.getKey(), any -> false).test(last.getValue()));
            if (each.underWay == 0
                    && (each.last.isEmpty() || nowMillis - each.heardMillis >= QUIET_MILLIS)) {
                calm.add(new Diverted(tenant, each.sinceMillis));
            }
        });
        calm.forEach(each -> noisy.remove(each.tenant));
        return calm;
    }

    /** How many are noisy. */
    public int size() {
        return noisy.size();
    }

    /** Who is noisy, by name. */
    public Collection<Diverted> diverted() {
        Map<String, Diverted> all = new TreeMap<>();
        noisy.forEach((tenant, each) -> all.put(tenant, new Diverted(tenant, each.sinceMillis)));
        return all.values();
    }
}
