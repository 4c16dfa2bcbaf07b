package dev.signalbox.workers.intake;

/**
 * Who may try suspects now, among all lanes of a worker: several at once several partitions, one alone only while nobody
 * else tries any, so that it is known by whom a worker was brought down. Thread-safe; nobody waits.
 */
public final class TrialTurn {
    private int several;
    private boolean alone;

    synchronized boolean begin(boolean single) {
        if (alone || (single && several > 0)) {
            return false;
        }
        if (single) {
            alone = true;
        } else {
            several++;
        }
        return true;
    }

    synchronized void end(boolean single) {
        if (single) {
            alone = false;
        } else {
            several--;
        }
    }
}
