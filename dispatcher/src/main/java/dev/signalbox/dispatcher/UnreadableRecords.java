package dev.signalbox.dispatcher;

import dev.signalbox.dispatcher.redundancy.FleetNews;
import dev.signalbox.dispatcher.redundancy.FleetNewsSerde;
import dev.signalbox.schemas.serde.SchemaRegistryException;
import dev.signalbox.schemas.serde.UnknownSchemaException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.streams.StreamsConfig;
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

    private static final String FLEET_TOPIC = StreamsSettings.CONTROL + "-" + DispatcherTopology.FLEET
            + "-repartition";

    private boolean control;

    /** For Kafka Streams, which makes it by its name. */
    public UnreadableRecords() {
    }

    @Override
    public void configure(Map<String, ?> configs) {
        control = StreamsSettings.CONTROL.equals(configs.get(StreamsConfig.APPLICATION_ID_CONFIG));
    }

    @Override
    public Response handleError(ErrorHandlerContext context, ConsumerRecord<byte[], byte[]> record,
            Exception exception) {
        if (exception instanceof SchemaRegistryException && !(exception instanceof UnknownSchemaException)) {
            return Response.fail();
        }
        LOG.warn("record left out: {}-{} offset {}: {}", record.topic(), record.partition(), record.offset(),
                exception.getMessage());
        return control ? Response.resume(List.of(news(record))) : Response.resume();
    }

    /** For the task that raises alerts. Both applications read the same topic, so one of them is enough to tell it. */
    private static ProducerRecord<byte[], byte[]> news(ConsumerRecord<byte[], byte[]> record) {
        return new ProducerRecord<>(FLEET_TOPIC, 0, record.timestamp(), record.topic().getBytes(StandardCharsets.UTF_8),
                FleetNewsSerde.write(new FleetNews.Unreadable(1)));
    }
}
