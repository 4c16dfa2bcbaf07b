package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.PoolGrant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class LoweredLimitsTest {
    private static CapacityGrant grant(String deployment, String pool, int percent) {
        return CapacityGrant.newBuilder().setDeployment(deployment).setWorker("w1").setTerm(1).setGrantNo(1)
                .setDemandSeq(1).setTtlMillis(6_000).setDrainMillis(6_000).setLimitPercent(percent)
                .setPools(List.of(new PoolGrant(pool, Amounts.NONE.told(), Amounts.NONE.told(), Map.of(), List.of())))
                .build();
    }

    @Test
    void whatIsGrantedOfAPoolsDeploymentsIsToldWhereItIsNotAll() {
        List<CapacityGrant> grants = List.of(grant("a.x/m", "low", 70), grant("b.x/m", "", 49),
                grant("c.x/m", "high", 70), grant("d.x/m", "low", 100));
        assertThat(LoweredLimits.byWorker(grants, new PoolName("low"))).isEqualTo(Map.of("w1",
                "a.x/m: 70 %; b.x/m: 49 %"));
    }
}
