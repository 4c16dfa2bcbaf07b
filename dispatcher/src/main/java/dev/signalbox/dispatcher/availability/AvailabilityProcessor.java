package dev.signalbox.dispatcher.availability;

import dev.signalbox.config.UseCase.Objective;
import dev.signalbox.dispatcher.availability.AvailabilityBoard.Figures;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Sums up by hour what the partitions have counted, publishes changed hours, and judges use cases by their objectives.
 * What a partition tells of a slice takes the place of what it told before, so telling it again changes nothing.
 */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class AvailabilityProcessor
        extends
            ContextualProcessor<String, SliceCounts, String, AvailabilityRecord> {
    static final Duration PUBLISH = Duration.ofSeconds(5);
    /** Longer than the partitions keep theirs, and than the longest burn window. */
    private static final Duration SLICES_KEPT = Duration.ofDays(2);
    /** As long as an objective's window may be. */
    private static final Duration HOURS_KEPT = Duration.ofDays(367);
    private static final long FORGET_EVERY_MILLIS = Duration.ofHours(1).toMillis();

    private final AvailabilityBoard board;
    private final FleetTime time;
    private final Set<String> changed = new HashSet<>();
    private final Set<String> useCases = new HashSet<>();
    private KeyValueStore<String, EndedCounts> told;
    private KeyValueStore<String, EndedCounts> hours;
    private long latestMillis;
    private long forgotMillis;

    /** @param board is told the figures of the use cases that have an objective */
    public AvailabilityProcessor(AvailabilityBoard board, FleetTime time) {
        this.board = board;
        this.time = time;
    }

    @Override
    public void init(ProcessorContext<String, AvailabilityRecord> context) {
        super.init(context);
        told = context.getStateStore(AvailabilityStores.TOLD);
        hours = context.getStateStore(AvailabilityStores.HOURS);
        try (var kept = hours.all()) {
            kept.forEachRemaining(hour -> {
                useCases.add(UseCaseKey.textOf(hour.key));
                changed.add(hour.key);
            });
        }
        context.schedule(PUBLISH, PunctuationType.WALL_CLOCK_TIME, wallClock -> publish());
    }

    @Override
    public void process(Record<String, SliceCounts> record) {
        latestMillis = Math.max(latestMillis, record.timestamp());
        SliceCounts slice = record.value();
        String key = UseCaseKey.at(record.key(), slice.sliceMillis(), slice.partition());
        EndedCounts before = told.get(key);
        if (slice.counts().equals(before)) {
            return;
        }
        told.put(key, slice.counts());
        String hour = UseCaseKey.at(record.key(), UseCaseKey.start(UseCaseKey.HOUR, slice.sliceMillis()));
        EndedCounts known = hours.get(hour);
        EndedCounts more = before == null ? slice.counts() : slice.counts().minus(before);
        hours.put(hour, known == null ? more : known.plus(more));
        changed.add(hour);
        useCases.add(record.key());
    }

    private void publish() {
        for (String key : changed) {
            String text = UseCaseKey.textOf(key);
            long from = UseCaseKey.startOf(key);
            context().forward(new Record<>(UseCaseKey.published(text, from),
                    record(UseCaseKey.parse(text), from, Objects.requireNonNull(hours.get(key))), latestMillis));
        }
        changed.clear();
        if (latestMillis - forgotMillis > FORGET_EVERY_MILLIS) {
            forgotMillis = latestMillis;
            forget(told, SLICES_KEPT);
            forget(hours, HOURS_KEPT).forEach(key -> context().forward(new Record<>(
                    UseCaseKey.published(UseCaseKey.textOf(key), UseCaseKey.startOf(key)), null, latestMillis)));
        }
        time.nowMillis().ifPresent(now -> useCases.forEach(text -> judge(text, now)));
    }

    private static AvailabilityRecord record(UseCaseKey key, long fromMillis, EndedCounts counts) {
        return new AvailabilityRecord(fromMillis, fromMillis + UseCaseKey.HOUR.toMillis(), key.environment(),
                key.useCase(), counts.accepted(), counts.inTime(), counts.late(), counts.expired(), counts.shed(),
                counts.failed());
    }

    private List<String> forget(KeyValueStore<String, EndedCounts> store, Duration kept) {
        List<String> old = new ArrayList<>();
        try (var all = store.all()) {
            all.forEachRemaining(entry -> {
                if (latestMillis - UseCaseKey.startOf(entry.key) > kept.toMillis()) {
                    old.add(entry.key);
                }
            });
        }
        old.forEach(store::delete);
        return old;
    }

    private void judge(String text, long nowMillis) {
        UseCaseKey key = UseCaseKey.parse(text);
        board.objective(key.environment(), key.useCase()).ifPresent(objective -> board.told(key.useCase(),
                figures(text, objective, nowMillis)));
    }

    private Figures figures(String text, Objective objective, long nowMillis) {
        EndedCounts whole = sum(hours, text, nowMillis - objective.window().toMillis());
        Map<AvailabilityBoard.Burn, Double> burns = new EnumMap<>(AvailabilityBoard.Burn.class);
        for (AvailabilityBoard.Burn burn : AvailabilityBoard.Burn.values()) {
            EndedCounts lately = sum(told, text, nowMillis - burn.length().toMillis());
            burns.put(burn, objective.burnRate(lately.accepted(), lately.missed()));
        }
        return new Figures(whole.accepted(), whole.missed(), burns);
    }

    private static EndedCounts sum(KeyValueStore<String, EndedCounts> store, String text, long sinceMillis) {
        EndedCounts sum = EndedCounts.NONE;
        // '}' sorts behind '|': behind all times of this use case.
        try (var windows = store.range(UseCaseKey.at(text, Math.max(0, sinceMillis)), text + "}")) {
            while (windows.hasNext()) {
                sum = sum.plus(windows.next().value);
            }
        }
        return sum;
    }

    /** The use cases are another instance's from now on. */
    @Override
    public void close() {
        useCases.forEach(text -> board.forget(UseCaseKey.parse(text).useCase()));
        useCases.clear();
        changed.clear();
    }
}
