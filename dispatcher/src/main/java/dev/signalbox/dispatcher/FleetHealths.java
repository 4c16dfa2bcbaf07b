package dev.signalbox.dispatcher;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.live.TopicFollower;
import dev.signalbox.dispatcher.health.DomainDoubt;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What all dispatchers found of all deployments, for the tasks of this one. */
final class FleetHealths implements AutoCloseable {
    private final AvroDeserializer<DeploymentHealth> records;
    private final DomainDoubt doubt;
    private final TopicFollower follower;

    /** @param configuration in force, asked again each time */
    FleetHealths(DispatcherOptions options, SchemaRegistryClient registry, Supplier<Configuration> configuration) {
        this.records = new AvroDeserializer<>(DeploymentHealth.class, registry);
        this.doubt = new DomainDoubt(configuration);
        this.follower = TopicFollower.start(options.clientProperties(), Map.of(Topics.HEALTH, this::read),
                "fleet-healths");
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        if (key.indexOf('/') > 0) {
            doubt.told(DeploymentName.parse(key), record.value() == null
                    ? null
                    : records.deserialize(record.topic(), record.value()));
        }
    }

    DomainDoubt doubt() {
        return doubt;
    }

    @Override
    public void close() {
        follower.close();
    }
}
