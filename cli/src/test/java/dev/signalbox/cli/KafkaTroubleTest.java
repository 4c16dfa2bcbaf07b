package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

/** What keeps us from Kafka is said as it is. */
class KafkaTroubleTest {
    private static String line(Throwable trouble) {
        return KafkaTrouble.of(trouble, "kafka:9092").getMessage();
    }

    @Test
    void who_does_not_answer_may_not_run() {
        assertThat(line(new ExecutionException(new TimeoutException("timed out")))).contains("kafka:9092: no answer",
                "check that it runs");
    }

    @Test
    void a_defect_is_not_called_silence() {
        assertThat(line(new KafkaException("wrapped", new IllegalStateException("offset -1\nof partition 3"))))
                .contains("kafka:9092: IllegalStateException: offset -1").doesNotContain("no answer", "partition 3");
    }
}
