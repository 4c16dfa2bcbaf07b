package dev.signalbox.cli.whatif;

import dev.signalbox.schemas.Lane;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Whose requests went by the overflow topic, and for how long; times are ns as of {@link VirtualTime}. */
final class DivertedTenants {
    private final Map<Key, Diverted> all = new TreeMap<>(
            Comparator.comparing((Key key) -> key.lane.toString()).thenComparing(Key::tenant));

    private record Key(Lane lane, String tenant) {
    }

    /** A tenant of a lane that was noisy at one worker or another. */
    static final class Diverted {
        final Lane lane;
        final String tenant;
        final long fromNanos;
        /** Those that were published to the overflow topic. */
        long requests;
        /** Those of them that no worker has read yet. */
        int unread;
        private int workers;
        private long sinceNanos;
        private long pastNanos;
        private long untilNanos;

        private Diverted(Lane lane, String tenant, long fromNanos) {
            this.lane = lane;
            this.tenant = tenant;
            this.fromNanos = fromNanos;
        }

        /** Whether he is diverted now, at any worker. */
        boolean lasts() {
            return workers > 0;
        }

        /** When that ended last. */
        long untilNanos() {
            return untilNanos;
        }

        /** For how long he was, at any worker. */
        long nanos(long nowNanos) {
            return pastNanos + (lasts() ? nowNanos - sinceNanos : 0);
        }
    }

    /** A worker found that he is noisy. */
    void begins(Lane lane, String tenant, long nowNanos) {
        Diverted diverted = all.computeIfAbsent(new Key(lane, tenant), any -> new Diverted(lane, tenant, nowNanos));
        if (diverted.workers++ == 0) {
            diverted.sinceNanos = nowNanos;
        }
    }

    /** That worker found that he is not any more. */
    void ends(Lane lane, String tenant, long nowNanos) {
        Diverted diverted = all.get(new Key(lane, tenant));
        if (diverted != null && --diverted.workers == 0) {
            diverted.pastNanos += nowNanos - diverted.sinceNanos;
            diverted.untilNanos = nowNanos;
        }
    }

    void written(Lane lane, String tenant) {
        Diverted diverted = all.get(new Key(lane, tenant));
        if (diverted != null) {
            diverted.requests++;
            diverted.unread++;
        }
    }

    void read(Lane lane, String tenant) {
        Diverted diverted = all.get(new Key(lane, tenant));
        if (diverted != null) {
            diverted.unread--;
        }
    }

    /** By lane and name. */
    Collection<Diverted> all() {
        return all.values();
    }

    /** Requests on overflow topics that no worker has read yet, by tenant. */
    Map<String, Double> unread() {
        Map<String, Double> unread = new HashMap<>();
        all.values().forEach(each -> unread.merge(each.tenant, (double) each.unread, Double::sum));
        return new TreeMap<>(unread);
    }
}
