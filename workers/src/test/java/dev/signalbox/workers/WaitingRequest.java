package dev.signalbox.workers;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** A request as the simulation itself knows it, whatever its records say. */
final class WaitingRequest {
    /** Where it is. */
    enum Place {
        /** In a log, or put off by the intake. */
        LOG,
        /** With the scheduler. */
        SCHEDULER,
        /** With the scheduler until its pause is over. */
        PAUSES,
        /** A call runs. */
        CALL,
        /** Its next record is on its way. */
        MOVING,
        /** It is answered. */
        ENDED
    }

    final String id;
    final int number;
    final WaitingRoute route;
    final int tenant;
    final int sizeBytes;
    final long enqueuedMillis;
    final long expiresMillis;
    Place place = Place.LOG;
    /** Its newest record. */
    @Nullable
    ConsumerRecord<byte[], byte[]> record;
    WaitingLogs.@Nullable Log log;
    /** When it may be called. */
    long fromMillis;
    boolean parked;
    boolean cancelled;
    int hop;
    int visits;

    WaitingRequest(int number, WaitingRoute route, int tenant, int sizeBytes, long nowMillis, long timeToLiveMillis) {
        this.id = "q" + number;
        this.number = number;
        this.route = route;
        this.tenant = tenant;
        this.sizeBytes = sizeBytes;
        this.enqueuedMillis = nowMillis;
        this.expiresMillis = nowMillis + timeToLiveMillis;
        this.fromMillis = nowMillis;
    }

    boolean isLive() {
        return place != Place.ENDED;
    }

    @Override
    public String toString() {
        return id + " of " + route.name + "/t" + tenant + " " + place + " hop " + hop + " from " + fromMillis;
    }
}
