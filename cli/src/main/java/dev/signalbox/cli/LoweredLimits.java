package dev.signalbox.cli;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.CapacityGrant;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

/** Deployments of whose limits less is granted, since their vendors refused calls for their rate; by the last grants. */
final class LoweredLimits {
    private LoweredLimits() {
    }

    /** For a person: such as {@code openai.eu/m: 70 %}; whom no pool's lowered limit concerns is left out. */
    static Map<String, String> byWorker(Collection<CapacityGrant> grants, PoolName pool) {
        Map<String, String> told = new TreeMap<>();
        for (CapacityGrant grant : grants) {
            boolean ofPool = grant.getPools().stream()
                    .anyMatch(granted -> granted.getPool().isEmpty() || granted.getPool().equals(pool.value()));
            if (ofPool && grant.getLimitPercent() < 100) {
                told.merge(grant.getWorker(), grant.getDeployment() + ": " + grant.getLimitPercent() + " %",
                        (all, one) -> all + "; " + one);
            }
        }
        return told;
    }
}
