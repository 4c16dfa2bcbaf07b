package dev.signalbox.cli.usage;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.TopicScan;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code llm.usage} as it is when the reading begins, each call once: of several records of one call the last counts. Each
 * partition is read twice, the first time for the keys alone, so that memory does not grow with what is exported.
 */
public final class UsageLog {
    private static final List<String> TOPIC = List.of(Topics.USAGE);
    /** A record is appended after its call has begun; so much may clocks differ. */
    private static final long CLOCKS_MILLIS = 60_000;

    private final Clients clients;

    public UsageLog(Clients clients) {
        this.clients = clients;
    }

    /** Takes one record. */
    public interface Sink {
        void write(UsageRecord usage) throws IOException;
    }

    /**
     * Hands each call of the period to the sink; in no particular order.
     *
     * @return number of records left out, since a later one of the same call took their place
     * @throws IOException the sink's
     * @throws org.apache.kafka.common.KafkaException if Kafka cannot be read
     */
    public long read(UsagePeriod period, Sink sink) throws IOException {
        AvroDeserializer<UsageRecord> values = new AvroDeserializer<>(UsageRecord.class,
                SchemaRegistryClient.of(clients.registryProperties()));
        long[] replaced = {0};
        try (TopicScan scan = TopicScan.ofCommitted(clients)) {
            Map<String, Long> ends = scan.ends(TOPIC);
            Map<String, Long> starts = new TreeMap<>(
                    scan.starts(TOPIC, Math.max(0, period.from().toEpochMilli() - CLOCKS_MILLIS)));
            for (Map.Entry<String, Long> start : starts.entrySet()) {
                Map<String, Long> from = Map.of(start.getKey(), start.getValue());
                Map<String, Long> to = Map.of(start.getKey(), ends.getOrDefault(start.getKey(), 0L));
                LatestOfKeys latest = new LatestOfKeys(to.getOrDefault(start.getKey(), 0L) - start.getValue());
                scan.read(from, to, record -> latest.saw(record.key(), record.offset()));
                scan.read(from, to, record -> {
                    if (!latest.isLatest(record.key(), record.offset())) {
                        replaced[0]++;
                        return;
                    }
                    UsageRecord usage = record.value() == null
                            ? null
                            : values.deserialize(Topics.USAGE, record.value());
                    if (usage != null && period.contains(usage.getStartedMillis())) {
                        write(sink, usage);
                    }
                });
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return replaced[0];
    }

    private static void write(Sink sink, UsageRecord usage) {
        try {
            sink.write(usage);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
