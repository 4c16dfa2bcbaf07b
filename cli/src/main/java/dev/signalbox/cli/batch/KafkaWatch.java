package dev.signalbox.cli.batch;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.KafkaTrouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;

/**
 * Notices that Kafka went away while replies are awaited: a consumer's poll itself stays silent for ever. It asks each
 * second; {@value #MISSES} questions in a row without an answer, each given up after {@code default.api.timeout.ms} (10 s
 * unless the user sets it), are a broker that is gone, not one that restarts.
 */
final class KafkaWatch implements AutoCloseable {
    private static final int MISSES = 3;
    private static final long PAUSE_MILLIS = 1_000;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    private KafkaWatch(Clients clients, Consumer<CommandFailure> gone) {
        thread = Thread.ofPlatform().daemon().name("kafka-watch").unstarted(() -> watch(clients, gone));
    }

    /** @param gone told once, on the watch's thread */
    static KafkaWatch start(Clients clients, Consumer<CommandFailure> gone) {
        KafkaWatch watch = new KafkaWatch(clients, gone);
        watch.thread.start();
        return watch;
    }

    private void watch(Clients clients, Consumer<CommandFailure> gone) {
        int misses = 0;
        try (Admin admin = clients.admin()) {
            while (!closed.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
                try {
                    var _ = admin.describeCluster().clusterId().get();
                    misses = 0;
                } catch (ExecutionException e) {
                    misses++;
                    if (misses == MISSES) {
                        gone.accept(KafkaTrouble.of(e.getCause() == null ? e : e.getCause(),
                                clients.bootstrapServers()));
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        thread.interrupt();
    }
}
