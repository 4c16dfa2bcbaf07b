package dev.signalbox.system.simulation;

import dev.signalbox.schemas.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/** Kafka as far as a worker and its callers meet it: partitions, one consumer group, clients. */
final class SimulatedBroker {
    final Simulation simulation;
    final Watch watch;
    final SimulatedGroup group;
    final List<SimulatedConsumer> consumers = new ArrayList<>();
    final List<SimulatedProducer> producers = new ArrayList<>();
    private final Map<TopicPartition, SimulatedLog> logs = new TreeMap<>(SimulatedGroup.BY_NAME);
    private final Map<String, Integer> partitions = new TreeMap<>();

    /** What becomes of a commit. */
    enum Fate {
        DONE,
        LOST,
        ANSWER_LOST
    }

    /** Sees what goes through the broker, and says what goes wrong. */
    interface Watch {
        void delivered(SimulatedProcess to, TopicPartition partition, SimulatedLog.Entry entry);

        void sent(SimulatedProcess by, ProducerRecord<byte[], byte[]> record);

        void appended(TopicPartition partition, SimulatedLog.Entry entry);

        void acknowledged(SimulatedProcess to, ProducerRecord<byte[], byte[]> record);

        void committed(SimulatedProcess by, TopicPartition partition, OffsetAndMetadata offset);

        void rebalanced(SimulatedProcess process);

        Fate fateOfCommit(SimulatedProcess process);

        /** The offset from which on the log has just been cut off below this position; -1: it is whole. */
        long truncates(SimulatedProcess owner, TopicPartition partition, long position);
    }

    SimulatedBroker(Simulation simulation, List<String> requestTopics, int requestPartitions, Watch watch) {
        this.simulation = simulation;
        this.watch = watch;
        List<TopicPartition> requests = new ArrayList<>();
        for (String topic : requestTopics) {
            for (int i = 0; i < requestPartitions; i++) {
                requests.add(new TopicPartition(topic, i));
            }
            topic(topic, requestPartitions);
        }
        topic(Topics.REPLIES, 2);
        topic(Topics.TOKENS, 2);
        topic(Topics.ATTEMPTS, 1);
        topic(Topics.STATUS, 1);
        topic(Topics.CAPACITY_DEMAND, 1);
        topic(Topics.DEAD_LETTERS, 1);
        this.group = new SimulatedGroup(simulation, requests, watch::committed);
    }

    private void topic(String name, int count) {
        partitions.put(name, count);
        for (int i = 0; i < count; i++) {
            TopicPartition partition = new TopicPartition(name, i);
            logs.put(partition, new SimulatedLog(partition));
        }
    }

    SimulatedLog log(TopicPartition partition) {
        SimulatedLog log = logs.get(partition);
        if (log == null) {
            throw new IllegalStateException("no partition " + partition);
        }
        return log;
    }

    List<SimulatedLog> logs(String topic) {
        return logs.values().stream().filter(log -> log.partition.topic().equals(topic)).toList();
    }

    TopicPartition partition(ProducerRecord<byte[], byte[]> record) {
        if (record.partition() != null) {
            return new TopicPartition(record.topic(), record.partition());
        }
        Integer count = partitions.get(record.topic());
        if (count == null) {
            throw new IllegalStateException("no topic " + record.topic());
        }
        int number = record.key() == null ? 0 : Utils.toPositive(Utils.murmur2(record.key())) % count;
        return new TopicPartition(record.topic(), number);
    }

    SimulatedLog.Entry append(TopicPartition partition, ProducerRecord<byte[], byte[]> record) {
        return append(partition, record.key(), record.value(), record.headers());
    }

    SimulatedLog.Entry append(TopicPartition partition, byte @Nullable [] key, byte @Nullable [] value,
            Headers headers) {
        SimulatedLog.Entry entry = log(partition).append(simulation, key, value, headers);
        simulation.note("appended", partition.toString(), entry.offset(), value == null ? 0 : value.length);
        watch.appended(partition, entry);
        simulation.after(simulation.between(0, 5), () -> List.copyOf(consumers).forEach(SimulatedConsumer::news));
        return entry;
    }
}
