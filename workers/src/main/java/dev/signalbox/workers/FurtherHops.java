package dev.signalbox.workers;

import dev.signalbox.workers.intake.FleetClock;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.reply.RetryTopic;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/**
 * Sends requests on whose pause is longer than one hop of the retry topic: at a hop's end the next one begins, and only from
 * the last one they go on to be served. So no record is put off for longer than a hop by one worker, and what has just
 * become due is never behind what is not for long. A request that was cancelled, or whose time is up, goes on at once.
 */
final class FurtherHops implements RequestSink {
    private final RequestSink next;
    private final RetryTopic retries;
    private final Consumer<InboundRequest> done;
    private final Predicate<String> cancelled;
    private final LongConsumer expect;
    private final FleetClock clock;

    /**
     * @param next where requests go whose pause is over
     * @param done told when a request's new record is acknowledged; short
     * @param cancelled whether the request with an id is
     * @param expect told from when on one that was published may be served, ms on the broker's clock
     */
    FurtherHops(RequestSink next, RetryTopic retries, Consumer<InboundRequest> done, Predicate<String> cancelled,
            LongConsumer expect, FleetClock clock) {
        this.next = next;
        this.retries = retries;
        this.done = done;
        this.cancelled = cancelled;
        this.expect = expect;
        this.clock = clock;
    }

    @Override
    public void offer(InboundRequest request) {
        Duration left = request.pauseLeft();
        if (left.isZero() || clock.nowMillis() >= request.expiresAtMillis() || cancelled.test(request.id())) {
            next.offer(request);
        } else {
            retries.publish(request, new RetryTopic.Later(left, Optional.empty(), Optional.empty(), Optional.empty()),
                    done.andThen(any -> expect.accept(clock.nowMillis() + left.toMillis())),
                    failed -> Thread.startVirtualThread(() -> next.offer(failed)));
        }
    }

    @Override
    public void forget(TopicPartition partition, int epoch) {
        next.forget(partition, epoch);
    }
}
