package dev.signalbox.config.backlog;

import dev.signalbox.config.live.ClockSkew;
import dev.signalbox.schemas.Lane;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what waits in Kafka itself: the ends of a lane's request, overflow and retry topics, what its group has committed, and
 * the first records behind that. So it holds whether workers run or not, and nothing is counted twice or left out while
 * partitions move. For one thread.
 */
public final class BacklogReader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BacklogReader.class);
    private static final long SKEW_MILLIS = Duration.ofMinutes(1).toMillis();

    private final Admin admin;
    private final DoneAhead doneAhead;
    private final BeginningReader beginnings;
    private long aheadMillis;
    private long nextSkewMillis;

    /**
     * @param admin belongs to the caller
     * @param client for a consumer of its own
     * @param routes which route serves a record
     */
    public BacklogReader(Admin admin, Map<String, Object> client, DoneAhead doneAhead, RouteOfRecord routes) {
        this.admin = admin;
        this.doneAhead = doneAhead;
        this.beginnings = new BeginningReader(client, routes);
    }

    /**
     * What waits now in these lanes; one without topics has nothing.
     *
     * @throws KafkaException if Kafka cannot be asked
     */
    public Backlog read(Collection<Lane> lanes) {
        long now = nowMillis();
        Set<TopicPartition> partitions = partitions(lanes);
        Map<TopicPartition, Long> begins = offsets(partitions, OffsetSpec.earliest());
        // Before the ends: what is committed meanwhile lies below them.
        Map<TopicPartition, OffsetAndMetadata> committed = committed(lanes);
        Map<TopicPartition, Long> ends = offsets(partitions, OffsetSpec.latest());
        Map<TopicPartition, BeginningReader.Stretch> waiting = new LinkedHashMap<>();
        for (TopicPartition partition : partitions) {
            BeginningReader.Stretch stretch = stretch(begins.getOrDefault(partition, 0L), committed.get(partition),
                    ends.getOrDefault(partition, 0L));
            if (stretch.requests() > 0) {
                waiting.put(partition, stretch);
            }
        }
        Map<TopicPartition, Waiting.Beginning> known = beginnings.read(waiting);
        Map<Lane, Waiting> sums = new LinkedHashMap<>();
        lanes.forEach(lane -> sums.put(lane, new Waiting(lane)));
        waiting.forEach((partition, stretch) -> Lane.ofTopic(partition.topic()).map(sums::get).ifPresent(
                sum -> sum.add(stretch.requests(), known.getOrDefault(partition, Waiting.Beginning.NOTHING))));
        return new Backlog(sums.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().sum())), now);
    }

    private BeginningReader.Stretch stretch(long begin, @Nullable OffsetAndMetadata committed,
            long end) {
        if (committed == null || committed.offset() < begin) {
            return new BeginningReader.Stretch(begin, end, end - begin, DoneAhead.Done.NOTHING);
        }
        DoneAhead.Done done = doneAhead.of(committed.offset(), committed.metadata());
        return new BeginningReader.Stretch(committed.offset(), end, end - committed.offset() - done.count(), done);
    }

    private Set<TopicPartition> partitions(Collection<Lane> lanes) {
        Set<String> there = get(admin.listTopics().names());
        List<String> topics = lanes.stream()
                .flatMap(lane -> Stream.of(lane.requestTopic(), lane.overflowTopic(), lane.retryTopic()))
                .filter(there::contains).toList();
        return get(admin.describeTopics(topics).allTopicNames()).values().stream()
                .flatMap(topic -> topic.partitions().stream()
                        .map(info -> new TopicPartition(topic.name(), info.partition())))
                .collect(Collectors.toUnmodifiableSet());
    }

    private Map<TopicPartition, Long> offsets(Set<TopicPartition> partitions, OffsetSpec which) {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        Map<TopicPartition, ListOffsetsResultInfo> found = get(admin
                .listOffsets(partitions.stream().collect(Collectors.toMap(partition -> partition, any -> which)))
                .all());
        found.forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    private Map<TopicPartition, OffsetAndMetadata> committed(Collection<Lane> lanes) {
        Map<TopicPartition, OffsetAndMetadata> all = new HashMap<>();
        get(admin.listConsumerGroupOffsets(lanes.stream().collect(
                Collectors.toMap(Lane::consumerGroup, lane -> new ListConsumerGroupOffsetsSpec()))).all())
                .values().forEach(ofGroup -> ofGroup.forEach((partition, offset) -> {
                    if (offset != null) {
                        all.put(partition, offset);
                    }
                }));
        return all;
    }

    /** The broker's clock, as this machine's and what is known of the difference tell it. */
    private long nowMillis() {
        long here = System.currentTimeMillis();
        if (here >= nextSkewMillis) {
            nextSkewMillis = here + SKEW_MILLIS;
            try {
                aheadMillis = ClockSkew.ofController(admin).map(ClockSkew::aheadMillis).orElse(0L);
            } catch (KafkaException e) {
                LOG.info("ages are told by this machine's clock, since Kafka's controller does not tell its own: {}",
                        e.toString());
            }
        }
        return System.currentTimeMillis() - aheadMillis;
    }

    private static <T> T get(KafkaFuture<T> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException cause ? cause : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    @Override
    public void close() {
        beginnings.close();
    }
}
