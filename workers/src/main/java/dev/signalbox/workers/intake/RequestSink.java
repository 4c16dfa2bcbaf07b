package dev.signalbox.workers.intake;

import org.apache.kafka.common.TopicPartition;

/** Where the intake's requests go next. */
public interface RequestSink {

    /**
     * Takes a request over; its ticket is completed once its reply is acknowledged. Called on a decoding thread (virtual)
     * and may wait for room. A request of a (partition, epoch) that was already forgotten is dropped.
     */
    void offer(InboundRequest request);

    /**
     * The partition has moved: requests of this or an earlier epoch that still wait are dropped, running ones go on. Called
     * on the poll thread inside a rebalance, so it must return at once.
     */
    void forget(TopicPartition partition, int epoch);
}
