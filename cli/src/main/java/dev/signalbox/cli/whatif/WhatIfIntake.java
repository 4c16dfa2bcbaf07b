package dev.signalbox.cli.whatif;

import dev.signalbox.schemas.Lane;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.scheduler.Diversions;
import dev.signalbox.workers.scheduler.PoolScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A lane of a worker, from its partitions to the scheduler: they are read in turns, a request each, as long as the lane's bounds
 * leave room; of noisy tenants what comes is published to the overflow topic and read from there; what is put off takes no
 * room until it comes back.
 */
final class WhatIfIntake {
    private static final long PUBLISH_NANOS = Duration.ofMillis(10).toNanos();
    private static final long CALM_NANOS = Duration.ofMillis(500).toNanos();
    /** Whose time is nearly up is not moved. */
    private static final long MIN_LEFT_MILLIS = 500;

    private final Lane lane;
    private final VirtualTime time;
    private final LaneBounds bounds;
    private final PoolScheduler scheduler;
    private final Consumer<WhatIfRequest> sink;
    private final DivertedTenants seen;
    private final Diversions model;
    private final PutOff putOff;
    private final Map<Integer, PartitionLog> requests = new HashMap<>();
    private final Map<Integer, PartitionLog> overflows = new HashMap<>();
    /** Both, in the order of their turns. */
    private final List<PartitionLog> logs = new ArrayList<>();
    /** What waits or runs, by number. */
    private final Map<Long, Pending> pending = new HashMap<>();
    private int unread;
    private int turn;
    private int records;
    private long bytes;
    /** Of these, what came from the overflow topic. */
    private int overflowRecords;
    private long overflowBytes;
    private boolean full;
    private boolean overflowFull;
    private boolean reading;

    /** @param entry null: it came back from where it was put off */
    private record Pending(WhatIfRequest request, PartitionLog.@Nullable Entry entry) {
        boolean isOverflow() {
            return entry != null && entry.log().isOverflow();
        }
    }

    /**
     * @param owned partitions of the lane's topics
     * @param routes names of all routes
     * @param sink given what is read and is to wait here
     */
    WhatIfIntake(Lane lane, List<Integer> owned, LaneBounds bounds, PoolScheduler scheduler, List<String> routes,
            Consumer<WhatIfRequest> sink, DivertedTenants seen, VirtualTime time) {
        this.lane = lane;
        this.time = time;
        this.bounds = bounds;
        this.scheduler = scheduler;
        this.sink = sink;
        this.seen = seen;
        this.model = new Diversions(bounds);
        this.putOff = new PutOff(lane.priority(), bounds, scheduler, routes, time);
        for (int partition : owned) {
            logs.add(requests.computeIfAbsent(partition, each -> new PartitionLog(each, false)));
            logs.add(overflows.computeIfAbsent(partition, each -> new PartitionLog(each, true)));
        }
        time.every(CALM_NANOS, CALM_NANOS, this::calm);
    }

    /** A request is in one of its partitions. */
    void arrives(WhatIfRequest request, int partition) {
        append(requests, request, partition);
        read();
    }

    private long append(Map<Integer, PartitionLog> logs, WhatIfRequest request, int partition) {
        PartitionLog log = logs.get(partition);
        if (log == null) {
            throw new IllegalStateException(lane + ": partition " + partition + " is another worker's");
        }
        unread++;
        return log.append(request);
    }

    private void read() {
        if (reading) {
            return;
        }
        reading = true;
        boolean more = true;
        while (more) {
            more = unread > 0 && poll() > 0;
        }
        reading = false;
    }

    /** @return how many were read */
    private int poll() {
        full = bounds.mustPause(roomRecords(), roomBytes(), full);
        overflowFull = bounds.mustPauseOverflow(overflowRecords, overflowBytes, roomRecords(), roomBytes(),
                overflowFull);
        int read = 0;
        for (int idle = 0; idle < logs.size() && read < bounds.maxPollRecords(); idle++) {
            PartitionLog log = logs.get(turn);
            turn = (turn + 1) % logs.size();
            PartitionLog.Entry first = log.first();
            if (first != null && mayTake(first)) {
                unread--;
                take(log.read());
                read++;
                idle = -1;
            }
        }
        return read;
    }

    private boolean mayTake(PartitionLog.Entry entry) {
        if (!entry.log().isOverflow()) {
            return !full;
        }
        overflowFull |= !bounds.mayTakeOverflow(overflowRecords, overflowBytes, roomRecords(), roomBytes(),
                entry.request().request().sizeBytes());
        return !overflowFull;
    }

    /** Records that take the lane's own room. */
    private int roomRecords() {
        return records - Math.min(overflowRecords, bounds.overflowRecords());
    }

    private long roomBytes() {
        return bytes - Math.min(overflowBytes, bounds.overflowBytes());
    }

    private void take(PartitionLog.Entry entry) {
        WhatIfRequest request = entry.request();
        admit(new Pending(request, entry));
        String tenant = request.request().request().getTenant();
        int before = model.size();
        boolean diverted = false;
        if (entry.log().isOverflow()) {
            seen.read(lane, tenant);
            model.cameBack(tenant, entry.log().partition(), entry.offset(), time.millis());
        } else {
            diverted = request.request().expiresAtMillis() - time.millis() >= MIN_LEFT_MILLIS && model.arrived(tenant,
                    () -> scheduler.crowd(lane.priority(), tenant), time.millis());
        }
        if (model.size() > before) {
            seen.begins(lane, tenant, time.nanos());
        }
        if (diverted) {
            time.in(PUBLISH_NANOS, () -> written(request, tenant, entry.log().partition()));
        } else {
            sink.accept(request);
        }
    }

    private void written(WhatIfRequest request, String tenant, int partition) {
        long offset = append(overflows, request, partition);
        model.written(tenant, partition, offset);
        seen.written(lane, tenant);
        ended(request);
    }

    private void admit(Pending each) {
        pending.put(each.request.number(), each);
        count(each, 1);
    }

    private void count(Pending each, int sign) {
        int size = each.request.request().sizeBytes();
        records += sign;
        bytes += (long) sign * size;
        if (each.isOverflow()) {
            overflowRecords += sign;
            overflowBytes += (long) sign * size;
        }
    }

    /** It takes no room here any more. */
    void ended(WhatIfRequest request) {
        leave(request);
        read();
    }

    private void leave(WhatIfRequest request) {
        Pending gone = pending.remove(request.number());
        if (gone == null) {
            throw new IllegalStateException("request " + request.number() + " is not pending");
        }
        count(gone, -1);
        if (gone.entry != null) {
            gone.entry.done();
        }
    }

    /** Between two visits it waits elsewhere. */
    void pauses(WhatIfRequest request, Duration pause) {
        leave(request);
        putOff.until(request, pause);
        read();
    }

    private void calm() {
        if (model.size() > 0) {
            Map<Integer, LongPredicate> done = new HashMap<>();
            overflows.forEach((partition, log) -> done.put(partition, log::isDone));
            model.done(done, time.millis()).forEach(each -> seen.ends(lane, each.tenant(), time.nanos()));
        }
    }

    /** Looks what is to wait elsewhere, and what may come back from there. To be asked each 100 ms. */
    void look() {
        if (bounds.isCrowded(roomRecords(), roomBytes()) || overflowFull) {
            boolean ofOverflow = !bounds.isCrowded(roomRecords(), roomBytes());
            for (long number : putOff.parked(ofOverflow)) {
                Pending parked = pending.get(number);
                if (parked != null) {
                    leave(parked.request);
                    putOff.park(parked.request);
                }
            }
        }
        putOff.comeBack(this::comesBack);
        read();
    }

    /** @return whether there was room for it */
    private boolean comesBack(WhatIfRequest request) {
        boolean may = bounds.mayResume(roomRecords(), roomBytes(), request.request().sizeBytes());
        if (may) {
            admit(new Pending(request, null));
            sink.accept(request);
        }
        return may;
    }

    /** Requests of the lane that the scheduler does not know of. */
    int waitingOutside() {
        return unread + putOff.size();
    }
}
