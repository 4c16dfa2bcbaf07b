package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.live.ClockSkew;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import dev.signalbox.workers.intake.LaneConsumerProperties;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.GroupIdNotFoundException;

/**
 * Which workers serve which pools now, by the members of the pools' consumer groups, and what operators ordered about them.
 *
 * @param members of the pools, by pool and worker
 * @param orders all that are kept about workers, pools and the configuration, the oldest first
 * @param nowMillis on the broker's clock
 */
record PoolState(Map<PoolName, Map<String, Member>> members, List<Given> orders, long nowMillis) {
    private static final long PATIENCE_SECONDS = 12;

    /**
     * A worker of a pool.
     *
     * @param host as the broker sees it
     * @param partitions of the pool's topics that it owns
     */
    record Member(String worker, String host, int partitions) {
        Member and(int more) {
            return new Member(worker, host, partitions + more);
        }
    }

    /** @param atMillis append time of its record, on the broker's clock */
    record Given(ControlOrder order, long atMillis) {
        /** When it ends by itself. */
        long untilMillis() {
            return atMillis + order.getDurationMillis();
        }

        /** Name of the worker, tenant or pool that it is about, or that it is the configuration. */
        String about() {
            return Stream.of(order.getWorker(), order.getTenant(), order.getPool()).filter(Objects::nonNull)
                    .findFirst().orElse("configuration");
        }

        /** Whether it only tells of a configuration that was put in force. */
        boolean isConfiguration() {
            return order.getAction() == ControlAction.CONFIGURE;
        }
    }

    static PoolState read(Clients clients, Configuration configuration) throws InterruptedException {
        try (Admin admin = clients.admin(); TopicScan scan = new TopicScan(clients)) {
            long ahead = ClockSkew.ofController(admin).map(ClockSkew::aheadMillis).orElse(0L);
            return new PoolState(members(admin, configuration), Orders.read(clients, scan,
                    key -> ControlKey.worker(key).isPresent() || ControlKey.pool(key).isPresent()
                            || ControlKey.isConfiguration(key)),
                    System.currentTimeMillis() - ahead);
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        } catch (ExecutionException e) {
            throw KafkaTrouble.of(e.getCause() == null ? e : e.getCause(), clients.bootstrapServers());
        } catch (TimeoutException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    private static Map<PoolName, Map<String, Member>> members(Admin admin, Configuration configuration)
            throws InterruptedException, ExecutionException, TimeoutException {
        Map<String, PoolName> groups = new HashMap<>();
        for (Pool pool : configuration.pools()) {
            pool.priorities().keySet()
                    .forEach(priority -> groups.put(new Lane(pool.name(), priority).consumerGroup(), pool.name()));
        }
        Map<PoolName, Map<String, Member>> members = new HashMap<>();
        configuration.pools().forEach(pool -> members.put(pool.name(), new TreeMap<>()));
        for (Map.Entry<String, KafkaFuture<ConsumerGroupDescription>> group : admin
                .describeConsumerGroups(groups.keySet()).describedGroups().entrySet()) {
            Map<String, Member> ofPool = members.getOrDefault(groups.get(group.getKey()), new TreeMap<>());
            for (MemberDescription member : described(group.getValue())) {
                String worker = LaneConsumerProperties.worker(member.clientId());
                int partitions = member.assignment().topicPartitions().size();
                ofPool.compute(worker, (name, known) -> known == null
                        ? new Member(worker, member.host().replaceFirst("^/", ""), partitions)
                        : known.and(partitions));
            }
        }
        return members;
    }

    private static Iterable<MemberDescription> described(KafkaFuture<ConsumerGroupDescription> group)
            throws InterruptedException, ExecutionException, TimeoutException {
        try {
            return group.get(PATIENCE_SECONDS, TimeUnit.SECONDS).members();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return List.of();
            }
            throw e;
        }
    }

    /** All workers that serve a pool. */
    Set<String> workers() {
        return members.values().stream().flatMap(ofPool -> ofPool.keySet().stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Names of the pools that a worker serves. */
    Set<String> pools(String worker) {
        return members.entrySet().stream().filter(pool -> pool.getValue().containsKey(worker))
                .map(pool -> pool.getKey().value()).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The order about that worker which holds now. */
    Optional<Given> ofWorker(String worker) {
        return holds(orders.stream().filter(given -> worker.equals(given.order.getWorker())).toList());
    }

    /** The order about that pool which holds now. */
    Optional<Given> ofPool(String pool) {
        return holds(orders.stream().filter(given -> !given.isConfiguration())
                .filter(given -> pool.equals(given.order.getPool())).toList());
    }

    private Optional<Given> holds(List<Given> ofOne) {
        return Orders.holds(ofOne, nowMillis);
    }
}
