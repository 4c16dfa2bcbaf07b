package dev.signalbox.dispatcher.alerts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.StoredForms;
import dev.signalbox.schemas.avro.AlertSeverity;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A dispatcher of this version goes on from the alerts that one of each earlier version had raised, and raises none again. */
@Tag("issue-5")
class AlertStandingTest {
    private static AlertStanding read(byte[] bytes) {
        return AlertStanding.serde().deserializer().deserialize("any", bytes);
    }

    @Test
    void theFirstVersionIsReadAndWrittenAlike() {
        byte[] stored = StoredForms.of("alert-standings.v1.hex").getFirst();
        AlertStanding standing = read(stored);

        assertThat(standing).isEqualTo(new AlertStanding(AlertState.RAISED,
                new Trouble("deployment-ejected", AlertSeverity.WARNING, "two.eu/model",
                        "two.eu/model is out of use, the vendor’s service fails", "nothing, if the vendor mends it"),
                1_700_000_000_000L, 1_700_000_010_000L, 1_700_000_010_500L));
        assertThat(AlertStanding.serde().serializer().serialize("any", standing)).isEqualTo(stored);
    }

    @Test
    void whatALaterDispatcherWroteIsRefusedByName() {
        byte[] later = StoredForms.of("alert-standings.v1.hex").getFirst();
        later[0] = 100;
        assertThatThrownBy(() -> read(later)).isInstanceOf(SerializationException.class)
                .hasMessageContaining("version 100").hasMessageContaining("a later dispatcher wrote");
    }
}
