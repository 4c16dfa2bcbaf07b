package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Prints the ledger's cost per record and the size of its metadata; the median of five passes after a warm-up. */
@Tag("benchmark")
class OffsetLedgerBenchmarkTest {
    private static final int RECORDS = 500_000;
    private static final int RATE = 500;

    private record Call(double endsAt, long offset) {
    }

    /** 500 requests/s on one partition, lognormal 4 s calls, a commit each 200 ms. */
    @Test
    void receive_complete_and_commit() {
        double[] micros = new double[6];
        int chars = 0;
        for (int pass = 0; pass < micros.length; pass++) {
            SplittableRandom random = new SplittableRandom(pass);
            OffsetLedger ledger = new OffsetLedger(1, 0, new OffsetRuns());
            PriorityQueue<Call> running = new PriorityQueue<>((a, b) -> Double.compare(a.endsAt(), b.endsAt()));
            long nanos = 0;
            for (int i = 0; i < RECORDS; i++) {
                double now = i / (double) RATE;
                running.add(new Call(now + 4 * Math.exp(gaussian(random) - 0.5), i));
                long start = System.nanoTime();
                ledger.received(i);
                while (!running.isEmpty() && running.element().endsAt() <= now) {
                    ledger.completed(running.remove().offset());
                }
                if (i % (RATE / 5) == 0) {
                    chars = Math.max(chars, ledger.encode(Suspicion.NONE).text().length());
                }
                nanos += System.nanoTime() - start;
            }
            micros[pass] = nanos / 1e3 / RECORDS;
        }
        Arrays.sort(micros, 1, micros.length);
        System.out.printf(
                "ledger: %.2f us a record with its part of the commits (%,.0f/s); metadata at most %,d of %,d%n",
                micros[3], 1e6 / micros[3], chars, LedgerMetadata.MAX_CHARS);
        assertThat(chars).isLessThan((int) (LedgerMetadata.MAX_CHARS * LedgerMetadata.GUARD));
    }

    private static double gaussian(SplittableRandom random) {
        return Math.sqrt(-2 * Math.log(1 - random.nextDouble())) * Math.cos(2 * Math.PI * random.nextDouble());
    }
}
