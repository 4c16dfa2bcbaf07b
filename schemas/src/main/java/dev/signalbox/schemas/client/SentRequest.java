package dev.signalbox.schemas.client;

/**
 * A request that Kafka has acknowledged.
 *
 * @param requestHash {@link dev.signalbox.schemas.RequestHash} of its value: the one that its terminal reply carries
 * @param timestampMillis its append time on the broker's clock, where the topic is of LogAppendTime
 */
public record SentRequest(String requestId, String requestHash, String topic, int partition, long offset,
        long timestampMillis) {
}
