package dev.signalbox.cli.whatif;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.TenantPart;
import dev.signalbox.schemas.avro.TenantRecord;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.ServedElsewhere;
import dev.signalbox.workers.scheduler.TenantUse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What a worker tells each second of what it served its tenants, and takes each 200 ms of what the others did. */
final class TenantTalk {
    private static final long TAKE_NANOS = Duration.ofMillis(200).toNanos();
    private static final int TAKES_TO_TELL = 5;

    private final String worker;
    private final VirtualTime time;
    private final TenantSums sums;
    private final Map<PoolName, PoolScheduler> pools;
    private final Consumer<PoolName> changed;
    private final Map<PoolName, ServedElsewhere> elsewhere = new HashMap<>();
    /** The last of each tenant. */
    private Map<String, TenantRecord> heard = new LinkedHashMap<>();
    private int turn;

    /**
     * @param pools those that it serves; may be filled later
     * @param changed told where more may go now
     * @param afterNanos when its first turn is
     */
    TenantTalk(String worker, VirtualTime time, TenantSums sums, Map<PoolName, PoolScheduler> pools,
            Consumer<PoolName> changed, long afterNanos) {
        this.worker = worker;
        this.time = time;
        this.sums = sums;
        this.pools = pools;
        this.changed = changed;
        time.every(afterNanos, TAKE_NANOS, this::turn);
    }

    void heard(List<TenantRecord> records) {
        records.forEach(record -> heard.put(record.getTenant(), record));
    }

    private void turn() {
        if (!heard.isEmpty()) {
            Map<String, TenantRecord> news = heard;
            heard = new LinkedHashMap<>();
            pools.forEach((pool, scheduler) -> take(pool, scheduler, news));
        }
        if (++turn % TAKES_TO_TELL == 0) {
            tell();
        }
    }

    private void take(PoolName pool, PoolScheduler scheduler, Map<String, TenantRecord> news) {
        ServedElsewhere others = elsewhere.computeIfAbsent(pool, any -> new ServedElsewhere(worker));
        List<ServedElsewhere.Served> served = new ArrayList<>();
        List<ServedElsewhere.FleetUse> uses = new ArrayList<>();
        news.forEach((tenant, record) -> uses.add(others.told(tenant, parts(record, pool), served, time.nanos())));
        scheduler.elsewhere(served, uses, time.nanos());
        changed.accept(pool);
    }

    private static List<ServedElsewhere.Part> parts(TenantRecord record, PoolName pool) {
        return record.getParts().stream().filter(part -> part.getPool().equals(pool.value()))
                .map(part -> new ServedElsewhere.Part(part.getWorker(), new TenantUse(record.getTenant(),
                        Priority.ofLabel(part.getPriority()).orElseThrow(), part.getSum(), part.getServedTokens(),
                        part.getCallsInMinute(), part.getTokensInMinute(), part.getCallsNow(), part.getWaiting())))
                .toList();
    }

    private void tell() {
        Map<String, List<TenantPart>> tenants = new LinkedHashMap<>();
        pools.forEach((pool, scheduler) -> scheduler.tenantUse(time.nanos())
                .forEach(use -> tenants.computeIfAbsent(use.tenant(), any -> new ArrayList<>())
                        .add(new TenantPart(worker, pool.value(), use.priority().label(), use.sum(),
                                use.servedUnits(), use.callsInMinute(), use.unitsInMinute(), use.callsNow(),
                                use.waiting(), null))));
        List<TenantRecord> records = new ArrayList<>();
        tenants.forEach((tenant, parts) -> records.add(new TenantRecord(tenant, parts)));
        sums.told(records);
    }
}
