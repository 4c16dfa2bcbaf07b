package dev.signalbox.dispatcher.usage;

import dev.signalbox.dispatcher.usage.RollupKey.Window;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sums usage up by hour and by day; all calls of a deployment come here. Changed sums are published each {@link #PUBLISH}. After a restart all kept sums are published
 * again, since those that were changed but not yet published are not known.
 */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class RollupProcessor extends ContextualProcessor<String, UsageRecord, String, UsageRollup> {
    private static final Logger LOG = LoggerFactory.getLogger(RollupProcessor.class);

    static final Duration PUBLISH = Duration.ofSeconds(5);
    /** Windows that ended this long ago take no more calls; a call is published within hours of its start. */
    static final Duration KEPT = Duration.ofDays(2);

    private List<Sums> sums = List.of();
    private long latestMillis;

    /** Those of one window length, and which of them are to be published. */
    private record Sums(Window window, KeyValueStore<String, UsageRollup> store, Set<String> changed) {
    }

    @Override
    public void init(ProcessorContext<String, UsageRollup> context) {
        super.init(context);
        sums = Arrays.stream(Window.values()).map(window -> sums(window, context)).toList();
        context.schedule(PUBLISH, PunctuationType.WALL_CLOCK_TIME, wallClock -> publish());
    }

    private static Sums sums(Window window, ProcessorContext<String, UsageRollup> context) {
        KeyValueStore<String, UsageRollup> store = context.getStateStore(UsageStores.rollups(window));
        Set<String> all = new HashSet<>();
        try (var kept = store.all()) {
            kept.forEachRemaining(sum -> all.add(sum.key));
        }
        return new Sums(window, store, all);
    }

    @Override
    public void process(Record<String, UsageRecord> record) {
        latestMillis = Math.max(latestMillis, record.timestamp());
        String dimensions = RollupKey.dimensions(record.value());
        sums.forEach(of -> add(of, dimensions, record.value(), record.timestamp()));
    }

    private static void add(Sums sums, String dimensions, UsageRecord usage, long nowMillis) {
        Window window = sums.window;
        if (nowMillis - window.start(usage.getStartedMillis()) - window.millis() > KEPT.toMillis()) {
            LOG.warn("call {} is left out of the {} sums: it began {} ms before it was known to have ended",
                    usage.getEventId(), UsageStores.rollups(window), nowMillis - usage.getStartedMillis());
            return;
        }
        String key = RollupKey.of(window, usage.getStartedMillis(), dimensions);
        UsageRollup known = sums.store.get(key);
        UsageRollup sum = known == null ? Rollups.empty(window, usage) : known;
        Rollups.add(sum, usage);
        sums.store.put(key, sum);
        sums.changed.add(key);
    }

    private void publish() {
        for (Sums of : sums) {
            for (String key : of.changed) {
                context().forward(new Record<>(key, of.store.get(key), latestMillis));
            }
            of.changed.clear();
            forget(of.store);
        }
    }

    private void forget(KeyValueStore<String, UsageRollup> store) {
        List<String> old = new ArrayList<>();
        try (var kept = store.all()) {
            while (kept.hasNext()) {
                var sum = kept.next();
                if (latestMillis - sum.value.getUntilMillis() <= KEPT.toMillis()) {
                    break; // Keys are sorted by time.
                }
                old.add(sum.key);
            }
        }
        old.forEach(store::delete);
    }
}
