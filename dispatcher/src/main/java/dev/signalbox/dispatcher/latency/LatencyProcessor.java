package dev.signalbox.dispatcher.latency;

import dev.signalbox.schemas.avro.AttemptEvent;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.WindowStore;

/** Adds each call's times to its deployment's slice, and passes the event on. Records without a key or value end here. */
public final class LatencyProcessor extends ContextualProcessor<String, AttemptEvent, String, AttemptEvent> {
    @SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
    private WindowStore<String, LatencySlice> slices;

    @Override
    public void init(ProcessorContext<String, AttemptEvent> context) {
        super.init(context);
        slices = context.getStateStore(LatencyStore.NAME);
    }

    @Override
    public void process(Record<String, AttemptEvent> record) {
        if (record.key() == null || record.value() == null) {
            return;
        }
        LatencySample.of(record.value())
                .ifPresent(sample -> LatencyStore.add(slices, record.key(), sample, record.timestamp()));
        context().forward(record);
    }
}
