package dev.signalbox.system.capacity;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.TenantLease;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.system.capacity.TenantFleet.Bug;
import dev.signalbox.system.capacity.TenantFleet.Granted;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.capacity.TenantLeases;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.scheduler.Dispatch;
import dev.signalbox.workers.scheduler.PoolRules;
import dev.signalbox.workers.scheduler.PoolScheduler;
import dev.signalbox.workers.scheduler.RequestTask;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** A worker as far as one tenant goes: its scheduler, its lease, and calls that take as long as they are told. */
final class TenantWorker {
    private static final long LOOK_MILLIS = 100;
    private static final int SLOTS = 20;
    private static final long DAY_MILLIS = 86_400_000;

    final String name;
    private final TenantFleet fleet;
    /** Its monotonic clock is that much off. */
    private final long offMillis;
    private final PoolScheduler scheduler;
    private final TenantLeases leases = new TenantLeases();
    private final Lane lane = new Lane(TenantFleet.LEASE.pool(), Priority.STANDARD);
    private Map<PoolName, TenantLeases.OfPool> counted = Map.of();
    private boolean alive = true;
    private long offset;
    private long alarmNanos = Long.MAX_VALUE;
    int running;
    /** Of them, those that began by this worker's part of the limit. */
    int begunByPart;
    int waiting;
    private long lastBegunMillis;
    /** The longest that requests waited and none of them began, ms. */
    long longestMillis;

    private record Call(InboundRequest request, long lengthMillis) implements RequestTask {
        @Override
        public String route() {
            return "any";
        }

        @Override
        public Set<DeploymentName> deployments() {
            return Set.of();
        }

        @Override
        public Readiness ask() {
            return Readiness.READY;
        }

        @Override
        public Step run() {
            throw new UnsupportedOperationException("the simulation does what a thread would");
        }
    }

    TenantWorker(String name, TenantFleet fleet, long offMillis) {
        this.name = name;
        this.fleet = fleet;
        this.offMillis = offMillis;
        this.scheduler = new PoolScheduler(Map.of(Priority.STANDARD, new PriorityShare(1, 0)), SLOTS, 1_000_000,
                new PoolRules(this::plan, Set::of, this::leased));
        fleet.in(fleet.random.nextLong(LOOK_MILLIS), this::look);
    }

    private Tenant plan(String tenant) {
        return new Tenant(tenant, 1,
                new Tenant.Limits(OptionalInt.of(fleet.limit), OptionalInt.empty(), OptionalInt.empty()),
                Residency.ANYWHERE);
    }

    private OptionalLong leased(String tenant, long nowNanos) {
        OptionalLong leased = leases.atOnce(new TenantLease(TenantFleet.LEASE.pool(), tenant), nowNanos);
        return fleet.bug == Bug.PART_WITHOUT_LEASE && leased.orElse(0) == 0 ? OptionalLong.of(1) : leased;
    }

    private long nanos() {
        return (fleet.now() + offMillis) * 1_000_000;
    }

    private double part() {
        return 1.0 / Math.max(1, fleet.workers.size());
    }

    /** Whether it goes by its part of the limit now. */
    boolean byPart() {
        return leases.atOnce(TenantFleet.LEASE, nanos()).isEmpty();
    }

    void dies() {
        alive = false;
        running = 0;
        begunByPart = 0;
    }

    /** How long its requests wait is judged from now on. */
    void judgedFromNow() {
        longestMillis = 0;
        lastBegunMillis = fleet.now();
    }

    private void look() {
        if (!alive) {
            return;
        }
        scheduler.share(part());
        var going = leases.going(nanos());
        var now = Map.of(TenantFleet.LEASE.pool(),
                new TenantLeases.OfPool(part(), scheduler.tenantCalls(nanos())));
        var told = fleet.bug == Bug.COUNTED_TOO_EARLY ? counted : now;
        counted = now;
        leases.look(going, told, nanos()).forEach(said -> fleet.demand(name, said));
        dispatch();
        fleet.in(LOOK_MILLIS, this::look);
    }

    void granted(Granted granted) {
        if (!alive) {
            return;
        }
        Map<String, Amounts> mayUse = new HashMap<>();
        granted.grant().pools().forEach((pool, has) -> mayUse.put(pool, has.mayUse()));
        Lease lease = new Lease(granted.term(), granted.grant().no(), granted.grant().demandSeq(),
                granted.grant().keeps(), TenantFleet.RULES.ttl(), Duration.ofMillis(granted.drainMillis()), mayUse);
        if (!granted.grant().worker().equals(name)) {
            leases.grantedElsewhere(TenantFleet.LEASE, lease, nanos());
        } else if (leases.granted(TenantFleet.LEASE, lease, nanos())) {
            scheduler.leased(TenantFleet.LEASE.tenant());
            dispatch();
        }
    }

    void arrives(long lengthMillis) {
        long at = offset++;
        LlmRequest request = LlmRequest.newBuilder().setId(name + "-" + at).setModel("m")
                .setTenant(TenantFleet.LEASE.tenant()).setBody(ByteBuffer.allocate(0)).build();
        InboundRequest inbound = new InboundRequest(lane,
                new Ticket(new TopicPartition(lane.requestTopic(), 0), 1, at), request, "hash", 0, fleet.now(),
                fleet.now() + DAY_MILLIS, new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens",
                        ReplyAddress.Form.AVRO, List.of(), List.of()),
                100);
        if (waiting++ == 0) {
            lastBegunMillis = fleet.now();
        }
        scheduler.offer(new Call(inbound, lengthMillis), 1);
        dispatch();
    }

    private void dispatch() {
        for (Optional<Dispatch> next = next(); next.isPresent(); next = next()) {
            begins(next.get());
        }
        longestMillis = Math.max(longestMillis, waiting == 0 ? 0 : fleet.now() - lastBegunMillis);
        scheduler.dueNanos(fleet.now(), nanos()).ifPresent(due -> {
            if (due < alarmNanos) {
                alarmNanos = Math.max(due, nanos() + 1_000_000);
                long mine = alarmNanos;
                fleet.in((mine - nanos()) / 1_000_000, () -> {
                    if (alive && alarmNanos == mine) {
                        alarmNanos = Long.MAX_VALUE;
                        dispatch();
                    }
                });
            }
        });
    }

    private Optional<Dispatch> next() {
        return scheduler.next(RequestTask::ask, fleet.now(), nanos());
    }

    private void begins(Dispatch dispatch) {
        boolean byPart = byPart();
        waiting--;
        running++;
        begunByPart += byPart ? 1 : 0;
        longestMillis = Math.max(longestMillis, fleet.now() - lastBegunMillis);
        lastBegunMillis = fleet.now();
        fleet.began();
        fleet.in(((Call) dispatch.task()).lengthMillis(), () -> {
            if (alive) {
                running--;
                begunByPart -= byPart ? 1 : 0;
                scheduler.finished(dispatch, 1, nanos());
                dispatch();
            }
        });
    }
}
