package dev.signalbox.cli.batch;

import java.util.BitSet;

/**
 * The lines that are still to be brought to an end.
 *
 * @param finished lines that are not
 * @param retries how often each line is retried by now: part of its request id
 */
record OpenLines(BitSet finished, byte[] retries) {

    /** @param retryFailed whether lines whose last try failed are open again */
    static OpenLines of(JournalContents journal, boolean retryFailed) {
        BitSet finished = (BitSet) journal.answered().clone();
        byte[] retries = journal.retries().clone();
        for (int line = journal.failed().nextSetBit(0); line >= 0; line = journal.failed().nextSetBit(line + 1)) {
            if (retryFailed) {
                retries[line]++;
            } else {
                finished.set(line);
            }
        }
        return new OpenLines(finished, retries);
    }

    boolean isOpen(int line) {
        return !finished.get(line);
    }

    int retry(int line) {
        return retries[line];
    }

    void finish(int line) {
        finished.set(line);
    }
}
