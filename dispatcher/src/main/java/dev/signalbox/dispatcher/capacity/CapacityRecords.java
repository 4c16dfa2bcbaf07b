package dev.signalbox.dispatcher.capacity;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.avro.CapacityAmounts;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.PoolGrant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is read and told of capacity, between records and the model's own terms. */
final class CapacityRecords {
    private CapacityRecords() {
    }

    static Demand demand(CapacityDemand said) {
        return new Demand(said.getWorker(), said.getDemandSeq(), said.getTerm(), said.getGrantNo(), said.getGoodbye(),
                said.getThrottlings(), said.getAnswers(),
                said.getPools().stream()
                        .map(pool -> new Demand.OfPool(pool.getPool(), pool.getOwnedPart(),
                                Amounts.of(pool.getMayUse()),
                                Amounts.of(pool.getInUse()), Amounts.of(pool.getWanted()),
                                Amounts.of(pool.getLargest()),
                                pool.getOldestWaitMillis()))
                        .toList());
    }

    /** @param limitPercent how much of the limits is granted, to all workers together */
    static CapacityGrant grant(String deployment, long term, Grant grant, CapacityRules rules,
            DeploymentCapacity capacity, int limitPercent) {
        List<PoolGrant> pools = new ArrayList<>();
        grant.pools().forEach((pool, granted) -> {
            Map<String, CapacityAmounts> borrowed = new HashMap<>();
            granted.borrowed().forEach((lender, amounts) -> borrowed.put(lender, amounts.told()));
            pools.add(new PoolGrant(pool, granted.mayUse().told(), granted.claim().told(), borrowed,
                    List.copyOf(granted.wantedBack())));
        });
        return CapacityGrant.newBuilder().setDeployment(deployment).setWorker(grant.worker()).setTerm(term)
                .setGrantNo(grant.no()).setDemandSeq(grant.demandSeq()).setKeeps(grant.keeps())
                .setTtlMillis(rules.ttl().toMillis()).setDrainMillis(capacity.drain().toMillis()).setPools(pools)
                .setLimitPercent(limitPercent).build();
    }

    /** What a grant of an earlier term allowed, by pool. */
    static Map<String, Grant.OfPool> held(CapacityGrant grant) {
        Map<String, Grant.OfPool> held = new HashMap<>();
        grant.getPools().forEach(pool -> held.put(pool.getPool(),
                new Grant.OfPool(Amounts.of(pool.getMayUse()), Amounts.of(pool.getClaim()), Map.of())));
        return held;
    }
}
