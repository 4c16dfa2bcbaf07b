package dev.signalbox.workers.scheduler;

import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.Gates.Way;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What time alone brings to those that wait: gates open, pauses and patience end, tenants fall below their limits, and requests expire
 * though they cannot go, because their way is shut, their tenant at a limit or no slot free, so that nobody would ask them in time. (The
 * others that expire are asked in their turn.)
 */
final class TimeWatch {
    private static final long SOONEST_MILLIS = 1;
    private static final long LATEST_MILLIS = 1_000;

    private final List<PriorityLane> lanes;
    private final RoomGates gates;
    /** No request that cannot go expires before, ms. */
    private long firstExpiryMillis = Long.MAX_VALUE;
    private boolean full;

    TimeWatch(List<PriorityLane> lanes, RoomGates gates) {
        this.lanes = lanes;
        this.gates = gates;
    }

    /** Lets go whose time has come. */
    void advance(long nowNanos) {
        gates.openDue(nowNanos);
        for (PriorityLane lane : lanes) {
            lane.tenants.releaseDue(nowNanos);
            for (Waiting resumed = lane.tenants.resumed(nowNanos); resumed != null; resumed = lane.tenants
                    .resumed(nowNanos)) {
                Way way = lane.gates.way(resumed.task().deployments());
                lane.tenants.enqueue(resumed, way);
                waits(resumed.request(), way);
            }
            for (Waiting over = lane.tenants.patience.over(nowNanos); over != null; over = lane.tenants.patience
                    .over(nowNanos)) {
                Way way = lane.gates.way(over.task().deployments());
                lane.tenants.move(over, way);
                over.route().waitsOn(way);
                waits(over.request(), way);
            }
        }
    }

    /** Whether every slot is taken: nobody that needs one can go. */
    void full(boolean now) {
        if (now && !full) {
            halted();
        }
        full = now;
    }

    /** It begins to wait on a way. */
    void waits(InboundRequest request, Way way) {
        if (full || !way.isOpen() || anyHeld()) {
            firstExpiryMillis = Math.min(firstExpiryMillis, request.expiresAtMillis());
        }
    }

    /** Requests that could go cannot any more. */
    void halted() {
        firstExpiryMillis = Long.MIN_VALUE;
    }

    /** Of those that cannot go, the one whose time has been up for longest; null if there is none. */
    @Nullable
    Waiting expired(long nowMillis) {
        if ((!full && !gates.anyShut() && !anyHeld()) || nowMillis < firstExpiryMillis) {
            return null;
        }
        Waiting next = null;
        for (PriorityLane lane : lanes) {
            Waiting first = lane.tenants.nextExpiring(full);
            next = next == null || (first != null && Waiting.BY_DEADLINE.compare(first, next) < 0) ? first : next;
        }
        firstExpiryMillis = next == null ? Long.MAX_VALUE : next.request().expiresAtMillis();
        return nowMillis < firstExpiryMillis ? null : next;
    }

    /** When to look again, monotonic ns; empty while nothing waits for a time. */
    OptionalLong dueNanos(long nowMillis, long nowNanos) {
        if (full) {
            return firstExpiryMillis == Long.MAX_VALUE
                    ? OptionalLong.empty()
                    : OptionalLong.of(nowNanos
                            + Math.clamp(firstExpiryMillis - nowMillis, SOONEST_MILLIS, LATEST_MILLIS) * 1_000_000L);
        }
        long in = gates.dueInNanos(nowNanos);
        for (PriorityLane lane : lanes) {
            in = earlier(in, lane.tenants.nextReleasedNanos(), nowNanos);
            in = earlier(in, lane.tenants.patience.nextNanos(), nowNanos);
        }
        if (in != Long.MAX_VALUE && firstExpiryMillis != Long.MAX_VALUE) {
            in = Math.min(in, Math.clamp(firstExpiryMillis - nowMillis, SOONEST_MILLIS, LATEST_MILLIS) * 1_000_000L);
        }
        for (PriorityLane lane : lanes) {
            in = earlier(in, lane.tenants.nextResumedNanos(), nowNanos);
        }
        return in == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(nowNanos + Math.max(0, in));
    }

    private static long earlier(long in, OptionalLong atNanos, long nowNanos) {
        return atNanos.isEmpty() ? in : Math.min(in, atNanos.getAsLong() - nowNanos);
    }

    private boolean anyHeld() {
        for (PriorityLane lane : lanes) {
            if (lane.tenants.anyHeld()) {
                return true;
            }
        }
        return false;
    }
}
