package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.RequestHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns admitted records into requests, off the poll thread because a reader may block on a registry: each batch on a
 * virtual thread of its own, so one that waits holds up no other. A batch puts aside what cannot be read, taken or rejected
 * now, and tries it again until that succeeds or the partition has moved. Bounded by the records that the intake admits.
 */
final class RecordDecoding {
    private static final Logger LOG = LoggerFactory.getLogger(RecordDecoding.class);
    private static final Duration FIRST_DELAY = Duration.ofMillis(100);
    private static final Duration MAX_DELAY = Duration.ofSeconds(5);

    private final Lane lane;
    private final RecordReader reader;
    private final RequestSink sink;
    private final Rejector rejector;
    private final Executor threads;
    /** Epoch of each partition that is owned; written by the poll thread. */
    private final Map<TopicPartition, Integer> epochs = new ConcurrentHashMap<>();

    /** A record and its place in the ledger. */
    record Admitted(ConsumerRecord<byte[], byte[]> source, Ticket ticket) {
    }

    RecordDecoding(Lane lane, RecordReader reader, RequestSink sink, Rejector rejector, Executor threads) {
        this.lane = lane;
        this.reader = reader;
        this.sink = sink;
        this.rejector = rejector;
        this.threads = threads;
    }

    void assigned(TopicPartition partition, int epoch) {
        epochs.put(partition, epoch);
    }

    void revoked(TopicPartition partition) {
        epochs.remove(partition);
    }

    void decode(List<Admitted> batch) {
        threads.execute(() -> untilTaken(batch, reader));
    }

    /** It is not read: it becomes a dead letter, and its caller is told where key and headers say how. */
    void quarantine(Admitted admitted) {
        threads.execute(() -> untilTaken(List.of(admitted),
                (source, ticket) -> reader.quarantined(lane, source, ticket)));
    }

    /** A loss becomes a dead letter, whose acknowledgement completes it. */
    void report(LostRange lost) {
        UnservableRecord loss = lost.unservable(lane);
        threads.execute(() -> untilTaken(List.of(new Admitted(loss.source(), loss.ticket())),
                (source, ticket) -> new RecordReader.Reading.Unservable(loss)));
    }

    private void untilTaken(List<Admitted> batch, RecordReader by) {
        long delayNanos = FIRST_DELAY.toNanos();
        List<Admitted> left = attempt(batch, by);
        while (!left.isEmpty()) {
            LockSupport.parkNanos(delayNanos);
            delayNanos = Math.min(delayNanos * 2, MAX_DELAY.toNanos());
            left = attempt(left, by);
        }
    }

    /** Hands on what it can; the rest, without what has moved. */
    private List<Admitted> attempt(List<Admitted> batch, RecordReader by) {
        List<Admitted> left = new ArrayList<>();
        for (Admitted admitted : batch) {
            Integer epoch = epochs.get(admitted.ticket().partition());
            if (epoch != null && epoch == admitted.ticket().epoch() && !handOn(admitted, by)) {
                left.add(admitted);
            }
        }
        return left;
    }

    private boolean handOn(Admitted admitted, RecordReader by) {
        try {
            switch (read(admitted, by)) {
                case RecordReader.Reading.Request(InboundRequest request) -> sink.offer(request);
                case RecordReader.Reading.Unservable(UnservableRecord unservable) -> rejector.reject(unservable);
                case RecordReader.Reading.Later(String reason) -> {
                    LOG.warn("{} waits to be read: {}", admitted.ticket(), reason);
                    return false;
                }
            }
            return true;
        } catch (RuntimeException | Error e) {
            // An error of one record, such as too little memory now, must not take the rest of its batch with it.
            LOG.error("{} could not be handed on; trying again", admitted.ticket(), e);
            return false;
        }
    }

    /** A reader that throws has a defect; the record that shows it must not stop its partition. */
    private RecordReader.Reading read(Admitted admitted, RecordReader by) {
        try {
            return by.read(admitted.source(), admitted.ticket());
        } catch (RuntimeException | StackOverflowError e) {
            LOG.error("{} could not be read", admitted.ticket(), e);
            byte[] value = admitted.source().value();
            return new RecordReader.Reading.Unservable(new UnservableRecord(lane, admitted.ticket(), admitted.source(),
                    Optional.empty(), Optional.empty(), RequestHash.of(value == null ? new byte[0] : value),
                    "UNREADABLE",
                    "The record could not be read."));
        }
    }
}
