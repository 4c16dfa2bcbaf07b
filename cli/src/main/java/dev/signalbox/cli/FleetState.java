package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.live.ClockSkew;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.workers.router.Explanation;
import dev.signalbox.workers.router.FleetView;
import dev.signalbox.workers.router.OperatorOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * What the fleet's topics tell of its deployments now.
 *
 * @param health latest record of each, by name
 * @param orders all that are kept, the oldest first
 * @param nowMillis on the broker's clock
 */
record FleetState(Map<String, DeploymentHealth> health, List<Given> orders, long nowMillis) {
    /** @param atMillis append time of its record, on the broker's clock */
    record Given(ControlOrder order, long atMillis) {
        /** When it ends by itself. */
        long untilMillis() {
            return atMillis + order.getDurationMillis();
        }
    }

    static FleetState read(Clients clients) {
        SchemaRegistryClient registry = SchemaRegistryClient.of(clients.registryProperties());
        AvroDeserializer<DeploymentHealth> healths = new AvroDeserializer<>(DeploymentHealth.class, registry);
        AvroDeserializer<ControlOrder> controls = new AvroDeserializer<>(ControlOrder.class, registry);
        Map<String, DeploymentHealth> health = new TreeMap<>();
        List<Given> orders = new ArrayList<>();
        try (Admin admin = clients.admin(); TopicScan scan = new TopicScan(clients)) {
            scan.read(scan.starts(List.of(Topics.HEALTH, Topics.CONTROL), 0), record -> {
                if (record.key() == null) {
                    return;
                }
                if (record.topic().equals(Topics.HEALTH)) {
                    put(health, record.key(), healths.deserialize(record.topic(), record.value()));
                } else if (record.value() != null
                        && ControlKey.deployment(record.key().getBytes(StandardCharsets.UTF_8)).isPresent()) {
                    ControlOrder order = controls.deserialize(record.topic(), record.value());
                    if (order != null) {
                        orders.add(new Given(order, record.timestamp()));
                    }
                }
            });
            orders.sort(Comparator.comparingLong(Given::atMillis));
            long ahead = ClockSkew.ofController(admin).map(ClockSkew::aheadMillis).orElse(0L);
            return new FleetState(health, orders, System.currentTimeMillis() - ahead);
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    private static void put(Map<String, DeploymentHealth> health, String name, @Nullable DeploymentHealth value) {
        if (value == null) {
            health.remove(name);
        } else {
            health.put(name, value);
        }
    }

    static final FleetState UNKNOWN = new FleetState(Map.of(), List.of(), 0);

    /** As a worker that reads it now takes it. */
    Explanation.Fleet explained(Configuration configuration) {
        Map<DeploymentName, FleetView> views = new HashMap<>();
        Map<DeploymentName, OperatorOrder> given = new HashMap<>();
        for (DeploymentName name : configuration.deployments().keySet()) {
            DeploymentHealth told = health.get(name.toString());
            if (told != null) {
                views.put(name, FleetView.of(told, "", nowMillis, 0));
            }
            inForce(name).ifPresent(order -> given.put(name, new OperatorOrder(
                    order.order.getAction() == ControlAction.EJECT
                            ? OperatorOrder.Action.EJECT
                            : OperatorOrder.Action.DRAIN,
                    order.order.getWho(), order.order.getWhy(),
                    TimeUnit.MILLISECONDS.toNanos(order.untilMillis() - nowMillis))));
        }
        return new Explanation.Fleet(views, given);
    }

    /** What was told of a deployment, for a person; empty: nothing. */
    Optional<String> told(DeploymentName name) {
        return Optional.ofNullable(health.get(name.toString())).map(told -> {
            long age = Math.max(0, nowMillis - told.getAsOfMillis());
            return told.getState() + ", told " + age / 1_000 + " s ago"
                    + (age > FleetView.LONGEST_AGE.toMillis() ? " (too old to count)" : "") + ": " + told.getReason();
        });
    }

    /** The order that holds now. */
    Optional<Given> inForce(DeploymentName deployment) {
        return orders.stream().filter(given -> given.order.getDeployment().equals(deployment.toString()))
                .reduce((earlier, later) -> later)
                .filter(last -> last.order.getAction() != ControlAction.RESTORE && last.untilMillis() > nowMillis);
    }
}
