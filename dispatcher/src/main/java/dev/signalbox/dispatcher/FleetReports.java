package dev.signalbox.dispatcher;

import dev.signalbox.config.live.TopicFollower;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AlertStatus;
import dev.signalbox.schemas.avro.RouteStanding;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** What the instance that judges the whole fleet has published last, known in each of them. Any thread may ask. */
final class FleetReports implements AutoCloseable {
    private final ConcurrentSkipListMap<String, RouteStanding> routes = new ConcurrentSkipListMap<>();
    private final ConcurrentSkipListMap<String, Alert> alerts = new ConcurrentSkipListMap<>();
    private final TopicFollower follower;

    FleetReports(Map<String, Object> client, SchemaRegistryClient registry) {
        AvroDeserializer<RouteStanding> standings = new AvroDeserializer<>(RouteStanding.class, registry);
        AvroDeserializer<Alert> all = new AvroDeserializer<>(Alert.class, registry);
        follower = TopicFollower.start(client, Map.of(
                Topics.REDUNDANCY, record -> put(routes, record, standings.deserialize(record.topic(), record.value())),
                Topics.ALERTS, record -> put(alerts, record, all.deserialize(record.topic(), record.value()))),
                "fleet-reports");
    }

    private static <T> void put(Map<String, T> into, ConsumerRecord<byte[], byte[]> record, @Nullable T value) {
        String key = new String(record.key(), StandardCharsets.UTF_8);
        if (value == null) {
            into.remove(key);
        } else {
            into.put(key, value);
        }
    }

    /** What each route has left. */
    Stream<RouteStanding> routes() {
        return routes.values().stream();
    }

    /** Alerts that hold. */
    Stream<Alert> alerts() {
        return alerts.values().stream().filter(alert -> alert.getStatus() == AlertStatus.RAISED);
    }

    @Override
    public void close() {
        follower.close();
    }
}
