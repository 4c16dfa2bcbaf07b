package dev.signalbox.cli;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.CapacityAmounts;
import dev.signalbox.schemas.avro.CapacityDemand;
import dev.signalbox.schemas.avro.CapacityGrant;
import dev.signalbox.schemas.avro.PoolDemand;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.KafkaException;

/**
 * What workers told of their use of deployments just now.
 *
 * @param demands latest of each worker, by deployment and worker
 * @param leased by deployment, workers that were granted a lease just now
 */
record CapacityState(Map<String, Map<String, CapacityDemand>> demands, Map<String, Map<String, CapacityGrant>> leased) {
    /** Workers tell each second; longer, and a worker that just died would seem to hold nothing. */
    private static final Duration JUST_NOW = Duration.ofSeconds(15);

    /**
     * Of one deployment, for the calls of one pool.
     *
     * @param workers that told
     * @param leases of them that go by a dispatcher's lease; others go by their share
     * @param full what a further call would exceed at each of them, as {@code calls 1 of 1}; empty: there is room
     * @param longestWaitMillis of what waits for it, 0 for nothing
     */
    record Room(int workers, int leases, List<String> full, long longestWaitMillis) {
        String told() {
            if (workers == 0) {
                return "not told: it has no limits, or its worker shares it with no other";
            }
            return (full.isEmpty() ? "room" : "no room: " + String.join(", ", full)) + " (" + workers + " workers, "
                    + leases + " by a lease); "
                    + (longestWaitMillis == 0 ? "nothing waits for it" : "longest wait " + longestWaitMillis + " ms");
        }
    }

    /** @param nowMillis on the broker's clock */
    static CapacityState read(Clients clients, long nowMillis) {
        SchemaRegistryClient registry = SchemaRegistryClient.of(clients.registryProperties());
        AvroDeserializer<CapacityDemand> demanded = new AvroDeserializer<>(CapacityDemand.class, registry);
        AvroDeserializer<CapacityGrant> granted = new AvroDeserializer<>(CapacityGrant.class, registry);
        Map<String, Map<String, CapacityDemand>> demands = new HashMap<>();
        Map<String, Map<String, CapacityGrant>> grants = new HashMap<>();
        try (TopicScan scan = new TopicScan(clients)) {
            scan.read(scan.starts(List.of(Topics.CAPACITY_DEMAND, Topics.CAPACITY_GRANTS),
                    nowMillis - JUST_NOW.toMillis()), record -> {
                        if (record.value() == null) {
                            return;
                        }
                        if (record.topic().equals(Topics.CAPACITY_DEMAND)) {
                            Optional.ofNullable(demanded.deserialize(record.topic(), record.value()))
                                    .ifPresent(demand -> of(demands, demand.getDeployment()).put(demand.getWorker(),
                                            demand));
                        } else {
                            Optional.ofNullable(granted.deserialize(record.topic(), record.value()))
                                    .ifPresent(grant -> of(grants, grant.getDeployment()).put(grant.getWorker(),
                                            grant));
                        }
                    });
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
        demands.values().forEach(ofOne -> ofOne.values().removeIf(CapacityDemand::getGoodbye));
        return new CapacityState(demands, grants);
    }

    private static <T> Map<String, T> of(Map<String, Map<String, T>> all, String deployment) {
        return all.computeIfAbsent(deployment, name -> new TreeMap<>());
    }

    Room room(String deployment, PoolName pool) {
        Map<String, CapacityDemand> told = demands.getOrDefault(deployment, Map.of());
        List<PoolDemand> parts = told.values().stream().flatMap(demand -> demand.getPools().stream())
                .filter(part -> part.getPool().isEmpty() || part.getPool().equals(pool.value())).toList();
        List<String> full = new ArrayList<>();
        long calls = parts.stream().mapToLong(part -> part.getInUse().getCalls()).sum();
        if (!parts.isEmpty() && parts.stream().allMatch(part -> isShort(Amount.CALLS, part))) {
            full.add("calls " + calls + " of " + parts.stream().mapToLong(part -> part.getMayUse().getCalls()).sum());
        }
        for (Amount amount : List.of(Amount.REQUESTS, Amount.INPUT_TOKENS, Amount.OUTPUT_TOKENS)) {
            if (!parts.isEmpty() && parts.stream().allMatch(part -> isShort(amount, part))) {
                full.add(amount.words + " a minute "
                        + parts.stream().mapToLong(part -> amount.of(part.getInUse())).sum() + " of "
                        + parts.stream().mapToLong(part -> amount.of(part.getMayUse())).sum());
            }
        }
        Map<String, CapacityGrant> grants = leased.getOrDefault(deployment, Map.of());
        return new Room(told.size(), (int) told.keySet().stream().filter(grants::containsKey).count(), full,
                parts.stream().mapToLong(PoolDemand::getOldestWaitMillis).max().orElse(0));
    }

    /** Whether its largest waiting request, or a smallest one, finds no room. */
    private static boolean isShort(Amount amount, PoolDemand part) {
        long may = amount.of(part.getMayUse());
        return may != Long.MAX_VALUE && amount.of(part.getInUse()) + Math.max(1, amount.of(part.getLargest())) > may;
    }

    private enum Amount {
        CALLS("calls"),
        REQUESTS("requests"),
        INPUT_TOKENS("input tokens"),
        OUTPUT_TOKENS("output tokens");

        private final String words;

        Amount(String words) {
            this.words = words;
        }

        long of(CapacityAmounts amounts) {
            return switch (this) {
                case CALLS -> amounts.getCalls();
                case REQUESTS -> amounts.getRequests();
                case INPUT_TOKENS -> amounts.getInputTokens();
                case OUTPUT_TOKENS -> amounts.getOutputTokens();
            };
        }
    }
}
