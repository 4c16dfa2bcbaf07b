package dev.signalbox.schemas.client;

import dev.signalbox.schemas.serde.ValueForm;
import java.time.Duration;

/**
 * How a {@link RequestProducer} sends.
 *
 * @param form of the values; a JSON request is answered in JSON unless it asks otherwise
 * @param shardPartitions partitions that one tenant's requests are spread over; more than the topic has means all
 * @param topicTimeout how long the check that a topic exists may take
 */
public record RequestProducerOptions(ValueForm form, int shardPartitions, Duration topicTimeout) {
    /** Avro, 4 partitions a tenant, 30 s. */
    public static final RequestProducerOptions DEFAULT = new RequestProducerOptions(ValueForm.AVRO, 4,
            Duration.ofSeconds(30));

    public RequestProducerOptions {
        if (shardPartitions < 1) {
            throw new IllegalArgumentException("shardPartitions must be at least 1, is " + shardPartitions);
        }
        if (topicTimeout.isNegative() || topicTimeout.isZero()) {
            throw new IllegalArgumentException("topicTimeout must be positive, is " + topicTimeout);
        }
    }

    public RequestProducerOptions withForm(ValueForm newForm) {
        return new RequestProducerOptions(newForm, shardPartitions, topicTimeout);
    }

    public RequestProducerOptions withShardPartitions(int newShardPartitions) {
        return new RequestProducerOptions(form, newShardPartitions, topicTimeout);
    }
}
