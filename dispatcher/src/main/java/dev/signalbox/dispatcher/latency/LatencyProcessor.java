package dev.signalbox.dispatcher.latency;

import dev.signalbox.schemas.avro.AttemptEvent;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.WindowStore;

/** Adds each call's times to its deployment's slice, and passes the event on. Records without a key or value end here. */
public final class LatencyProcessor extends ContextualProcessor<String, AttemptEvent, String, AttemptEvent> {
    private static final int MOST_LATEST = 10_000;

    @SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
    private WindowStore<String, LatencySlice> slices;
    /** The slice that each deployment's last call went into, as the store has it: the next one mostly goes there too. */
    private final Map<String, Latest> latest = new HashMap<>();

    private record Latest(long start, LatencySlice slice) {
    }

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
                .ifPresent(sample -> add(record.key(), sample, record.timestamp()));
        context().forward(record);
    }

    private void add(String deployment, LatencySample sample, long nowMillis) {
        long start = LatencyModel.sliceStart(nowMillis);
        Latest last = latest.get(deployment);
        LatencySlice before = last != null && last.start == start ? last.slice : slices.fetch(deployment, start);
        LatencySlice after = (before == null ? LatencySlice.EMPTY : before).plus(sample);
        slices.put(deployment, after, start);
        if (latest.size() >= MOST_LATEST) {
            latest.clear();
        }
        latest.put(deployment, new Latest(start, after));
    }
}
