package dev.signalbox.dispatcher;

import dev.signalbox.schemas.serde.SchemaRegistryException;
import dev.signalbox.schemas.serde.UnknownSchemaException;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.errors.DeserializationExceptionHandler;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A record that cannot be read stops nothing: it is logged, counted by Kafka's {@code dropped-records} and left out. Unless
 * the registry is away: then all of them could not be read, so the thread fails and begins again where it was.
 */
public final class UnreadableRecords implements DeserializationExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(UnreadableRecords.class);

    /** For Kafka Streams, which makes it by its name. */
    public UnreadableRecords() {
    }

    @Override
    public void configure(Map<String, ?> configs) {
        // There is nothing to set.
    }

    @Override
    public Response handleError(ErrorHandlerContext context, ConsumerRecord<byte[], byte[]> record,
            Exception exception) {
        if (exception instanceof SchemaRegistryException && !(exception instanceof UnknownSchemaException)) {
            return Response.fail();
        }
        LOG.warn("record left out: {}-{} offset {}: {}", record.topic(), record.partition(), record.offset(),
                exception.getMessage());
        return Response.resume();
    }
}
