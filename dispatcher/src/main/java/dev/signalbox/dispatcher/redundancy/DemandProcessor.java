package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Route;
import dev.signalbox.schemas.avro.AttemptEvent;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Sums up what routes ask of this task's deployments, and tells it each {@link #TELL}. A crash loses what was not told yet, which
 * moves a peak by a second's calls.
 */
public final class DemandProcessor extends ContextualProcessor<String, AttemptEvent, String, FleetNews> {
    static final Duration TELL = Duration.ofSeconds(1);
    /** Of sums between two tellings; what comes beyond waits for none and is told at once. */
    static final int MOST_SUMS = 10_000;

    private final Supplier<Configuration> configuration;
    private final Map<Key, DemandSums> sums = new HashMap<>();
    private long latestMillis;

    private record Key(String deployment, String route, String pool, long minute) {
    }

    public DemandProcessor(Supplier<Configuration> configuration) {
        this.configuration = configuration;
    }

    @Override
    public void init(ProcessorContext<String, FleetNews> context) {
        super.init(context);
        context.schedule(TELL, PunctuationType.WALL_CLOCK_TIME, wallClock -> tell());
    }

    @Override
    public void process(Record<String, AttemptEvent> record) {
        DemandSums asked = DemandSums.of(record.value());
        latestMillis = Math.max(latestMillis, record.timestamp());
        if (!asked.equals(DemandSums.NONE) && isPool(record.value().getPool())) {
            sums.merge(new Key(record.key(), route(record.value()), record.value().getPool(),
                    TimeUnit.MILLISECONDS.toMinutes(record.timestamp())), asked, DemandSums::plus);
        }
        if (sums.size() >= MOST_SUMS) {
            tell();
        }
    }

    private boolean isPool(String name) {
        return configuration.get().pools().stream().anyMatch(pool -> pool.name().value().equals(name));
    }

    /** The request's route; those that a new configuration no longer has are one. */
    private String route(AttemptEvent event) {
        return configuration.get().route(event.getRequestedModel(), event.getUseCase()).map(Route::name)
                .orElse("none");
    }

    private void tell() {
        sums.forEach((key, sum) -> context().forward(new Record<>(key.deployment,
                new FleetNews.Demand(key.route, key.pool, key.minute, sum), latestMillis)));
        sums.clear();
    }
}
