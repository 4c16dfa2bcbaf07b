package dev.signalbox.cli;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ControlOrder;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;

/** Gives operators' orders to the fleet. */
final class ControlOrders {
    private static final int PATIENCE_MILLIS = 10_000;

    private ControlOrders() {
    }

    /**
     * Writes it, acknowledged by all in-sync replicas.
     *
     * @return its append time, from which it holds, ms on the broker's clock
     */
    static long give(Clients clients, ControlOrder order) {
        Map<String, Object> properties = clients.kafkaProperties();
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS / 2);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE_MILLIS);
        AvroSerializer<ControlOrder> values = new AvroSerializer<>(
                SchemaRegistryClient.of(clients.registryProperties()), clients.registryProperties());
        try (KafkaProducer<String, ControlOrder> producer = new KafkaProducer<>(properties, new StringSerializer(),
                values)) {
            String key = ControlKey.of(DeploymentName.parse(order.getDeployment()));
            return producer.send(new ProducerRecord<>(Topics.CONTROL, key, order))
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
