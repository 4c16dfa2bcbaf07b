package dev.signalbox.system.simulation;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * An idempotent producer over {@link SimulatedBroker}: its records arrive in their order and are acknowledged later, on a
 * thread of its own. While it is out of touch, what is sent is given up after a time; nobody knows how much of it was
 * written, and some of it is written later still.
 */
final class SimulatedProducer extends MockProducer<byte[], byte[]> {
    private final SimulatedBroker broker;
    private final Simulation simulation;
    private final SimulatedProcess process;
    /** Sent and without an outcome, in their order. */
    private final Set<InFlight> inFlight = new LinkedHashSet<>();
    private final Deque<Runnable> outcomes = new ArrayDeque<>();
    private boolean calling;
    private boolean closed;
    private boolean outOfTouch;
    private long lastArrival;

    private static final class InFlight {
        final ProducerRecord<byte[], byte[]> record;
        final @Nullable Callback callback;
        boolean travels;
        boolean arrived;
        boolean dropped;
        /** The journey that counts: what is sent again has left the one before. */
        int journey;

        InFlight(ProducerRecord<byte[], byte[]> record, @Nullable Callback callback) {
            this.record = record;
            this.callback = callback;
        }
    }

    SimulatedProducer(SimulatedBroker broker, SimulatedProcess process) {
        super(false, null, new ByteArraySerializer(), new ByteArraySerializer());
        this.broker = broker;
        this.simulation = broker.simulation;
        this.process = process;
        broker.producers.add(this);
    }

    SimulatedProcess process() {
        return process;
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record) {
        return send(record, null);
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, @Nullable Callback callback) {
        if (closed) {
            throw new IllegalStateException("Cannot perform operation after producer has been closed");
        }
        InFlight sent = new InFlight(record, callback);
        inFlight.add(sent);
        broker.watch.sent(process, record);
        if (!outOfTouch) {
            travel(sent);
        }
        return new CompletableFuture<>();
    }

    private void travel(InFlight sent) {
        sent.travels = true;
        lastArrival = Math.max(lastArrival + 1, simulation.nanos() + latency());
        simulation.after(lastArrival - simulation.nanos(), () -> arrive(sent, 0));
    }

    /** Mostly a few ms; a busy broker takes longer. */
    private long latency() {
        return simulation.between(0, simulation.oneIn(5) ? 200 : 12);
    }

    private void arrive(InFlight sent, int journey) {
        if (sent.dropped || sent.journey != journey) {
            return;
        }
        sent.arrived = true;
        TopicPartition partition = broker.partition(sent.record);
        SimulatedLog.Entry entry = broker.append(partition, sent.record);
        simulation.after(latency(), process, () -> {
            if (!outOfTouch && inFlight.remove(sent)) {
                outcome(sent, new RecordMetadata(partition, entry.offset(), 0, entry.timestamp(), 0, 0), null);
            }
        });
    }

    /** Callbacks come one after another on the producer's own thread. */
    private void outcome(InFlight sent, @Nullable RecordMetadata metadata, @Nullable Exception failure) {
        Callback callback = sent.callback;
        if (callback != null) {
            outcomes.add(() -> {
                callback.onCompletion(metadata, failure);
                if (failure == null) {
                    broker.watch.acknowledged(process, sent.record);
                }
            });
        }
        if (!calling && !outcomes.isEmpty()) {
            calling = true;
            process.thread("producer-io", () -> {
                for (Runnable next = outcomes.poll(); next != null; next = outcomes.poll()) {
                    next.run();
                }
                calling = false;
            }).start();
        }
    }

    /** Out of touch with the brokers for that long, after which all that is in flight is given up. */
    void loseTouch(long nanos) {
        outOfTouch = true;
        dropTail();
        simulation.after(nanos, process, () -> giveUp(new TimeoutException("simulated: delivery timed out")));
    }

    /** Of what has not arrived, a beginning does, and the rest never. */
    private void dropTail() {
        List<InFlight> under = inFlight.stream().filter(sent -> sent.travels && !sent.arrived && !sent.dropped)
                .toList();
        if (!under.isEmpty()) {
            int kept = simulation.random.nextInt(under.size() + 1);
            under.subList(kept, under.size()).forEach(sent -> sent.dropped = true);
        }
    }

    /** What is on its way still arrives; of what was kept back, a beginning is written after all, later. */
    private void giveUp(KafkaException failure) {
        List<InFlight> all = List.copyOf(inFlight);
        inFlight.clear();
        // Whose records were given up is replaced and closed; what it is still handed goes nowhere.
        outOfTouch = !all.isEmpty();
        List<InFlight> kept = all.stream().filter(sent -> !sent.travels || sent.dropped).toList();
        int late = kept.isEmpty() || simulation.oneIn(2) ? 0 : simulation.random.nextInt(kept.size() + 1);
        for (InFlight sent : kept.subList(0, late)) {
            sent.dropped = false;
            int again = ++sent.journey;
            lastArrival = Math.max(lastArrival + 1, simulation.nanos() + simulation.between(0, 1_500));
            simulation.after(lastArrival - simulation.nanos(), () -> arrive(sent, again));
        }
        all.forEach(sent -> outcome(sent, null, failure));
    }

    /** The process is dead: what had left it may still arrive. */
    void processDied() {
        closed = true;
        dropTail();
    }

    @Override
    public void flush() {
        while (!inFlight.isEmpty()) {
            Simulated.parkNanos(5 * Simulation.MILLI);
        }
    }

    @Override
    public void close(Duration limit) {
        closed = true;
        long until = simulation.nanos() + limit.toNanos();
        while (!inFlight.isEmpty() && simulation.nanos() < until) {
            Simulated.parkNanos(5 * Simulation.MILLI);
        }
        dropTail();
        giveUp(new KafkaException("simulated: the producer is closed forcefully"));
        while (calling || !outcomes.isEmpty()) {
            Simulated.parkNanos(Simulation.MILLI);
        }
        broker.producers.remove(this);
    }
}
