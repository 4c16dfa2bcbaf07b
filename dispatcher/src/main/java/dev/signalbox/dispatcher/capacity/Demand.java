package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import java.util.List;
import java.util.Optional;

/**
 * What a worker holds, uses and wants of a deployment; the fields are those of the record on {@code llm.capacity.demand}.
 *
 * @param seq of this worker's demands
 * @param term of the grant it goes by; 0: none
 * @param grantNo of that grant
 * @param goodbye whether nothing of it runs any more, nor will
 * @param throttlings how often the vendor refused its calls for their rate, since it began
 * @param answers how many it answered meanwhile, of those that began after the last that it refused
 */
public record Demand(String worker, long seq, long term, long grantNo, boolean goodbye, long throttlings,
        long answers, List<OfPool> pools) {
    /** Nothing was refused. */
    public Demand(String worker, long seq, long term, long grantNo, boolean goodbye, List<OfPool> pools) {
        this(worker, seq, term, grantNo, goodbye, 0, 0, pools);
    }

    public Demand {
        pools = List.copyOf(pools);
    }

    /**
     * @param ownedPart of the pool's partitions, 0 to 1
     * @param mayUse what it goes by now
     * @param inUse what counts now
     * @param wanted inUse and what waits
     * @param largest what its largest waiting request needs
     * @param oldestWaitMillis 0: none waits
     */
    public record OfPool(String pool, double ownedPart, Amounts mayUse, Amounts inUse, Amounts wanted, Amounts largest,
            long oldestWaitMillis) {
        static OfPool nothing(String pool) {
            return new OfPool(pool, 0, Amounts.NONE, Amounts.NONE, Amounts.NONE, Amounts.NONE, 0);
        }
    }

    Optional<OfPool> pool(String name) {
        for (OfPool pool : pools) {
            if (pool.pool().equals(name)) {
                return Optional.of(pool);
            }
        }
        return Optional.empty();
    }
}
