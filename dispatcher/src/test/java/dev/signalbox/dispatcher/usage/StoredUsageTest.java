package dev.signalbox.dispatcher.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.dispatcher.StoredForms;
import dev.signalbox.dispatcher.usage.Pairing.Mark;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.io.IOException;
import org.apache.avro.Schema;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What each earlier version left in the stores of {@code signalbox-usage} is read. Avro values name the schema that they
 * were written by; here it is the file beside them.
 */
@Tag("issue-5")
class StoredUsageTest {
    @Test
    void marksKeepTheirCodes() {
        assertThat(StoredForms.of("usage-calls-over.v1.hex")).extracting(UsageStores::mark)
                .containsExactly(Mark.ENDED, Mark.UNPAIRED);
        assertThatThrownBy(() -> UsageStores.mark(new byte[]{'?'})).isInstanceOf(SerializationException.class)
                .hasMessageContaining("a later dispatcher");
    }

    @Test
    void anOpenCallOfTheFirstVersionIsRead() throws IOException {
        UsageRecord open = read("usage-open-calls.v1", new UsageRecord());

        assertThat(open.getEventId()).isEqualTo("order-1/0.1.1.7");
        assertThat(open.getStartedMillis()).isEqualTo(1_700_000_000_000L);
        assertThat(open.getTenant()).isEqualTo("acme");
        assertThat(open.getCost()).isNull();
    }

    @Test
    void sumsOfTheFirstVersionAreRead() throws IOException {
        UsageRollup hour = read("usage-hourly.v1", new UsageRollup());

        assertThat(hour.getAttempts()).isEqualTo(12);
        assertThat(hour.getOutputTokens()).isEqualTo(500);
        assertThat(hour.getCost()).isEqualByComparingTo("0.0125");
        assertThat(hour.getPool()).as("not told apart then").isNull();
        assertThat(hour.getLender()).isNull();
    }

    @Test
    void whatWasSpentInTheFirstVersionIsRead() throws IOException {
        BudgetRecord spent = read("usage-budgets.v1", new BudgetRecord());

        assertThat(spent.getSpent()).isEqualByComparingTo("3.25");
        assertThat(spent.getWorkers()).hasSize(1).first().satisfies(
                share -> assertThat(share.getWorker()).isEqualTo("worker-1"));
    }

    private static <T extends SpecificRecordBase> T read(String name, T today) throws IOException {
        Schema written = new Schema.Parser().parse(StoredForms.text(name + ".avsc"));
        return new SpecificDatumReader<T>(written, today.getSchema(), today.getSpecificData()).read(today,
                DecoderFactory.get().binaryDecoder(StoredForms.of(name + ".hex").getFirst(), null));
    }
}
