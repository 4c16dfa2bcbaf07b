package dev.signalbox.dispatcher;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What it costs to take a store over: how many records of its changelog were read, and how long its task waited for that.
 * Records that a standby reads ahead do not count: nobody waits for them.
 */
final class RestoreMeter implements StateRestoreListener {
    private static final Logger LOG = LoggerFactory.getLogger(RestoreMeter.class);

    private final MeterRegistry registry;
    /** Monotonic start of those under way; as many as there are partitions. */
    private final Map<TopicPartition, Long> started = new ConcurrentHashMap<>();

    /** @param stores names of all, so that each is there from the start */
    RestoreMeter(MeterRegistry registry, Iterable<String> stores) {
        this.registry = registry;
        stores.forEach(store -> {
            records(store).increment(0);
            time(store);
        });
    }

    private Counter records(String store) {
        return Counter.builder("signalbox.dispatcher.restored.records").tag("store", store)
                .description("Records of a changelog that were read before its task went on").register(registry);
    }

    private Timer time(String store) {
        return Timer.builder("signalbox.dispatcher.restore").tag("store", store)
                .description("Time for which a task waited for its store").register(registry);
    }

    @Override
    public void onRestoreStart(TopicPartition partition, String store, long from, long to) {
        started.put(partition, System.nanoTime());
    }

    @Override
    public void onBatchRestored(TopicPartition partition, String store, long to, long count) {
        records(store).increment((double) count);
    }

    @Override
    public void onRestoreSuspended(TopicPartition partition, String store, long count) {
        started.remove(partition);
    }

    @Override
    public void onRestoreEnd(TopicPartition partition, String store, long total) {
        Long start = started.remove(partition);
        Duration took = Duration.ofNanos(start == null ? 0 : System.nanoTime() - start);
        time(store).record(took);
        LOG.info("store {} of partition {} is restored: {} records in {} ms", store, partition.partition(), total,
                took.toMillis());
    }
}
