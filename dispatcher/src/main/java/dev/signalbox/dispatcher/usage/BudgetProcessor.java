package dev.signalbox.dispatcher.usage;

import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.UsageRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Sums up what each budget's spender spends, by day and by month, and publishes changed sums each {@link #PUBLISH}; after a
 * restart all kept ones, since those that were changed but not yet published are not known.
 */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class BudgetProcessor extends ContextualProcessor<String, UsageRecord, String, BudgetRecord> {
    static final Duration PUBLISH = Duration.ofMillis(500);
    /** Periods that ended this long ago take no more calls, and their sums are deleted from the topic. */
    private static final long KEPT_MILLIS = Duration.ofDays(2).toMillis();
    private static final long FORGET_EVERY_MILLIS = Duration.ofHours(1).toMillis();

    private final Set<String> changed = new HashSet<>();
    private KeyValueStore<String, BudgetRecord> sums;
    private long latestMillis;
    private long forgotMillis;

    /** For Kafka Streams. */
    public BudgetProcessor() {
    }

    @Override
    public void init(ProcessorContext<String, BudgetRecord> context) {
        super.init(context);
        sums = context.getStateStore(UsageStores.BUDGETS);
        try (var kept = sums.all()) {
            kept.forEachRemaining(sum -> changed.add(sum.key));
        }
        context.schedule(PUBLISH, PunctuationType.WALL_CLOCK_TIME, wallClock -> publish());
    }

    @Override
    public void process(Record<String, UsageRecord> record) {
        latestMillis = Math.max(latestMillis, record.timestamp());
        UsageRecord usage = record.value();
        for (BudgetKey budget : BudgetSums.budgets(record.key())) {
            long end = BudgetKey.endMillis(budget.period(), usage.getStartedMillis());
            if (latestMillis - end <= KEPT_MILLIS) {
                String key = budget.spentKey(usage.getStartedMillis());
                sums.put(key, BudgetSums.add(sums.get(key), budget, usage, record.timestamp()));
                changed.add(key);
            }
        }
    }

    private void publish() {
        changed.forEach(key -> forward(key, sums.get(key)));
        changed.clear();
        if (latestMillis - forgotMillis > FORGET_EVERY_MILLIS) {
            forgotMillis = latestMillis;
            forget();
        }
    }

    private void forward(String key, @Nullable BudgetRecord sum) {
        context().forward(new Record<>(key, sum, latestMillis));
    }

    private void forget() {
        List<String> old = new ArrayList<>();
        try (var kept = sums.all()) {
            kept.forEachRemaining(sum -> {
                Long until = sum.value.getUntilMillis();
                if (until != null && latestMillis - until > KEPT_MILLIS) {
                    old.add(sum.key);
                }
            });
        }
        old.forEach(key -> {
            sums.delete(key);
            forward(key, null);
        });
    }
}
