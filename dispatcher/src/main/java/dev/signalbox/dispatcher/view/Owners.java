package dev.signalbox.dispatcher.view;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.streams.state.HostInfo;

/** Which instance of the fleet holds which partition of a store, as the last rebalance assigned them. */
public interface Owners {
    /** This instance, as the others know it. */
    HostInfo self();

    /** Partitions whose active task is at each instance; empty while nothing is assigned. */
    Map<HostInfo, Set<Integer>> byInstance();

    /** Where a key is; empty while that is not known. */
    Optional<Owner> of(String key);

    /** @param partition of the store that the key is in */
    record Owner(HostInfo instance, int partition) {
    }
}
