package dev.signalbox.dispatcher.usage;

import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.dispatcher.usage.Pairing.Mark;
import dev.signalbox.dispatcher.usage.Pairing.Step;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.UsageRecord;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;
import org.jspecify.annotations.Nullable;

/** Publishes each vendor call once: when its end is read, or as unpaired when it must be over. */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class PairingProcessor extends ContextualProcessor<String, AttemptEvent, String, UsageRecord> {
    /** How late a lost call may be noticed. */
    static final Duration TICK = Duration.ofSeconds(10);

    private final Supplier<Duration> longestCall;
    private final FleetTime time;
    /** When each call of {@link #open} began, by event id: an end asks no more than that. */
    private final Map<String, Long> starts = new HashMap<>();
    private KeyValueStore<String, UsageRecord> open;
    private WindowStore<String, Mark> over;

    /** @param longestCall at present: no vendor call takes longer, the report of its end included */
    public PairingProcessor(Supplier<Duration> longestCall, FleetTime time) {
        this.longestCall = longestCall;
        this.time = time;
    }

    @Override
    public void init(ProcessorContext<String, UsageRecord> context) {
        super.init(context);
        open = context.getStateStore(UsageStores.OPEN);
        over = context.getStateStore(UsageStores.OVER);
        // Else a call that was open before a restart would wait for the next one's record to be missed.
        try (var calls = open.all()) {
            calls.forEachRemaining(call -> {
                time.observe(call.value.getStartedMillis());
                starts.put(call.key, call.value.getStartedMillis());
            });
        }
        context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, wallClock -> time.nowMillis().ifPresent(this::tick));
    }

    @Override
    public void process(Record<String, AttemptEvent> record) {
        long now = record.timestamp();
        time.observe(now);
        if (record.value() == null) {
            return;
        }
        String eventId = CallUsage.eventId(record.value());
        Long begun = starts.get(eventId);
        // A call that is under way is not over: the look-up on disk is spared for each end of a call.
        Mark mark = begun == null ? mark(eventId, now) : null;
        switch (Pairing.onEvent(record.value(), eventId, begun, mark, now)) {
            case Step.Open(UsageRecord started) -> {
                open.put(eventId, started);
                starts.put(eventId, started.getStartedMillis());
            }
            case Step.Over step -> publish(step, now);
            case Step.Known known -> {
            }
        }
    }

    private @Nullable Mark mark(String eventId, long now) {
        for (long bucket : UsageStores.buckets(now)) {
            Mark mark = bucket < 0 ? null : over.fetch(eventId, bucket);
            if (mark != null) {
                return mark;
            }
        }
        return null;
    }

    private void publish(Step.Over step, long now) {
        UsageRecord usage = step.usage();
        if (starts.remove(usage.getEventId()) != null) {
            open.delete(usage.getEventId());
        }
        over.put(usage.getEventId(), step.mark(), UsageStores.buckets(now)[0]);
        context().forward(new Record<>(usage.getEventId(), usage, now));
    }

    private void tick(long now) {
        long longestCallMillis = longestCall.get().toMillis();
        List<String> lost = starts.entrySet().stream()
                .filter(call -> Pairing.isLost(call.getValue(), now, longestCallMillis)).map(Map.Entry::getKey)
                .toList();
        lost.forEach(call -> publish(Pairing.lost(Objects.requireNonNull(open.get(call))), now));
    }
}
