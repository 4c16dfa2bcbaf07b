package dev.signalbox.dispatcher.availability;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.RequestStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/**
 * Where the requests of the last {@link #KEPT} are, on disk, by request id and the time at which that was told: at most one
 * RUNNING and one ENDED each, but for what was told again after a crash.
 */
public final class RequestStatuses {
    public static final String STORE = "request-status";
    static final Duration KEPT = Duration.ofHours(24);

    /** @param toldMillis append time of its record, on the broker's clock */
    public record Told(RequestStatus status, long toldMillis) {
    }

    private RequestStatuses() {
    }

    static StoreBuilder<?> store(Serde<RequestStatus> statuses) {
        Serializer<RequestStatus> serializer = statuses.serializer();
        Deserializer<RequestStatus> deserializer = statuses.deserializer();
        // The changelog holds what the topic does, under the same schema.
        return Stores.windowStoreBuilder(Stores.persistentWindowStore(STORE, KEPT, Duration.ofMillis(1), false),
                Serdes.String(),
                Serdes.serdeFrom((internal, status) -> serializer.serialize(Topics.STATUS, status),
                        (internal, bytes) -> deserializer.deserialize(Topics.STATUS, bytes)))
                .withCachingDisabled();
    }

    /** The first end that was told of a request; without one, what was told last. */
    public static Optional<Told> of(ReadOnlyWindowStore<String, RequestStatus> store, String requestId) {
        Optional<Told> last = Optional.empty();
        try (WindowStoreIterator<RequestStatus> all = store.fetch(requestId, Instant.EPOCH,
                Instant.ofEpochMilli(Long.MAX_VALUE))) {
            while (all.hasNext()) {
                var each = all.next();
                last = Optional.of(new Told(each.value, each.key));
                switch (each.value.getState()) {
                    case ENDED -> {
                        return last;
                    }
                    case RUNNING -> {
                    }
                }
            }
        }
        return last;
    }

    /** Keeps each. */
    @SuppressWarnings("NullAway.Init") // Streams calls init() before anything else.
    static final class Keeper extends ContextualProcessor<String, RequestStatus, Void, Void> {
        private WindowStore<String, RequestStatus> store;

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            super.init(context);
            store = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, RequestStatus> record) {
            RequestStatus status = record.value();
            if (status != null) {
                store.put(status.getRequestId(), status, record.timestamp());
            }
        }
    }
}
