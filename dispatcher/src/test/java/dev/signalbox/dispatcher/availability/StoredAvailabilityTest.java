package dev.signalbox.dispatcher.availability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.StoredForms;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A dispatcher of this version goes on from the counts that one of each earlier version left. */
@Tag("issue-5")
class StoredAvailabilityTest {
    private static EndedCounts read(byte[] bytes) {
        return EndedCounts.serde().deserializer().deserialize("any", bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {AvailabilityStores.SLICES, AvailabilityStores.TOLD, AvailabilityStores.HOURS})
    void countsOfTheFirstVersionAreReadAndWrittenAlike(String store) {
        byte[] stored = StoredForms.of(store + ".v1.hex").getFirst();

        assertThat(read(stored)).isEqualTo(new EndedCounts(990, 1, 2, 3, 4));
        assertThat(EndedCounts.serde().serializer().serialize("any", read(stored))).isEqualTo(stored);
    }

    @Test
    void theMarkOfAnEndedRequestKeepsItsByte() {
        assertThat(StoredForms.of(AvailabilityStores.ENDED + ".v1.hex").getFirst())
                .containsExactly(AvailabilityStores.SEEN);
    }

    @Test
    void whatALaterDispatcherWroteIsRefusedByName() {
        byte[] later = StoredForms.of(AvailabilityStores.HOURS + ".v1.hex").getFirst();
        later[0] = 100;
        assertThatThrownBy(() -> read(later)).isInstanceOf(SerializationException.class)
                .hasMessageContaining("a later dispatcher wrote");
    }
}
