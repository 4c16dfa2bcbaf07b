package dev.signalbox.cli;

import dev.signalbox.cli.PoolState.Given;
import dev.signalbox.config.live.ClockSkew;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.TenantRecord;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;

/**
 * What tenants use now, as {@code llm.tenants} tells it, and what operators ordered about them.
 *
 * @param uses by tenant, pool and priority, who used most tokens in the last minute first
 * @param orders all that are kept about tenants, the oldest first
 * @param nowMillis on the broker's clock
 */
record TenantsState(List<Use> uses, List<Given> orders, long nowMillis) {
    /** Nobody told of it since: what it said is over. */
    private static final long STALE_MILLIS = Duration.ofSeconds(70).toMillis();

    /**
     * Of all workers.
     *
     * @param divertedSince since when one of them sends the tenant's requests by the overflow topic, ms on the broker's clock
     */
    record Use(String tenant, String pool, String priority, long calls, long tokens, int callsNow, int waiting,
            int workers, OptionalLong divertedSince) {
        Use and(Use other) {
            return new Use(tenant, pool, priority, calls + other.calls, tokens + other.tokens,
                    callsNow + other.callsNow, waiting + other.waiting, workers + other.workers,
                    LongStream.concat(divertedSince.stream(), other.divertedSince.stream()).min());
        }
    }

    private record Told(TenantRecord record, long millis) {
    }

    static TenantsState read(Clients clients) {
        try (Admin admin = clients.admin(); TopicScan scan = new TopicScan(clients)) {
            long now = System.currentTimeMillis()
                    - ClockSkew.ofController(admin).map(ClockSkew::aheadMillis).orElse(0L);
            return new TenantsState(uses(clients, scan, now),
                    Orders.read(clients, scan, key -> ControlKey.tenant(key).isPresent()), now);
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    private static List<Use> uses(Clients clients, TopicScan scan, long nowMillis) {
        AvroDeserializer<TenantRecord> records = new AvroDeserializer<>(TenantRecord.class,
                SchemaRegistryClient.of(clients.registryProperties()));
        Map<String, Told> latest = new HashMap<>();
        scan.read(scan.starts(List.of(Topics.TENANTS), 0), record -> {
            TenantRecord told = record.value() == null ? null : records.deserialize(record.topic(), record.value());
            if (told != null) {
                latest.put(record.key(), new Told(told, record.timestamp()));
            } else {
                latest.remove(record.key());
            }
        });
        latest.values().removeIf(told -> nowMillis - told.millis > STALE_MILLIS);
        Map<List<String>, Use> uses = new TreeMap<>(Comparator.comparing(List::toString));
        latest.values().forEach(told -> told.record.getParts().forEach(part -> uses.merge(
                List.of(told.record.getTenant(), part.getPool(), part.getPriority()),
                new Use(told.record.getTenant(), part.getPool(), part.getPriority(), part.getCallsInMinute(),
                        part.getTokensInMinute(), part.getCallsNow(), part.getWaiting(), 1,
                        Stream.ofNullable(part.getDivertedSinceMillis()).mapToLong(Long::longValue).min()),
                Use::and)));
        List<Use> sorted = new ArrayList<>(uses.values());
        sorted.sort(Comparator.comparingLong(Use::tokens).thenComparingInt(Use::waiting).reversed());
        return sorted;
    }

    List<Use> of(String tenant) {
        return uses.stream().filter(use -> use.tenant.equals(tenant)).toList();
    }

    /** The order about that tenant which holds now. */
    Optional<Given> order(String tenant) {
        return Orders.holds(orders.stream().filter(given -> tenant.equals(given.order().getTenant())).toList(),
                nowMillis);
    }
}
