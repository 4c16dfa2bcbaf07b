package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.CapacityAmounts;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.PoolGrant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class BorrowedTest {
    private static CapacityGrant grant(String worker, Map<String, CapacityAmounts> borrowed) {
        CapacityAmounts some = new Amounts(9, 90, 0, 0).told();
        return CapacityGrant.newBuilder().setDeployment("a.x/m").setWorker(worker).setTerm(1).setGrantNo(1)
                .setDemandSeq(1).setTtlMillis(6_000).setDrainMillis(6_000)
                .setPools(List.of(new PoolGrant("low", some, some, borrowed, List.of()))).build();
    }

    @Test
    void eachWorkersLoansAreToldWithTheirLenders() {
        List<CapacityGrant> grants = List.of(
                grant("w1", Map.of("high", new Amounts(3, 30, 0, 0).told(), "mid", new Amounts(0, 0, 0, 50).told())),
                grant("w2", Map.of()));
        assertThat(Borrowed.byWorker(grants, new PoolName("low"))).isEqualTo(Map.of("w1",
                "a.x/m: 3 calls, 30 requests a minute of high; a.x/m: 50 output tokens a minute of mid"));
        assertThat(Borrowed.byWorker(grants, new PoolName("high"))).isEmpty();
    }
}
