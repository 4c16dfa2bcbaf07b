package dev.signalbox.dispatcher.redundancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.StoredForms;
import dev.signalbox.schemas.avro.DeploymentState;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A dispatcher of this version goes on from what the first one that judged routes left in the fleet's stores. */
@Tag("issue-5")
class StoredFleetTest {
    private static <T> T read(Serde<T> serde, byte[] bytes) {
        return serde.deserializer().deserialize("any", bytes);
    }

    @Test
    void anHourOfDemandOfTheFirstVersionIsReadAndWrittenAlike() {
        byte[] stored = StoredForms.of("fleet-demand.v1.hex").getFirst();
        DemandHour hour = read(DemandHour.serde(), stored);

        assertThat(hour.peak()).isEqualTo(new DemandSums(40, 4_000, 800, 60_000));
        assertThat(hour.open()).containsOnlyKeys(28_333_333L, 28_333_335L);
        assertThat(hour.highest()).isEqualTo(new DemandSums(41, 4_000, 800, 60_000));
        assertThat(DemandHour.serde().serializer().serialize("any", hour)).isEqualTo(stored);
    }

    @Test
    void healthOfTheFirstVersionIsReadAndWrittenAlike() {
        List<byte[]> stored = StoredForms.of("fleet-healths.v1.hex");

        assertThat(stored).extracting(FleetNewsSerde::read).containsExactly(
                new FleetNews.Health(DeploymentState.EJECTED, 1_700_000_000_000L, "10 of 11 calls failed",
                        "CREDENTIAL", null),
                new FleetNews.Health(DeploymentState.DEGRADED, 1_700_000_000_001L, "3 of 10 calls failed", null,
                        "worker-1"));
        assertThat(stored)
                .allSatisfy(bytes -> assertThat(FleetNewsSerde.write(FleetNewsSerde.read(bytes))).isEqualTo(bytes));
    }

    @Test
    void theTimeOfALastCallIsRead() {
        assertThat(read(Serdes.Long(), StoredForms.of("fleet-last-calls.v1.hex").getFirst()))
                .isEqualTo(1_700_000_000_123L);
    }

    @Test
    void whatALaterDispatcherWroteIsRefusedByName() {
        for (String name : List.of("fleet-demand", "fleet-healths")) {
            byte[] later = StoredForms.of(name + ".v1.hex").getFirst();
            later[0] = 100;
            Serde<?> serde = name.equals("fleet-demand") ? DemandHour.serde() : FleetNewsSerde.serde();
            assertThatThrownBy(() -> read(serde, later)).as(name).isInstanceOf(SerializationException.class)
                    .hasMessageContaining("version 100").hasMessageContaining("a later dispatcher wrote");
        }
    }
}
