package dev.signalbox.workers.intake;

import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.Metric;

/**
 * How long a consumer's last heartbeat is ago, as the consumer itself says; from any thread. A heartbeat is sent only when the one
 * before it was answered or has failed, so while a coordinator is silent the last one is at most an interval younger than its last word.
 *
 * @param heartbeat seconds since it was sent, rounded down; negative: none was. Empty: the consumer does not say
 */
record CoordinatorContact(Optional<Metric> heartbeat) {
    private static final String NAME = "last-heartbeat-seconds-ago";
    static final CoordinatorContact NONE = new CoordinatorContact(Optional.empty());

    static CoordinatorContact of(Consumer<?, ?> consumer) {
        for (Metric metric : consumer.metrics().values()) {
            if (metric.metricName().name().equals(NAME)) {
                return new CoordinatorContact(Optional.of(metric));
            }
        }
        return NONE;
    }

    /** At most that much; zero where nothing is said. */
    Duration silence() {
        return heartbeat.map(Metric::metricValue).filter(Double.class::isInstance).map(Double.class::cast)
                .filter(seconds -> seconds > 0).map(seconds -> Duration.ofSeconds(seconds.longValue() + 1))
                .orElse(Duration.ZERO);
    }
}
