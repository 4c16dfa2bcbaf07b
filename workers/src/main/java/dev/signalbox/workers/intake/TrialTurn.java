package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What all lanes of a worker know of each other's requests, so that it is known by whom a worker was brought down: how many run,
 * and who may try suspects now: several at once several partitions, one alone only while nobody
 * else tries any. Before all others comes a request of which a worker has died. Thread-safe; nobody waits.
 */
public final class TrialTurn {
    private int several;
    private boolean alone;
    private int first;
    private OptionalLong refusedSince = OptionalLong.empty();
    private final Map<Lane, Integer> running = new HashMap<>();

    /** Somebody has a request that was struck: until it is tried, for ten seconds at most, nothing else is. */
    synchronized void goesFirst() {
        first++;
    }

    synchronized void hasGoneFirst() {
        first--;
        refusedSince = first == 0 ? OptionalLong.empty() : refusedSince;
    }

    /**
     * @param goesFirst whether what is tried is such a one
     * @param now monotonic, ns
     */
    synchronized boolean begin(boolean single, boolean goesFirst, long now) {
        if (first > 0 && refusedSince.isEmpty()) {
            refusedSince = OptionalLong.of(now);
        }
        boolean waits = first > 0 && !goesFirst
                && now - refusedSince.orElse(now) < PartitionTrial.LONGEST_WINDOW_NANOS;
        if (alone || waits || (single && several > 0)) {
            return false;
        }
        if (single) {
            alone = true;
        } else {
            several++;
        }
        return true;
    }

    synchronized void end(boolean single) {
        if (single) {
            alone = false;
        } else {
            several--;
        }
    }

    /** So many requests of the lane run now, or wait to; whether that is one and the only one of the worker. */
    synchronized boolean runs(Lane lane, int requests) {
        running.put(lane, requests);
        return requests == 1 && running.values().stream().mapToInt(Integer::intValue).sum() == 1;
    }
}
