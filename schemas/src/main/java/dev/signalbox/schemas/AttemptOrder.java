package dev.signalbox.schemas;

import dev.signalbox.schemas.avro.AttemptId;
import java.util.Comparator;

/** The order of attempts: (hop, epoch, number, source); equality means identity. */
public final class AttemptOrder {
    public static final Comparator<AttemptId> ASCENDING = Comparator.comparingInt(AttemptId::getHop)
            .thenComparingInt(AttemptId::getEpoch).thenComparingInt(AttemptId::getNumber)
            .thenComparingLong(AttemptId::getSource);

    private AttemptOrder() {
    }
}
