package dev.signalbox.config.backlog;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Route;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.DecodedRequest;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestCodec;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.schemas.serde.SchemaRegistryException;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Which route serves a record of a lane. */
@FunctionalInterface
public interface RouteOfRecord {
    /** The route's name; empty: none, or the record cannot be read now. */
    Optional<String> of(ConsumerRecord<byte[], byte[]> record);

    /** By the model and use case that its value names. */
    static RouteOfRecord by(Supplier<Configuration> configuration, SchemaRegistryClient registry) {
        RequestCodec codec = new RequestCodec(new AvroDeserializer<>(LlmRequest.class, registry), new JsonRecords());
        return record -> {
            try {
                return codec.decode(record.topic(), record.headers(),
                        record.value()) instanceof DecodedRequest.Valid(LlmRequest request)
                                ? configuration.get().route(request.getModel(), request.getUseCase()).map(Route::name)
                                : Optional.empty();
            } catch (SchemaRegistryException awayNow) {
                return Optional.empty();
            }
        };
    }
}
