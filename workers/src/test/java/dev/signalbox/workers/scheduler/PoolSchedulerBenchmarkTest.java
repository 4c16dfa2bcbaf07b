package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Prints the cost of a scheduling decision with many waiting; the median of five equally long passes after a warm-up. */
@Tag("benchmark")
class PoolSchedulerBenchmarkTest {
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.INTERACTIVE, new PriorityShare(8, 0.05),
            Priority.STANDARD, new PriorityShare(4, 0.05), Priority.BATCH, new PriorityShare(2, 0.05),
            Priority.BACKGROUND, new PriorityShare(1, 0.05));
    private static final int WAITING = 10_000;
    private static final int DECISIONS = 200_000;

    @Test
    void a_decision_stays_cheap_as_tenants_grow() {
        for (int tenants : new int[]{1, 1_000, 100_000}) {
            double[] micros = new double[6];
            for (int pass = 0; pass < micros.length; pass++) {
                micros[pass] = pass(tenants, pass);
            }
            Arrays.sort(micros, 1, micros.length);
            System.out.printf("scheduler: %,d waiting, %,d tenants: %.2f us for offer, next and finished (%,.0f/s)%n",
                    WAITING, tenants, micros[3], 1e6 / micros[3]);
            assertThat(micros[3]).as("us a decision").isLessThan(10);
        }
    }

    private static double pass(int tenants, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        PoolScheduler scheduler = new PoolScheduler(SHARES, 2_000, 1_000_000);
        Requests requests = new Requests();
        InboundRequest[] all = new InboundRequest[WAITING + DECISIONS];
        for (int i = 0; i < all.length; i++) {
            all[i] = requests.of(Priority.values()[random.nextInt(4)], "t" + random.nextInt(tenants),
                    random.nextLong(1_000_000), random.nextInt(24), 1);
        }
        for (int i = 0; i < WAITING; i++) {
            scheduler.offer(all[i], 1 + random.nextInt(2_000), 0);
        }
        long start = System.nanoTime();
        for (int i = WAITING; i < all.length; i++) {
            scheduler.offer(all[i], 1 + i % 2_000, 0);
            Dispatch dispatch = scheduler.next(0).orElseThrow();
            scheduler.finished(dispatch, dispatch.costUnits());
        }
        return (System.nanoTime() - start) / 1e3 / DECISIONS;
    }
}
