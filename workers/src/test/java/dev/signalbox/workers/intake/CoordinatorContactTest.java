package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class CoordinatorContactTest {

    private static Duration silence(Object value) {
        return new CoordinatorContact(Optional.of(new Metric() {
            @Override
            public MetricName metricName() {
                return new MetricName("any", "", "", Map.of());
            }

            @Override
            public Object metricValue() {
                return value;
            }
        })).silence();
    }

    @Test
    void secondsAreRoundedUpAndWhoNeverBeatOwnsNothingToLose() {
        assertThat(silence(4.0)).isEqualTo(Duration.ofSeconds(5));
        assertThat(silence(0.0)).isZero();
        assertThat(silence(-1.0)).isZero();
        assertThat(CoordinatorContact.NONE.silence()).isZero();
    }

    /** The name is Kafka's, and would be missed without a word. */
    @Test
    void kafkasConsumerSaysWhenItsLastHeartbeatWas() {
        try (var consumer = new KafkaConsumer<>(
                Map.<String, Object>of("bootstrap.servers", "127.0.0.1:1", "group.id", "g",
                        "group.protocol", "classic"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            assertThat(CoordinatorContact.of(consumer).heartbeat()).isPresent();
        }
    }

    @Test
    void ownershipEndsAnIntervalBeforeTheSession() {
        assertThat(LaneConsumerProperties.ownsFor(Map.of("session.timeout.ms", "6000", "heartbeat.interval.ms", 1_000)))
                .isEqualTo(Duration.ofSeconds(5));
    }
}
