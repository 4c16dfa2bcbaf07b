package dev.signalbox.dispatcher.tenants;

import dev.signalbox.schemas.avro.TenantRecord;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/** Tells each {@link #TELL} of the tenants of whom workers told something else. */
public final class TenantProcessor extends ContextualProcessor<String, TenantRecord, String, TenantRecord> {
    static final Duration TELL = Duration.ofMillis(500);
    private static final Duration SWEEP = Duration.ofSeconds(5);

    private final LongSupplier monotonicMillis;
    private final TenantBook book = new TenantBook();
    private long latestMillis;

    /** @param monotonicMillis of any origin */
    public TenantProcessor(LongSupplier monotonicMillis) {
        this.monotonicMillis = monotonicMillis;
    }

    @Override
    public void init(ProcessorContext<String, TenantRecord> context) {
        super.init(context);
        context.schedule(TELL, PunctuationType.WALL_CLOCK_TIME, wallClock -> tell());
        context.schedule(SWEEP, PunctuationType.WALL_CLOCK_TIME,
                wallClock -> book.sweep(monotonicMillis.getAsLong()));
    }

    @Override
    public void process(Record<String, TenantRecord> record) {
        latestMillis = Math.max(latestMillis, record.timestamp());
        if (record.value() != null) {
            book.told(record.value().getTenant(), record.value(), monotonicMillis.getAsLong());
        }
    }

    private void tell() {
        book.news().forEach(
                news -> context().forward(new Record<>(news.tenant(), news.record().orElse(null), latestMillis)));
    }
}
