package dev.signalbox.system.benchmark;

import dev.signalbox.config.Configuration;
import dev.signalbox.workers.intake.Admission;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.Handover;
import dev.signalbox.workers.intake.LaneBounds;
import dev.signalbox.workers.intake.LaneConsumer;
import dev.signalbox.workers.intake.LaneConsumerProperties;
import dev.signalbox.workers.intake.Onward;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.intake.RequestSource;
import dev.signalbox.workers.intake.Ticket;
import dev.signalbox.workers.intake.TrialTurn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.TopicPartition;

/**
 * A worker's intake, from Kafka to the commit, with calls of a fixed length in place of all that follows. Arguments: bootstrap
 * servers, registry URL, configuration file, {@link Reading}, length of a call in ms, file for the longest poll gap. Prints
 * READY; ends when its input closes.
 */
public final class IntakeMain {
    private IntakeMain() {
    }

    public static void main(String[] args) throws Exception {
        Configuration configuration = Reading.configuration(args[2]);
        LaneBounds bounds = LaneBounds.of(configuration.worker());
        Slots slots = new Slots(configuration.worker().maxInFlight(), new Calls(Integer.parseInt(args[4])));
        AtomicReference<PollGap> consumer = new AtomicReference<>();
        Handover handover = new Handover();
        Map<String, Object> properties = LaneConsumerProperties.of(Reading.LANE, "test",
                Map.of("bootstrap.servers", args[0]),
                bounds, handover);
        LaneConsumer intake = new LaneConsumer(Reading.LANE, bounds, () -> {
            PollGap made = new PollGap(properties);
            consumer.set(made);
            return made;
        }, Admission.ALL, Reading.valueOf(args[3]).reader(configuration, args[1]), slots, unservable -> {
            throw new IllegalStateException(unservable.toString());
        }, handover, new TrialTurn(), System::currentTimeMillis, route -> false, Onward.NOWHERE);
        slots.source.set(intake);
        intake.start();
        while (intake.status().claimedPartitions() == 0) {
            Thread.sleep(Duration.ofMillis(20));
        }
        consumer.get().reportAtEndOfInput(Path.of(args[5]));
        System.out.println("READY");
        Thread.currentThread().join();
    }

    /** The least that can stand for a scheduler: requests in the order they come, so many at once. */
    private static final class Slots implements RequestSink {
        private final AtomicReference<RequestSource> source = new AtomicReference<>();
        private final Queue<Ticket> waiting = new ConcurrentLinkedQueue<>();
        private final Semaphore free;
        private final Calls calls;

        Slots(int atOnce, Calls calls) {
            this.free = new Semaphore(atOnce);
            this.calls = calls;
        }

        @Override
        public void offer(InboundRequest request) {
            waiting.add(request.ticket());
            startNext();
        }

        private void startNext() {
            while (!waiting.isEmpty() && free.tryAcquire()) {
                Ticket next = waiting.poll();
                if (next == null) {
                    free.release();
                } else {
                    calls.start(() -> {
                        source.get().complete(next);
                        free.release();
                        startNext();
                    });
                }
            }
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
            waiting.removeIf(ticket -> ticket.partition().equals(partition) && ticket.epoch() <= epoch);
        }
    }
}
