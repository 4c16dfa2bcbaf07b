package dev.signalbox.workers;

import dev.signalbox.schemas.avro.RequestHistory;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.RetryTopic;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Has a request's longer pauses spent on the retry topic, where they take no room that others need and outlast the worker.
 * Shorter ones are not worth a record; longer ones than a hop take several ({@link FurtherHops}).
 */
final class LaterVisits implements RequestFlow.Later {
    static final Duration SHORTEST = Duration.ofSeconds(1);

    private final RetryTopic retries;
    private final Consumer<InboundRequest> done;
    private final Consumer<InboundRequest> again;

    /**
     * @param done told when a request's new record is acknowledged; short
     * @param again given a request whose new record cannot be written; may block
     */
    LaterVisits(RetryTopic retries, Consumer<InboundRequest> done, Consumer<InboundRequest> again) {
        this.retries = retries;
        this.done = done;
        this.again = again;
    }

    @Override
    public boolean takes(InboundRequest request, Duration pause, Supplier<RequestHistory> history) {
        if (!RetryTopic.takes(request) || pause.compareTo(SHORTEST) < 0) {
            return false;
        }
        retries.publish(request,
                new RetryTopic.Later(pause, Optional.empty(), Optional.of(Histories.encode(history.get()))), done,
                failed -> Thread.startVirtualThread(() -> again.accept(failed)));
        return true;
    }
}
