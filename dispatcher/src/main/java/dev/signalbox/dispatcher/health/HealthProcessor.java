package dev.signalbox.dispatcher.health;

import dev.signalbox.dispatcher.latency.LatencyReader;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import java.time.Duration;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Steps each deployment's standing by calls and by time, and publishes changes at once and figures now and then. */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class HealthProcessor extends ContextualProcessor<String, AttemptEvent, String, DeploymentHealth> {
    /** How late the end of an ejection may be noticed. */
    static final Duration TICK = Duration.ofSeconds(1);
    /** How old the published figures of a deployment in use, or not healthy, may be. */
    static final Duration REFRESH = Duration.ofSeconds(5);

    private final HealthModel model;
    private final FleetTime time;
    private KeyValueStore<String, Standing> standings;
    private LatencyReader latency;

    public HealthProcessor(HealthRules rules, FleetTime time) {
        this.model = new HealthModel(rules);
        this.time = time;
    }

    @Override
    public void init(ProcessorContext<String, DeploymentHealth> context) {
        super.init(context);
        standings = context.getStateStore(HealthStore.NAME);
        latency = LatencyReader.of(context);
        context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, wallClock -> time.nowMillis().ifPresent(this::tick));
        context.schedule(REFRESH, PunctuationType.WALL_CLOCK_TIME,
                wallClock -> time.nowMillis().ifPresent(this::refresh));
    }

    @Override
    public void process(Record<String, AttemptEvent> record) {
        long now = record.timestamp();
        time.observe(now);
        Call.of(record.value(), now).ifPresent(call -> {
            Standing known = standings.get(record.key());
            take(record.key(), model.onCall(known == null ? Standing.UNSEEN : known, call, now), now);
        });
    }

    private void tick(long now) {
        HealthStore.all(standings).forEach(known -> {
            if (HealthStore.forgotten(known.value, now)) {
                standings.delete(known.key);
                context().forward(new Record<>(known.key, null, now));
                return;
            }
            HealthStep step = model.onTime(known.value, now);
            if (!step.changes().isEmpty()) {
                take(known.key, step, now);
            }
        });
    }

    private void refresh(long now) {
        HealthStore.all(standings).stream().filter(known -> toldAgain(known.value, now))
                .forEach(known -> publish(known.key, model.onTime(known.value, now).standing(), now));
    }

    /** Workers go by what is not old, so what restrains them is told again also while nobody calls. */
    private static boolean toldAgain(Standing standing, long now) {
        return standing.state() != DeploymentState.HEALTHY
                || now - standing.lastCallMillis() <= REFRESH.toMillis();
    }

    private void take(String deployment, HealthStep step, long now) {
        standings.put(deployment, step.standing());
        step.changes().forEach(changed -> publish(deployment, changed, now));
    }

    private void publish(String deployment, Standing standing, long now) {
        context().forward(new Record<>(deployment,
                HealthReport.of(deployment, standing, latency.windows(deployment, now), model.rules(), now), now));
    }
}
