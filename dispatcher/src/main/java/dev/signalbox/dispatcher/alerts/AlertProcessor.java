package dev.signalbox.dispatcher.alerts;

import dev.signalbox.schemas.avro.Alert;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Steps each alert by the trouble that is there now, publishes what changed, and hands it to its delivery. */
@SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
public final class AlertProcessor extends ContextualProcessor<String, List<Trouble>, String, Alert> {
    public static final String STORE = "alert-standings";

    private final AlertDelivery delivery;
    private final Supplier<String> environment;
    private KeyValueStore<String, AlertStanding> standings;

    /** @param environment of the installation */
    public AlertProcessor(AlertDelivery delivery, Supplier<String> environment) {
        this.delivery = delivery;
        this.environment = environment;
    }

    /** For the topology. */
    public static StoreBuilder<?> store() {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(STORE), Serdes.String(), AlertStanding.serde())
                .withCachingDisabled();
    }

    @Override
    public void init(ProcessorContext<String, Alert> context) {
        super.init(context);
        standings = context.getStateStore(STORE);
        delivery.own();
    }

    @Override
    public void process(Record<String, List<Trouble>> record) {
        Map<String, Trouble> seen = new HashMap<>();
        record.value().forEach(trouble -> seen.putIfAbsent(trouble.key(), trouble));
        Set<String> keys = new TreeSet<>(seen.keySet());
        try (var all = standings.all()) {
            all.forEachRemaining(known -> keys.add(known.key));
        }
        List<Alert> holding = new ArrayList<>();
        List<Alert> told = new ArrayList<>();
        for (String key : keys) {
            AlertModel.Step step = AlertModel.step(standings.get(key), seen.get(key), record.timestamp());
            Alert alert = step.standing().map(standing -> standing.alert(environment.get())).orElse(null);
            standings.put(key, step.standing().orElse(null));
            step.standing().filter(AlertStanding::holds).ifPresent(standing -> holding.add(alert));
            if (step.told()) {
                context().forward(new Record<>(key, alert, record.timestamp()));
            }
            step.standing().filter(standing -> standing.toldMillis() > 0).ifPresent(standing -> told.add(alert));
        }
        delivery.tell(holding, told, record.timestamp());
    }

    @Override
    public void close() {
        delivery.disown();
    }
}
