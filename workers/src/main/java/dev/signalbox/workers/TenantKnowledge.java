package dev.signalbox.workers;

import dev.signalbox.config.live.TopicFollower;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.TenantPart;
import dev.signalbox.schemas.avro.TenantRecord;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.scheduler.ServedElsewhere;
import dev.signalbox.workers.scheduler.TenantUse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells each second on {@code llm.tenants.use} what this worker served its tenants, and takes what {@code llm.tenants} says
 * of the others to the pools' schedulers, each 200 ms on one virtual thread at a time. Without a dispatcher nothing is said,
 * and the worker goes on alone.
 *
 * <p>Bounds: the last record of each tenant that was read and not yet taken, at most {@value #MOST_READ}; a position for each
 * partition.
 */
final class TenantKnowledge implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TenantKnowledge.class);
    private static final long TAKE_MILLIS = 200;
    private static final int TAKES_TO_TELL = 5;
    private static final int MOST_READ = 100_000;
    /** What is told is a worker's present: one that is read this late, as at the start, says nothing of it. */
    private static final long STALE_MILLIS = 10_000;

    private final Supplier<List<PoolWorker>> pools;
    private final SharedStages shared;
    private final RenewableProducer producer;
    private final AvroDeserializer<TenantRecord> records;
    private final Map<String, ServedElsewhere> elsewhere = new HashMap<>();
    private final Map<Integer, Position> positions = new HashMap<>();
    /** Guards {@link #read}. */
    private final ReentrantLock reading = new ReentrantLock();
    private final ReentrantLock taking = new ReentrantLock();
    private Map<String, Read> read = new HashMap<>();
    private final TopicFollower follower;
    private final ScheduledFuture<?> turns;
    private int turn;

    private record Position(long offset, long appendedMillis) {
    }

    private record Read(TenantRecord record, long appendedMillis) {
    }

    TenantKnowledge(WorkerOptions options, SharedStages shared, Supplier<List<PoolWorker>> pools) {
        this.pools = pools;
        this.shared = shared;
        this.producer = shared.control;
        this.records = new AvroDeserializer<>(TenantRecord.class,
                SchemaRegistryClient.of(options.registryProperties()));
        this.follower = TopicFollower.start(options.clientProperties(), Map.of(Topics.TENANTS, this::read),
                "tenant-knowledge");
        this.turns = shared.timer.scheduleWithFixedDelay(() -> Thread.startVirtualThread(this::turn), TAKE_MILLIS,
                TAKE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Where reading began anew after a failure, what was read before is passed over. */
    private void read(ConsumerRecord<byte[], byte[]> record) {
        Position before = Optional.ofNullable(positions.get(record.partition())).orElse(new Position(-1, 0));
        if (record.offset() <= before.offset && record.timestamp() <= before.appendedMillis) {
            return;
        }
        positions.put(record.partition(), new Position(record.offset(), record.timestamp()));
        TenantRecord value = record.value() == null ? null : records.deserialize(record.topic(), record.value());
        if (value == null) {
            return;
        }
        reading.lock();
        try {
            if (read.size() < MOST_READ || read.containsKey(value.getTenant())) {
                read.put(value.getTenant(), new Read(value, record.timestamp()));
            }
        } finally {
            reading.unlock();
        }
    }

    private void turn() {
        if (!taking.tryLock()) {
            return;
        }
        try {
            take();
            if (++turn % TAKES_TO_TELL == 0) {
                tell();
            }
        } catch (RuntimeException e) {
            LOG.warn("tenants' use is not told or taken for now: {}", e.toString());
        } finally {
            taking.unlock();
        }
    }

    private void take() {
        if (shared.clock.uncertaintyMillis().isEmpty()) {
            return;
        }
        Map<String, Read> news = taken();
        if (news.isEmpty()) {
            return;
        }
        long now = System.nanoTime();
        long fromMillis = shared.clock.nowMillis() - STALE_MILLIS;
        for (PoolWorker pool : pools.get()) {
            String name = pool.pool().name().value();
            ServedElsewhere others = elsewhere.computeIfAbsent(name,
                    any -> new ServedElsewhere(shared.identity.name()));
            List<ServedElsewhere.Served> served = new ArrayList<>();
            List<ServedElsewhere.FleetUse> uses = new ArrayList<>();
            news.forEach((tenant, told) -> {
                ServedElsewhere.FleetUse use = others.told(tenant, parts(told.record, name), served, now);
                if (told.appendedMillis >= fromMillis) {
                    uses.add(use);
                }
            });
            pool.elsewhere(served, uses);
        }
    }

    private Map<String, Read> taken() {
        reading.lock();
        try {
            Map<String, Read> news = read;
            read = new HashMap<>();
            return news;
        } finally {
            reading.unlock();
        }
    }

    private static List<ServedElsewhere.Part> parts(TenantRecord told, String pool) {
        List<ServedElsewhere.Part> parts = new ArrayList<>();
        for (TenantPart part : told.getParts()) {
            if (part.getPool().equals(pool)) {
                Priority.ofLabel(part.getPriority())
                        .ifPresent(priority -> parts.add(new ServedElsewhere.Part(part.getWorker(),
                                new TenantUse(told.getTenant(), priority, part.getSum(), part.getServedTokens(),
                                        part.getCallsInMinute(), part.getTokensInMinute(), part.getCallsNow(),
                                        part.getWaiting()))));
            }
        }
        return parts;
    }

    private void tell() {
        Map<String, List<TenantPart>> tenants = new LinkedHashMap<>();
        for (PoolWorker pool : pools.get()) {
            Map<Priority, Map<String, Long>> diverted = pool.diverted();
            pool.tenantUse().forEach(use -> tenants.computeIfAbsent(use.tenant(), any -> new ArrayList<>())
                    .add(new TenantPart(shared.identity.name(), pool.pool().name().value(), use.priority().label(),
                            use.sum(), use.servedUnits(), use.callsInMinute(), use.unitsInMinute(), use.callsNow(),
                            use.waiting(),
                            diverted.getOrDefault(use.priority(), Map.of()).get(use.tenant()))));
        }
        tenants.forEach((tenant, parts) -> {
            byte[] value = shared.encoder.encode(Topics.TENANT_USE, new TenantRecord(tenant, parts));
            // One that cannot be written is not told again: the next one says more.
            producer.send(new ProducerRecord<>(Topics.TENANT_USE, tenant.getBytes(StandardCharsets.UTF_8), value),
                    (metadata, error) -> {
                    });
        });
    }

    @Override
    public void close() {
        turns.cancel(false);
        follower.close();
    }
}
