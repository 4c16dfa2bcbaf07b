package dev.signalbox.cli.batch;

import dev.signalbox.cli.Terminal;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Shows the progress line on stderr while a run lasts: rewritten in place on a terminal, else a new line every five
 * seconds.
 */
final class ProgressDisplay implements AutoCloseable {
    private static final long REDRAW_MILLIS = 200;
    private static final long LINE_MILLIS = 5_000;

    private final Terminal terminal;
    private final Supplier<BatchStats.Snapshot> stats;
    private final String currency;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    ProgressDisplay(Terminal terminal, String currency, Supplier<BatchStats.Snapshot> stats) {
        this.terminal = terminal;
        this.currency = currency;
        this.stats = stats;
        this.thread = Thread.ofPlatform().daemon().name("progress").start(this::run);
    }

    private void run() {
        boolean live = terminal.isLive();
        try {
            while (!closed.await(live ? REDRAW_MILLIS : LINE_MILLIS, TimeUnit.MILLISECONDS)) {
                terminal.progress(ProgressLine.of(stats.get(), currency, terminal.width()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (live) {
            terminal.progress(ProgressLine.of(stats.get(), currency, terminal.width()));
            terminal.endProgress();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
