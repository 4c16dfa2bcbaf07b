package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Properties of a lane's consumer: what the user's client properties say, and over it what the ledger rests on. */
public final class LaneConsumerProperties {
    private static final String BETWEEN = ".intake.";

    private LaneConsumerProperties() {
    }

    /**
     * @param client the user's, such as {@code bootstrap.servers} and TLS; may set {@code session.timeout.ms},
     *        {@code max.poll.interval.ms} and the like
     * @param worker name of the worker, by which operators find it among the group's members
     * @param handover the lane's, which its {@link LaneConsumer} is given too
     * @throws IllegalArgumentException if they make the member static: a static member's partitions stay with it while it is
     *         away, and come back to its next incarnation under the same generation, so epochs would repeat
     */
    public static Map<String, Object> of(Lane lane, String worker, Map<String, ?> client, LaneBounds bounds,
            Handover handover) {
        if (client.containsKey(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG)) {
            throw new IllegalArgumentException("group.instance.id must not be set: workers are dynamic members of "
                    + lane.consumerGroup() + ", since a static one would take its partitions back under an old epoch");
        }
        Map<String, Object> all = new HashMap<>();
        all.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 10_000);
        all.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 1_000);
        // With the classic protocol it is also how long a rebalance waits for a member; the poll thread never blocks long.
        all.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, 60_000);
        // New topics of the lane, such as its overflow, are found within this time.
        all.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 30_000);
        all.putAll(client);
        all.put(ConsumerConfig.CLIENT_ID_CONFIG, clientId(worker, lane));
        all.put(ConsumerConfig.GROUP_ID_CONFIG, lane.consumerGroup());
        all.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
        all.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, HandoverAssignor.class.getName());
        all.put(HandoverAssignor.HANDOVER, handover);
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        // Out of range is an event to count and report, not to pass over.
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        // A request in a transaction that was aborted was never acknowledged.
        all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        all.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, bounds.maxPollRecords());
        all.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, bounds.fetchBytes());
        all.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, bounds.partitionFetchBytes());
        all.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        all.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return all;
    }

    /** The same for a client that asks what the group has committed, and is no member of it. */
    public static Map<String, Object> ofAsker(Map<String, Object> ofLane) {
        Map<String, Object> all = new HashMap<>(ofLane);
        all.remove(HandoverAssignor.HANDOVER);
        all.remove(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG);
        all.compute(ConsumerConfig.CLIENT_ID_CONFIG, (key, id) -> id + "-asks");
        return all;
    }

    private static String clientId(String worker, Lane lane) {
        return worker + BETWEEN + lane;
    }

    /** The worker that such a client id is of; the whole of another one. */
    public static String worker(String clientId) {
        int end = clientId.lastIndexOf(BETWEEN);
        return end < 0 ? clientId : clientId.substring(0, end);
    }

    /** For how long after its last heartbeat a consumer with these properties surely owns its partitions: a session less an interval. */
    public static Duration ownsFor(Map<String, Object> properties) {
        return millis(properties, ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG)
                .minus(millis(properties, ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG));
    }

    private static Duration millis(Map<String, Object> properties, String key) {
        return Duration.ofMillis(Long.parseLong(String.valueOf(properties.get(key))));
    }
}
