package dev.signalbox.cli.usage;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.TopicScan;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.UsageRollup;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Rollups summed up by some dimensions.
 *
 * @param lines by the dimensions' values, in their order; sorted
 */
public record UsageReport(List<UsageDimension> by, List<Line> lines, UsageSums total) {
    public UsageReport {
        by = List.copyOf(by);
        lines = List.copyOf(lines);
    }

    /** @param values one for each dimension */
    public record Line(List<String> values, UsageSums sums) {
    }

    /** Sums up rollups of windows that do not overlap. */
    static UsageReport of(Collection<UsageRollup> rollups, List<UsageDimension> by) {
        Map<String, Line> lines = new TreeMap<>();
        UsageSums total = UsageSums.NONE;
        for (UsageRollup rollup : rollups) {
            List<String> values = by.stream().map(dimension -> dimension.of(rollup)).toList();
            lines.merge(String.join("\u0000", values), new Line(values, UsageSums.NONE.plus(rollup)),
                    (known, more) -> new Line(values, known.sums.plus(rollup)));
            total = total.plus(rollup);
        }
        return new UsageReport(by, new ArrayList<>(lines.values()), total);
    }

    /**
     * Reads the rollups of a period: daily ones where it consists of whole days, else hourly ones.
     *
     * @throws org.apache.kafka.common.KafkaException if Kafka cannot be read
     */
    public static UsageReport read(Clients clients, UsagePeriod period, List<UsageDimension> by) {
        String topic = period.isOfDays() ? Topics.USAGE_DAILY : Topics.USAGE_HOURLY;
        Map<String, UsageRollup> rollups = new HashMap<>();
        AvroDeserializer<UsageRollup> values = new AvroDeserializer<>(UsageRollup.class,
                SchemaRegistryClient.of(clients.registryProperties()));
        try (TopicScan scan = TopicScan.ofCommitted(clients)) {
            scan.read(scan.starts(List.of(topic), 0), record -> {
                UsageRollup rollup = record.value() == null ? null : values.deserialize(topic, record.value());
                if (rollup == null) {
                    rollups.remove(record.key());
                } else if (period.contains(rollup.getFromMillis())) {
                    rollups.put(record.key(), rollup);
                }
            });
        }
        return of(rollups.values(), by);
    }
}
