package dev.signalbox.dispatcher;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.streams.KafkaStreams;

/** Whether an application runs, and how far behind it is; both are there from the start. */
final class ApplicationGauges {
    private ApplicationGauges() {
    }

    static void register(MeterRegistry registry, String name, KafkaStreams application) {
        Gauge.builder("signalbox.dispatcher.running", application,
                running -> running.state() == KafkaStreams.State.RUNNING ? 1 : 0).tag("application", name)
                .description("1 while all its tasks run").register(registry);
        Gauge.builder("signalbox.dispatcher.lag.records", application, ApplicationGauges::lag)
                .tag("application", name).description("Records that are not read yet").register(registry);
    }

    /** Of all partitions that its tasks read; what is read to restore a store is no part of it. */
    private static double lag(KafkaStreams application) {
        double sum = 0;
        for (Metric metric : application.metrics().values()) {
            MetricName name = metric.metricName();
            if (name.name().equals("records-lag") && name.tags().containsKey("partition")
                    && !name.tags().getOrDefault("client-id", "").endsWith("restore-consumer")
                    && metric.metricValue() instanceof Double lag && !lag.isNaN()) {
                sum += lag;
            }
        }
        return sum;
    }
}
