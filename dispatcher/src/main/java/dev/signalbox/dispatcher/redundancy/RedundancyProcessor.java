package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.dispatcher.health.FleetTime;
import java.time.Duration;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/** Judges the whole fleet now and then by what the tasks of its deployments told. */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class RedundancyProcessor extends ContextualProcessor<String, FleetNews, String, Judged> {
    static final Duration JUDGE = Duration.ofSeconds(2);

    private final FleetSources sources;
    private final FleetTime time;
    private FleetPicture fleet;

    public RedundancyProcessor(FleetSources sources, FleetTime time) {
        this.sources = sources;
        this.time = time;
    }

    @Override
    public void init(ProcessorContext<String, Judged> context) {
        super.init(context);
        fleet = new FleetPicture(sources, context.getStateStore(FleetStores.HEALTHS),
                context.getStateStore(FleetStores.DEMAND), context.getStateStore(FleetStores.LAST_CALLS));
        context.schedule(JUDGE, PunctuationType.WALL_CLOCK_TIME, wallClock -> time.nowMillis().ifPresent(this::judge));
    }

    @Override
    public void process(Record<String, FleetNews> record) {
        time.observe(record.timestamp());
        fleet.take(record.key(), record.value(), record.timestamp());
    }

    private void judge(long now) {
        fleet.routes(now).forEach((key, route) -> context().forward(new Record<>(key, route, now)));
        context().forward(new Record<>("fleet", new Judged.Troubled(fleet.troubles(now)), now));
    }
}
