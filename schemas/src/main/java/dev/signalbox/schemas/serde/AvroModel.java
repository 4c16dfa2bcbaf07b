package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.AvroTrust;
import org.apache.avro.Conversions;
import org.apache.avro.specific.SpecificData;

/** How Avro reads and writes the generated classes here. */
final class AvroModel {
    private AvroModel() {
    }

    /**
     * Decimals as BigDecimal; the generated coders, which are faster and give the same bytes; and the fast reader, whose
     * readers any thread may use (the classic one builds a resolver per thread, that is per virtual thread).
     */
    static SpecificData of(ClassLoader loader) {
        AvroTrust.install();
        SpecificData model = new SpecificData(loader);
        model.addLogicalTypeConversion(new Conversions.DecimalConversion());
        model.setCustomCoders(true);
        model.setFastReaderEnabled(true);
        return model;
    }
}
