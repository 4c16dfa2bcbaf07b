package dev.signalbox.cli;

import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** Tells the fleet what operators set or order. */
final class OperatorRecords {
    private static final int PATIENCE_MILLIS = 10_000;

    private OperatorRecords() {
    }

    /**
     * Writes one, acknowledged by all in-sync replicas.
     *
     * @param value null takes back what was set under that key
     * @return its append time, from which it holds, ms on the broker's clock
     */
    static <T extends SpecificRecord> long write(Clients clients, String topic, String key, @Nullable T value) {
        Map<String, Object> properties = clients.kafkaProperties();
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS / 2);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE_MILLIS);
        AvroSerializer<T> values = new AvroSerializer<>(SchemaRegistryClient.of(clients.registryProperties()),
                clients.registryProperties());
        try (KafkaProducer<String, T> producer = new KafkaProducer<>(properties, new StringSerializer(), values)) {
            return producer.send(new ProducerRecord<>(topic, key, value))
                    .get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS).timestamp();
        } catch (ExecutionException e) {
            throw KafkaTrouble.of(e.getCause() == null ? e : e.getCause(), clients.bootstrapServers());
        } catch (TimeoutException | KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }
}
