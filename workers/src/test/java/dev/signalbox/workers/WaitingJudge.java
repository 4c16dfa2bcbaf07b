package dev.signalbox.workers;

import dev.signalbox.schemas.Headers;
import dev.signalbox.workers.WaitingRequest.Place;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.SteppedIntake;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * What must hold in a {@link WaitingWorld}.
 *
 * <p>A request is late while it may be called and is not, though for more than a second its route has been up with a free
 * permit, the pool has had a free slot, and the requests that are not a closed route's have held no more than half of
 * the lane's room, in records and in bytes: who waits for room that open or slow routes have taken waits for no closed one.
 * That is so wherever it stands, those among them that others stand before, unread, on the retry topic.
 *
 * <p>Whoever is called, for the first time or again, overtakes no older request of its tenant whose turn it is: one that waits in
 * the scheduler, of the same route or of one that has a free permit; or one of the same route that is elsewhere, not parked nor
 * behind one that is, and that might have been called for more than a second, its route being up and the lane no fuller than
 * above. And who was called before overtakes no older one of its tenant and route that is parked, read or not.
 */
final class WaitingJudge {
    private static final long LATE_MILLIS = 1_000;
    /** Pauses end so much later at most than their milliseconds tell. */
    private static final long PAUSE_ROUNDED_MILLIS = 2;

    private final WaitingWorld world;
    final List<String> violations = new ArrayList<>();
    long parked;
    long retried;
    long answered;
    long cancelled;
    long expired;
    long latestMillis;
    /** Most records that stood unread before one on the retry topic that might have been called. */
    long mostUnread;
    /** Calls of requests that had been called before. */
    long retries;
    /** Calls that began while an older one of the tenant and route was parked: first ones. */
    long pastParked;
    /** Most calls that one tenant got on a route while another one, who might have been called there, got none. */
    int mostPassed;
    /** Calls of each tenant on a route since the other one was called there or had nobody to be. */
    private final Map<Passing, Integer> passed = new HashMap<>();
    private long slotSince;
    private long laneSince;

    private record Passing(WaitingRoute route, int tenant, int by) {
    }

    WaitingJudge(WaitingWorld world) {
        this.world = world;
    }

    void violation(String what) {
        world.note(() -> "VIOLATION " + what);
        violations.add(world.nowMillis() + " " + what);
    }

    /** Looks around. */
    void look() {
        long now = world.nowMillis();
        world.plan.routes.forEach(route -> route.observe(now));
        bounds(now);
        slotSince = world.scheduler.status().inFlight() < world.plan.settings.maxInFlight()
                ? Math.min(slotSince, now)
                : Long.MAX_VALUE;
        if (slotSince > now || laneSince > now) {
            return;
        }
        for (WaitingRequest request : world.live) {
            if (request.place == Place.CALL || request.place == Place.PAUSES || request.route.roomSince > now) {
                continue;
            }
            long from = Math.max(Math.max(request.fromMillis, request.route.roomSince), Math.max(slotSince, laneSince));
            long late = now - from;
            if (late > LATE_MILLIS) {
                violation("late by " + late + " ms: " + request + where(request));
                return;
            }
            latestMillis = Math.max(latestMillis, late);
            if (late >= 0) {
                mostUnread = Math.max(mostUnread, unreadBefore(request));
            }
        }
    }

    private static long unreadBefore(WaitingRequest request) {
        WaitingLogs.Log log = request.log;
        ConsumerRecord<byte[], byte[]> record = request.record;
        return log == null || record == null || !log.partition.topic().equals(WaitingWorld.LANE.retryTopic())
                ? 0
                : record.offset() - log.position;
    }

    private String where(WaitingRequest request) {
        ConsumerRecord<byte[], byte[]> record = request.record;
        WaitingLogs.Log log = request.log;
        return record == null || log == null
                ? ""
                : " at " + record.offset() + " of " + log.partition + ", which is read to " + log.position + " of "
                        + log.records.size() + (world.logs.paused().contains(log.partition) ? ", paused" : "") + "; "
                        + world.intake.status();
    }

    private void bounds(long now) {
        int others = 0;
        long othersBytes = 0;
        long bytes = 0;
        for (WaitingRequest request : world.live) {
            WaitingLogs.Log log = request.log;
            if (log != null && request.record != null && request.record.offset() < log.position) {
                bytes += request.sizeBytes;
                boolean takesRoom = request.place != Place.LOG && request.place != Place.MOVING;
                if (takesRoom && (request.route.closedSince > now - LATE_MILLIS || request.place == Place.CALL)) {
                    others++;
                    othersBytes += request.sizeBytes;
                }
            }
        }
        laneSince = others > world.plan.bounds.pauseRecords() / 2 || othersBytes > world.plan.bounds.pauseBytes() / 2
                ? Long.MAX_VALUE
                : Math.min(laneSince, now);
        IntakeStatus status = world.intake.status();
        if (status.pendingRecords() > LaneBounds.records(world.plan.settings)
                || status.pendingBytes() > world.plan.settings.bufferBytes()
                || bytes > world.plan.settings.bufferBytes() || status.postponedRecords() < 0
                || status.postponedRecords() > world.plan.bounds.retryRecords()
                || status.postponedBytes() > world.plan.bounds.retryBytes()) {
            violation("beyond its bounds: " + status + ", " + bytes + " bytes");
        }
    }

    /** A record of it is read. */
    void read(WaitingRequest request, ConsumerRecord<byte[], byte[]> source) {
        int number = (source.value()[0] & 0xff) + 256 * (source.value()[1] & 0xff);
        if (number != (request.number & 0xffff) || !request.id.equals(header(source.headers(), "caller"))
                || SteppedIntake.hop(source) != request.hop
                || SteppedIntake.firstEnqueuedMillis(source) != request.enqueuedMillis) {
            violation("not as it came: " + request + " " + source);
        }
    }

    /** It is published again. */
    void published(WaitingRequest request, ProducerRecord<byte[], byte[]> record) {
        retried++;
        request.hop++;
        if (!header(record.headers(), Headers.HOP).equals(Integer.toString(request.hop))) {
            violation("its hops are not counted: " + request);
        }
    }

    private static String header(org.apache.kafka.common.header.Headers headers, String name) {
        return new String(headers.lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    /** A call of it begins. */
    void calls(WaitingRequest request) {
        long now = world.nowMillis();
        if (request.place != Place.SCHEDULER && request.place != Place.PAUSES) {
            violation("called from nowhere: " + request);
        }
        if (request.cancelled || now >= request.expiresMillis) {
            violation("called though it is cancelled or its time is up: " + request);
        }
        if (now < request.fromMillis) {
            violation("called before its time: " + request);
        }
        boolean passes = false;
        for (WaitingRequest older : world.live) {
            if (older.tenant == request.tenant && older.enqueuedMillis < request.enqueuedMillis && !older.cancelled
                    && older.fromMillis <= now && now < older.expiresMillis) {
                if (isItsTurn(older, request, now)) {
                    violation(request + " overtakes " + older);
                }
                passes |= older.place == Place.LOG && older.parked && older.route.equals(request.route);
            }
        }
        if (world.plan.flooded) {
            passes(request, now);
        }
        retries += request.visits > 0 ? 1 : 0;
        pastParked += passes ? 1 : 0;
    }

    /** Who is unread in the lane itself waits for what is read before him: that is not parking's. */
    private void passes(WaitingRequest request, long now) {
        Set<Integer> waiting = new HashSet<>();
        for (WaitingRequest other : world.live) {
            if (other.route.equals(request.route) && other.tenant != request.tenant && !other.cancelled
                    && other.fromMillis <= now
                    && (other.place == Place.SCHEDULER || (other.place == Place.LOG && other.hop > 0))) {
                waiting.add(other.tenant);
            }
        }
        passed.keySet().removeIf(each -> each.route.equals(request.route)
                && (each.tenant == request.tenant || !waiting.contains(each.tenant)));
        for (int tenant : waiting) {
            mostPassed = Math.max(mostPassed,
                    passed.merge(new Passing(request.route, tenant, request.tenant), 1, Integer::sum));
        }
    }

    /**
     * Whether it is the turn of one that may be called rather than of a younger one of its tenant. Who is parked has left the
     * line until its route has room, which {@link #look} judges: newcomers pass it until then, and others that come back, but no
     * retries do.
     */
    private boolean isItsTurn(WaitingRequest older, WaitingRequest younger, long now) {
        boolean same = older.route.equals(younger.route);
        return switch (older.place) {
            case SCHEDULER -> same || older.route.roomSince <= now;
            case PAUSES -> older.fromMillis + PAUSE_ROUNDED_MILLIS <= now && (same || older.route.roomSince <= now);
            case LOG -> same && (older.parked
                    ? younger.visits > 0
                    : !isBehindParked(older) && now - Math.max(older.fromMillis,
                            Math.max(older.route.upSince, laneSince)) > LATE_MILLIS);
            case CALL, MOVING, ENDED -> false;
        };
    }

    /** Whether it was called before and must let an older one go first that is parked. */
    private boolean isBehindParked(WaitingRequest request) {
        return request.visits > 0 && world.live.stream().anyMatch(older -> older.parked && older.place == Place.LOG
                && older.tenant == request.tenant && older.route.equals(request.route)
                && older.enqueuedMillis < request.enqueuedMillis);
    }

    void ends(WaitingRequest request, String how) {
        if (!request.isLive()) {
            violation("ended twice: " + request);
        }
        switch (how) {
            case "answered" -> answered++;
            case "expired" -> expired++;
            default -> cancelled++;
        }
    }

    void end() {
        world.logs.logs.forEach((partition, log) -> {
            var committed = world.logs.committed.get(partition);
            if (!log.records.isEmpty() && (committed == null || committed.offset() != log.records.size())) {
                violation("not committed to its end: " + partition + " " + committed);
            }
        });
        IntakeStatus status = world.intake.status();
        if (status.pendingRecords() != 0 || status.pendingBytes() != 0) {
            violation("still pending: " + status);
        }
    }
}
