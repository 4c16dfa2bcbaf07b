package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class RenewableProducerTest {
    private final List<MockProducer<byte[], byte[]>> made = new ArrayList<>();
    private final RenewableProducer producer = new RenewableProducer("test", () -> {
        made.add(new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
            /** As Kafka's own: what cannot enter is told to the callback before the call returns. */
            @Override
            public java.util.concurrent.Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record,
                    Callback callback) {
                if (record.topic().equals("unknown")) {
                    callback.onCompletion(null, new TimeoutException("Topic unknown not present in metadata"));
                    return new java.util.concurrent.CompletableFuture<>();
                }
                return super.send(record, callback);
            }
        });
        return made.getLast();
    });
    private final List<String> outcomes = new CopyOnWriteArrayList<>();

    @Test
    void anIndefiniteErrorBringsANewProducerOnce() {
        send("a");
        send("b");
        made.getFirst().errorNext(new TimeoutException("expired"));
        made.getFirst().errorNext(new TimeoutException("expired"));
        send("c");

        assertThat(made).hasSize(2);
        assertThat(made.get(1).history()).hasSize(1);
        Awaitility.await().until(() -> made.getFirst().closed());
    }

    @Test
    void whatTheOldOneHasInFlightEndsInItsOwnCallback() {
        send("a");
        send("b");
        send("c");
        made.getFirst().errorNext(new TimeoutException("expired"));
        assertThat(outcomes).containsExactly("a failed");
        made.getFirst().completeNext();
        made.getFirst().errorNext(new TimeoutException("expired"));

        assertThat(outcomes).containsExactly("a failed", "b written", "c failed");
        assertThat(made).as("the new one is not to blame").hasSize(2);
    }

    @Test
    void aTopicThatIsNotThereDisturbsNobody() {
        send("a");
        send("unknown");
        assertThat(outcomes).containsExactly("unknown failed");
        assertThat(made).hasSize(1);
        made.getFirst().completeNext();
        assertThat(outcomes).containsExactly("unknown failed", "a written");
    }

    @Test
    void aDefiniteErrorBringsNoNewOne() {
        send("a");
        made.getFirst().errorNext(new TopicAuthorizationException("a"));
        assertThat(made).hasSize(1);
    }

    private void send(String topic) {
        producer.send(new ProducerRecord<>(topic, new byte[1]),
                (metadata, error) -> outcomes.add(topic + (error == null ? " written" : " failed")));
    }
}
