package dev.signalbox.workers.reply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.intake.UnservableRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class RejectionsTest {
    private static final Ticket TICKET = new Ticket(new TopicPartition("llm.requests.p.standard", 3), 7, 100);

    private final MockProducer<byte[], byte[]> broker = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final RenewableProducer producer = new RenewableProducer("test", () -> broker);
    private final List<Ticket> done = new ArrayList<>();
    private final Rejections rejections = new Rejections(TestPublishers.publisher(broker, timer, () -> 0),
            new DeadLetters(producer, timer), done::add);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void a_lost_range_is_a_dead_letter_without_bytes_and_passed_only_when_that_is_acknowledged() {
        ConsumerRecord<byte[], byte[]> nothing = new ConsumerRecord<>(TICKET.partition().topic(), 3, 100, null, null);
        nothing.headers().add(Headers.DEAD_LETTER_END_OFFSET, "250".getBytes(StandardCharsets.UTF_8));
        rejections.reject(new UnservableRecord(new Lane(new PoolName("p"), Priority.STANDARD), TICKET, nothing,
                Optional.empty(), Optional.empty(), "hash", "LOST_TO_RETENTION", "Gone."));

        broker.errorNext(new TopicAuthorizationException(Topics.DEAD_LETTERS));
        Awaitility.await("the second send").until(() -> broker.history().size() == 2);
        assertThat(done).as("passed before it was written").isEmpty();
        ProducerRecord<byte[], byte[]> letter = broker.history().getLast();
        assertThat(letter.topic()).isEqualTo(Topics.DEAD_LETTERS);
        assertThat(letter.key()).isNull();
        assertThat(letter.value()).isNull();
        assertThat(text(letter, Headers.DEAD_LETTER_REASON)).isEqualTo("LOST_TO_RETENTION");
        assertThat(text(letter, Headers.DEAD_LETTER_ORIGINAL_TOPIC)).isEqualTo("llm.requests.p.standard");
        assertThat(text(letter, Headers.DEAD_LETTER_ORIGINAL_PARTITION)).isEqualTo("3");
        assertThat(text(letter, Headers.DEAD_LETTER_ORIGINAL_OFFSET)).isEqualTo("100");
        assertThat(text(letter, Headers.DEAD_LETTER_END_OFFSET)).isEqualTo("250");
        broker.completeNext();
        assertThat(done).containsExactly(TICKET);
    }

    private static String text(ProducerRecord<byte[], byte[]> record, String header) {
        return new String(record.headers().lastHeader(header).value(), StandardCharsets.UTF_8);
    }
}
