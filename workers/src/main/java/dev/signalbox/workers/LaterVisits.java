package dev.signalbox.workers;

import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.workers.intake.FleetClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.IntakeStatus;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.ParkedLines;
import dev.signalbox.workers.reply.RetryTopic;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * Has a request's longer pauses spent on the retry topic, where they take no room that others need and outlast the worker.
 * Shorter ones are not worth a record; longer ones than a hop take several ({@link FurtherHops}). One that would stand behind
 * a crowd on the retry topic is spent here while there is plenty of room.
 */
final class LaterVisits implements RequestFlow.Later {
    static final Duration SHORTEST = Duration.ofSeconds(1);
    /** What of the lane's room may be taken when a pause is spent here because the retry topic is crowded. */
    private static final int HERE_PART = 8;

    private final RetryTopic retries;
    private final Consumer<InboundRequest> done;
    private final Consumer<InboundRequest> again;
    private final Supplier<IntakeStatus> intake;
    private final LaneBounds bounds;
    private final LongConsumer expect;
    private final FleetClock clock;

    /**
     * @param done told when a request's new record is acknowledged; short
     * @param again given a request whose new record cannot be written; may block
     * @param expect told from when on one that was published may be served, ms on the broker's clock
     */
    LaterVisits(RetryTopic retries, Consumer<InboundRequest> done, Consumer<InboundRequest> again,
            Supplier<IntakeStatus> intake, LaneBounds bounds, LongConsumer expect, FleetClock clock) {
        this.retries = retries;
        this.done = done;
        this.again = again;
        this.intake = intake;
        this.bounds = bounds;
        this.expect = expect;
        this.clock = clock;
    }

    @Override
    public boolean takes(InboundRequest request, String route, Duration pause, Supplier<RequestHistory> history) {
        if (!RetryTopic.takes(request)) {
            return false;
        }
        boolean isItsTurn = !pause.isZero() || !standsBack(request, route);
        if (isItsTurn && isBetterHere(pause)) {
            return false;
        }
        String line = ParkedLines.line(route, request.request().getTenant());
        retries.publish(request,
                new RetryTopic.Later(pause, Optional.empty(), Optional.of(line),
                        Optional.of(Histories.encode(history.get()))),
                done.andThen(any -> expect.accept(clock.nowMillis() + pause.toMillis())),
                failed -> Thread.startVirtualThread(() -> again.accept(failed)));
        return true;
    }

    @Override
    public boolean standsBack(InboundRequest request, String route) {
        return RetryTopic.takes(request) && retries.lines()
                .isBehind(ParkedLines.line(route, request.request().getTenant()), request.firstEnqueuedMillis());
    }

    /** A short one is, and any other where it would stand behind a crowd while there is plenty of room. */
    private boolean isBetterHere(Duration pause) {
        return pause.compareTo(SHORTEST) < 0 || (intake.get().crowdedByRetries() && hasRoomHere());
    }

    private boolean hasRoomHere() {
        IntakeStatus now = intake.get();
        return now.roomRecords() < bounds.pauseRecords() / HERE_PART
                && now.roomBytes() < bounds.pauseBytes() / HERE_PART;
    }
}
