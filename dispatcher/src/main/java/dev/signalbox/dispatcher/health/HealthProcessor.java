package dev.signalbox.dispatcher.health;

import dev.signalbox.dispatcher.health.HealthModel.Evidence;
import dev.signalbox.dispatcher.latency.LatencyReader;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
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
    private final Function<String, Duration> longestCall;
    private final FleetTime time;
    private final Predicate<String> doubted;
    /** Names of this task's deployments that are probed. */
    private final Set<String> probed = new HashSet<>();
    /** Those that a sole witness was told of. */
    private final Set<String> witnessed = new HashSet<>();
    /** The last standing of each deployment that was called, as the store has it: each call asks for one. */
    private final Map<String, Standing> called = new HashMap<>();
    private KeyValueStore<String, Standing> standings;
    private LatencyReader latency;

    /**
     * @param longestCall at present: no call of that deployment takes longer, the report of its end included
     * @param doubted whether others of a deployment's failure domain are out
     */
    public HealthProcessor(HealthRules rules, Function<String, Duration> longestCall, FleetTime time,
            Predicate<String> doubted) {
        this.model = new HealthModel(rules);
        this.longestCall = longestCall;
        this.time = time;
        this.doubted = doubted;
    }

    @Override
    public void init(ProcessorContext<String, DeploymentHealth> context) {
        super.init(context);
        standings = context.getStateStore(HealthStore.NAME);
        latency = LatencyReader.of(context);
        HealthStore.all(standings).stream().filter(known -> known.value.state() == DeploymentState.PROBING)
                .forEach(known -> probed.add(known.key));
        context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, wallClock -> time.nowMillis().ifPresent(this::tick));
        context.schedule(REFRESH, PunctuationType.WALL_CLOCK_TIME,
                wallClock -> time.nowMillis().ifPresent(this::refresh));
    }

    @Override
    public void process(Record<String, AttemptEvent> record) {
        long now = record.timestamp();
        time.observe(now);
        if (record.value().getPhase() != AttemptPhase.ENDED && probed.contains(record.key())) {
            Standing known = known(record.key());
            take(record.key(), known, new HealthStep(
                    turned(known, record.value(), longestCall.apply(record.key()), now), List.of()), now);
        }
        Call.of(record.value(), now).ifPresent(call -> {
            Standing known = known(record.key());
            Evidence needed = doubted.test(record.key()) ? Evidence.ONE_WORKER : Evidence.USUAL;
            take(record.key(), known, model.onCall(known, call, needed, longestCall.apply(record.key()), now), now);
        });
    }

    private Standing turned(Standing known, AttemptEvent event, Duration longest, long now) {
        return switch (event.getPhase()) {
            case CLAIMED -> model.onClaimed(known, Call.cut(event.getWorker()), longest, now);
            case STARTED -> model.onStarted(known, Call.cut(event.getWorker()), Call.id(event), longest, now);
            case ENDED -> known;
        };
    }

    private Standing known(String deployment) {
        Standing last = called.get(deployment);
        Standing known = last == null ? standings.get(deployment) : last;
        return known == null ? Standing.UNSEEN : known;
    }

    private void tick(long now) {
        HealthStore.all(standings).forEach(known -> {
            if (HealthStore.forgotten(known.value, now)) {
                standings.delete(known.key);
                called.remove(known.key);
                probed.remove(known.key);
                witnessed.remove(known.key);
                context().forward(new Record<>(known.key, null, now));
                return;
            }
            HealthStep step = model.onTime(known.value, longestCall.apply(known.key), now);
            if (!step.changes().isEmpty() || !step.standing().probe().equals(known.value.probe())) {
                take(known.key, known.value, step, now);
            } else if (witnessed.contains(known.key) && step.standing().soleWitness(now, model.rules()) == null) {
                publish(known.key, step.standing(), now);
            }
        });
    }

    private void refresh(long now) {
        tick(now);
        HealthStore.all(standings).stream().filter(known -> toldAgain(known.value, now))
                .forEach(known -> publish(known.key,
                        model.onTime(known.value, longestCall.apply(known.key), now).standing(), now));
    }

    /** Workers go by what is not old, so what restrains them is told again also while nobody calls. */
    private static boolean toldAgain(Standing standing, long now) {
        return standing.state() != DeploymentState.HEALTHY
                || now - standing.lastCallMillis() <= REFRESH.toMillis();
    }

    private void take(String deployment, Standing before, HealthStep step, long now) {
        Standing after = step.standing();
        standings.put(deployment, after);
        called.put(deployment, after);
        if (after.state() == DeploymentState.PROBING) {
            probed.add(deployment);
        } else {
            probed.remove(deployment);
        }
        step.changes().forEach(changed -> publish(deployment, changed, now));
        if (step.changes().isEmpty() && !(saysTheSame(before.probe(), after.probe())
                && before.window().suspect().equals(after.window().suspect())
                && witnessed.contains(deployment) == (after.soleWitness(now, model.rules()) != null))) {
            publish(deployment, after, now);
        }
    }

    private static boolean saysTheSame(ProbeTurn one, ProbeTurn other) {
        return Objects.equals(one.worker(), other.worker()) && one.untilMillis() == other.untilMillis();
    }

    private void publish(String deployment, Standing standing, long now) {
        if (standing.soleWitness(now, model.rules()) == null) {
            witnessed.remove(deployment);
        } else {
            witnessed.add(deployment);
        }
        context().forward(new Record<>(deployment,
                HealthReport.of(deployment, standing, latency.windows(deployment, now), model.rules(), now), now));
    }
}
