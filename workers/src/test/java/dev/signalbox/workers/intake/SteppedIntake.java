package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Lane;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A lane's intake, moved on a turn at a time by a simulation. */
public final class SteppedIntake {
    private final LaneConsumer intake;
    private final PollLoop loop;

    public SteppedIntake(Lane lane, LaneBounds bounds, Consumer<byte[], byte[]> consumer, RecordReader reader,
            RequestSink sink, LongSupplier nanos, FleetClock clock, NextChance chance, Onward onward) {
        intake = new LaneConsumer(lane, bounds, () -> consumer, Admission.ALL, reader, sink, rejected -> {
            throw new AssertionError(rejected);
        }, new Handover(), new TrialTurn(), Runnable::run, nanos, clock, chance, onward);
        loop = intake.loop(consumer);
    }

    public void step() {
        intake.step(loop);
    }

    public void complete(Ticket ticket) {
        intake.complete(ticket);
    }

    public void hasten(Predicate<String> ids) {
        intake.hasten(ids);
    }

    public void expect(long dueMillis) {
        intake.expect(dueMillis);
    }

    public void parked(String route) {
        intake.parked(route);
    }

    public IntakeStatus status() {
        return intake.status();
    }

    public static int hop(ConsumerRecord<byte[], byte[]> source) {
        return RecordFacts.hop(source);
    }

    public static long firstEnqueuedMillis(ConsumerRecord<byte[], byte[]> source) {
        return RecordFacts.firstEnqueuedMillis(source);
    }

    public static int sizeBytes(ConsumerRecord<byte[], byte[]> source) {
        return RecordFacts.sizeBytes(source);
    }
}
