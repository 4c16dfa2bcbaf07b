package dev.signalbox.dispatcher.availability;

import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.schemas.avro.RequestState;
import dev.signalbox.schemas.avro.RequestStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Counts each ended request once, by use case and slice of time, and tells changed counts each {@link #PUBLISH}: one record
 * a second for each use case, however many requests. After a restart all kept ones are told again, since those that were
 * changed but not yet told are not known.
 */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class EndingProcessor extends ContextualProcessor<String, RequestStatus, String, SliceCounts> {
    static final Duration PUBLISH = Duration.ofSeconds(1);
    /** Slices end long before: records carry the time at which they were appended. */
    private static final Duration KEPT = Duration.ofHours(1);

    private final FleetTime time;
    private final Set<String> changed = new HashSet<>();
    private WindowStore<String, Byte> ended;
    private KeyValueStore<String, EndedCounts> slices;
    private int partition;
    private long latestMillis;

    /** @param time set by what is read */
    public EndingProcessor(FleetTime time) {
        this.time = time;
    }

    @Override
    public void init(ProcessorContext<String, SliceCounts> context) {
        super.init(context);
        ended = context.getStateStore(AvailabilityStores.ENDED);
        slices = context.getStateStore(AvailabilityStores.SLICES);
        partition = context.taskId().partition();
        try (var kept = slices.all()) {
            kept.forEachRemaining(slice -> changed.add(slice.key));
        }
        context.schedule(PUBLISH, PunctuationType.WALL_CLOCK_TIME, wallClock -> publish());
    }

    @Override
    public void process(Record<String, RequestStatus> record) {
        time.observe(record.timestamp());
        RequestStatus status = record.value();
        if (status == null || status.getState() != RequestState.ENDED) {
            return;
        }
        latestMillis = Math.max(latestMillis, record.timestamp());
        EndedCounts counts = EndedCounts.of(status);
        if (isRepeated(status.getRequestId(), record.timestamp()) || counts.equals(EndedCounts.NONE)) {
            return;
        }
        String key = UseCaseKey.at(new UseCaseKey(status.getEnvironment(), status.getUseCase()).text(),
                UseCaseKey.start(UseCaseKey.SLICE, record.timestamp()));
        EndedCounts known = slices.get(key);
        slices.put(key, known == null ? counts : known.plus(counts));
        changed.add(key);
    }

    /** Whether an end of that request was seen lately; from now on it was. */
    private boolean isRepeated(String requestId, long nowMillis) {
        long[] buckets = AvailabilityStores.buckets(nowMillis);
        for (long bucket : buckets) {
            if (bucket >= 0 && ended.fetch(requestId, bucket) != null) {
                return true;
            }
        }
        ended.put(requestId, AvailabilityStores.SEEN, buckets[0]);
        return false;
    }

    private void publish() {
        List<String> old = new ArrayList<>();
        for (String key : changed) {
            context().forward(new Record<>(UseCaseKey.textOf(key), new SliceCounts(UseCaseKey.startOf(key), partition,
                    Objects.requireNonNull(slices.get(key))), latestMillis));
        }
        changed.clear();
        try (var kept = slices.all()) {
            kept.forEachRemaining(slice -> {
                if (latestMillis - UseCaseKey.startOf(slice.key) > KEPT.toMillis()) {
                    old.add(slice.key);
                }
            });
        }
        old.forEach(slices::delete);
    }
}
