package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.capacity.CapacityRules;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.PoolDemand;
import dev.signalbox.schemas.avro.PoolGrant;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-6")
class CapacityTopologyTest {
    private static final String DEPLOYMENT = "one.eu/model";
    private static final String TENANT = "tenant:/main:acme";
    private static final String STORE = "capacity-grants";
    private static final String YAML = """
            environment: test
            pools: { main: { use_cases: [otherwise] } }
            deployments: { one.eu/model: { vendor: openai, model_id: m, limits: { concurrency: 10 } } }
            routes: { model: { test: { otherwise: { sequence: [one.eu] } } } }
            """;

    @TempDir
    private Path folder;

    private static CapacityDemand demand(String worker, long seq, CapacityGrant last, long waiting) {
        Amounts mayUse = last == null ? Amounts.NONE : Amounts.of(last.getPools().getFirst().getMayUse());
        return CapacityDemand.newBuilder().setDeployment(DEPLOYMENT).setWorker(worker).setDemandSeq(seq)
                .setTerm(last == null ? 0 : last.getTerm()).setGrantNo(last == null ? 0 : last.getGrantNo())
                .setPools(List.of(new PoolDemand("", 1.0, mayUse.told(), Amounts.NONE.told(),
                        new Amounts(waiting, 0, 0, 0).told(), new Amounts(1, 1, 10, 10).told(), 5L)))
                .build();
    }

    /** What another term granted a worker that may have four calls. */
    private static CapacityGrant granted(String worker, long term) {
        Amounts four = new Amounts(4, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED);
        return CapacityGrant.newBuilder().setDeployment(DEPLOYMENT).setWorker(worker).setTerm(term).setGrantNo(9)
                .setDemandSeq(3).setTtlMillis(6_000).setDrainMillis(60_000)
                .setPools(List.of(new PoolGrant("", four.told(), four.told(), Map.of(), List.of()))).build();
    }

    private ControlDriver begun() {
        ControlDriver dispatcher = new ControlDriver(folder, YAML);
        dispatcher.askForTime("worker-1");
        dispatcher.pass(Duration.ofSeconds(1));
        return dispatcher;
    }

    private static KeyValue<String, CapacityGrant> last(ControlDriver dispatcher) {
        List<KeyValue<String, CapacityGrant>> grants = dispatcher.grants.readKeyValuesToList();
        assertThat(grants).isNotEmpty();
        return grants.getLast();
    }

    private static long calls(CapacityGrant grant) {
        return grant.getPools().getFirst().getMayUse().getCalls();
    }

    /** What a worker that wants five has after a term of learning. */
    private static long learntAndGranted(ControlDriver dispatcher) {
        dispatcher.demand(demand("a", 1, null, 5));
        CapacityGrant first = last(dispatcher).value;
        for (long seq = 2; seq <= CapacityRules.DEFAULT.ttl().toSeconds() + 2; seq++) {
            dispatcher.pass(Duration.ofSeconds(1));
            dispatcher.demand(demand("a", seq, first, 10));
            first = last(dispatcher).value;
        }
        return calls(first);
    }

    @Test
    void aDemandIsAnsweredAndAfterATermOfLearningGranted() {
        try (ControlDriver dispatcher = begun()) {
            dispatcher.demand(demand("a", 1, null, 5));
            KeyValue<String, CapacityGrant> first = last(dispatcher);
            assertThat(first.key).isEqualTo(DEPLOYMENT + " a");
            assertThat(first.value.getTerm()).isEqualTo(1);
            assertThat(first.value.getDemandSeq()).isEqualTo(1);
            assertThat(first.value.getKeeps()).isTrue();
            assertThat(first.value.getTtlMillis()).isEqualTo(CapacityRules.DEFAULT.ttl().toMillis());
            dispatcher.pass(CapacityRules.DEFAULT.ttl());
            dispatcher.demand(demand("a", 2, first.value, 5));
            CapacityGrant granted = last(dispatcher).value;
            assertThat(granted.getKeeps()).isFalse();
            assertThat(calls(granted)).isEqualTo(10);
            assertThat(granted.getPools().getFirst().getMayUse().getRequests()).isEqualTo(Amounts.UNLIMITED);
        }
    }

    @Test
    void whatTheVendorRefusesOneWorkerLowersWhatAnotherIsGranted() {
        try (ControlDriver dispatcher = begun()) {
            Map<String, CapacityGrant> last = new HashMap<>();
            for (long seq = 1; seq <= 2 * CapacityRules.DEFAULT.ttl().toSeconds(); seq++) {
                dispatcher.pass(Duration.ofSeconds(1));
                for (String worker : List.of("a", "b")) {
                    dispatcher.demand(demand(worker, seq, last.get(worker), 10));
                    dispatcher.grants.readValuesToList().forEach(grant -> last.put(grant.getWorker(), grant));
                }
            }
            long before = calls(last.get("b"));
            assertThat(calls(last.get("a")) + before).isEqualTo(10);
            CapacityDemand throttled = demand("a", 99, last.get("a"), 10);
            throttled.setThrottlings(1);
            dispatcher.demand(throttled);
            dispatcher.grants.readValuesToList().forEach(grant -> last.put(grant.getWorker(), grant));
            assertThat(calls(last.get("a")) + calls(last.get("b"))).isEqualTo(7);
            assertThat(calls(last.get("b"))).isLessThan(before);
            assertThat(last.values()).extracting(CapacityGrant::getLimitPercent).containsOnly(70);
        }
    }

    @Test
    void whatIsNotOfADeploymentIsNotAnswered() {
        try (ControlDriver dispatcher = begun()) {
            CapacityDemand unknown = demand("a", 1, null, 5);
            unknown.setDeployment("gone.eu/model");
            dispatcher.demand(unknown);
            assertThat(dispatcher.grants.isEmpty()).isTrue();
        }
    }

    @Test
    void theLeaseOfAWorkerThatIsGoneEndsWithATombstoneAndTheTermStays() {
        try (ControlDriver dispatcher = begun()) {
            dispatcher.demand(demand("a", 1, null, 5));
            dispatcher.grants.readKeyValuesToList();
            dispatcher.jump(Duration.ofHours(1));
            dispatcher.pass(Duration.ofSeconds(1));
            KeyValue<String, CapacityGrant> over = last(dispatcher);
            assertThat(over.key).isEqualTo(DEPLOYMENT + " a");
            assertThat(over.value).isNull();
            var store = dispatcher.driver.<String, CapacityGrant>getTimestampedKeyValueStore(STORE);
            assertThat(store.get(DEPLOYMENT + " a")).isNull();
            assertThat(store.get(DEPLOYMENT).value().getTerm()).isEqualTo(1);
        }
    }

    @Test
    void whatAnEarlierTermGrantedCountsUntilItHasDrainedByTheBrokersTime() {
        try (ControlDriver dispatcher = new ControlDriver(folder, YAML)) {
            store(dispatcher, granted("dead", 4), Duration.ZERO);
            assertThat(learntAndGranted(dispatcher)).isEqualTo(6);
        }
        try (ControlDriver dispatcher = new ControlDriver(folder, YAML)) {
            store(dispatcher, granted("dead", 4), Duration.ofHours(1));
            assertThat(learntAndGranted(dispatcher)).isEqualTo(10);
        }
    }

    /** Of an earlier term, that long ago; then the new one begins. */
    private static void store(ControlDriver dispatcher, CapacityGrant grant, Duration age) {
        dispatcher.driver.<String, CapacityGrant>getTimestampedKeyValueStore(STORE).put(
                DEPLOYMENT + " " + grant.getWorker(),
                ValueAndTimestamp.make(grant, dispatcher.now.minus(age).toEpochMilli()));
        dispatcher.askForTime("worker-1");
        dispatcher.pass(Duration.ofSeconds(1));
    }

    @Test
    void aTermIsBeyondTheOneThatAWorkerGoesBy() {
        try (ControlDriver dispatcher = begun()) {
            dispatcher.demand(demand("a", 1, null, 5));
            assertThat(last(dispatcher).value.getTerm()).isEqualTo(1);
            dispatcher.demand(demand("a", 2, granted("a", 7), 5));
            CapacityGrant next = last(dispatcher).value;
            assertThat(next.getTerm()).isEqualTo(8);
            assertThat(next.getKeeps()).as("it learns again").isTrue();
        }
    }

    /** Of a tenant who may make three calls at once, in the place of a deployment. */
    private static CapacityDemand tenant(String worker, long seq, CapacityGrant last, long waiting) {
        CapacityDemand demand = demand(worker, seq, last, waiting);
        demand.setDeployment(TENANT);
        demand.setLimit(3L);
        return demand;
    }

    /** A dispatcher that began longer than a lease ago. */
    private ControlDriver longBegun() {
        ControlDriver dispatcher = begun();
        dispatcher.pass(CapacityRules.DEFAULT.ttl());
        return dispatcher;
    }

    private static boolean isKnown(ControlDriver dispatcher) {
        var store = dispatcher.driver.<String, CapacityGrant>getTimestampedKeyValueStore(STORE);
        return store.get(TENANT) != null || store.get(TENANT + " a") != null || store.get(TENANT + " b") != null;
    }

    @Test
    void aTenantsFirstDemandIsGrantedAtOnceUnlessItsTermBeganJustNow() {
        try (ControlDriver dispatcher = longBegun()) {
            dispatcher.demand(tenant("a", 1, null, 2));
            KeyValue<String, CapacityGrant> first = last(dispatcher);
            assertThat(first.key).isEqualTo(TENANT + " a");
            assertThat(first.value.getKeeps()).isFalse();
            assertThat(calls(first.value)).isEqualTo(3);
            assertThat(first.value.getDrainMillis()).as("of a worker that is gone").isEqualTo(15_000);
        }
        try (ControlDriver dispatcher = begun()) {
            dispatcher.demand(tenant("a", 1, null, 2));
            assertThat(last(dispatcher).value.getKeeps()).as("it learns, as of deployments").isTrue();
        }
    }

    @Test
    void whatAWorkerGivesUpOfATenantIsAnothersAndAfterTheLastHeIsForgotten() {
        try (ControlDriver dispatcher = longBegun()) {
            dispatcher.demand(tenant("a", 1, null, 3));
            CapacityGrant ofA = last(dispatcher).value;
            dispatcher.demand(tenant("b", 1, null, 3));
            assertThat(calls(last(dispatcher).value)).as("all is a's until it says otherwise").isZero();
            CapacityDemand over = tenant("a", 2, ofA, 0);
            over.setGoodbye(true);
            over.setLimit(null);
            dispatcher.demand(over);
            CapacityGrant ofB = last(dispatcher).value;
            assertThat(ofB.getWorker()).isEqualTo("b");
            assertThat(calls(ofB)).isEqualTo(3);
            over = tenant("b", 2, ofB, 0);
            over.setGoodbye(true);
            dispatcher.demand(over);
            assertThat(isKnown(dispatcher)).isTrue();
            dispatcher.pass(Duration.ofSeconds(20));
            assertThat(isKnown(dispatcher)).isFalse();
            dispatcher.demand(tenant("b", 3, null, 1));
            CapacityGrant again = last(dispatcher).value;
            assertThat(again.getTerm()).as("whoever heard of that term goes by no earlier one")
                    .isGreaterThan(ofB.getTerm());
            assertThat(calls(again)).isEqualTo(3);
        }
    }

    @Test
    void aTenantsLimitIsWhatWasSaidLast() {
        try (ControlDriver dispatcher = longBegun()) {
            dispatcher.demand(tenant("a", 1, null, 9));
            CapacityDemand more = tenant("a", 2, last(dispatcher).value, 9);
            more.setLimit(7L);
            dispatcher.demand(more);
            CapacityGrant seven = last(dispatcher).value;
            assertThat(calls(seven)).isEqualTo(7);
            CapacityDemand same = tenant("a", 3, seven, 9);
            same.setLimit(null);
            dispatcher.demand(same);
            assertThat(calls(last(dispatcher).value)).isEqualTo(7);
        }
    }

    @Test
    void whatADeadWorkerHadOfATenantIsAnothersAfterItsLeaseAndFifteenSeconds() {
        try (ControlDriver dispatcher = longBegun()) {
            dispatcher.demand(tenant("a", 1, null, 3));
            int after = 0;
            CapacityGrant ofB = null;
            while (ofB == null || calls(ofB) == 0) {
                dispatcher.pass(Duration.ofSeconds(1));
                after++;
                dispatcher.demand(tenant("b", after, ofB, 3));
                ofB = last(dispatcher).value;
            }
            assertThat(after).as("s").isBetween(21, 22);
        }
    }

    @Test
    void whatAnEarlierTermGrantedOfATenantCountsUntilItIsOver() {
        try (ControlDriver dispatcher = new ControlDriver(folder, YAML)) {
            CapacityGrant before = granted("dead", 4);
            before.setDeployment(TENANT);
            dispatcher.driver.<String, CapacityGrant>getTimestampedKeyValueStore(STORE).put(TENANT + " dead",
                    ValueAndTimestamp.make(before, dispatcher.now.toEpochMilli()));
            dispatcher.askForTime("worker-1");
            dispatcher.pass(Duration.ofSeconds(8));
            CapacityDemand six = tenant("a", 1, null, 9);
            six.setLimit(6L);
            dispatcher.demand(six);
            assertThat(calls(last(dispatcher).value)).as("four are the dead one's").isEqualTo(2);
            dispatcher.pass(Duration.ofSeconds(14));
            six.setDemandSeq(2);
            dispatcher.demand(six);
            assertThat(calls(last(dispatcher).value)).isEqualTo(6);
            dispatcher.pass(Duration.ofSeconds(30));
            assertThat(isKnown(dispatcher)).isFalse();
        }
    }
}
