package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Prints the cost of a scheduling decision with many waiting, in CPU time; the median of five equally long passes after a warm-up. */
@Tag("benchmark")
@Tag("issue-6")
class PoolSchedulerBenchmarkTest {
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.INTERACTIVE, new PriorityShare(8, 0.05),
            Priority.STANDARD, new PriorityShare(4, 0.05), Priority.BATCH, new PriorityShare(2, 0.05),
            Priority.BACKGROUND, new PriorityShare(1, 0.05));
    private static final int WAITING = 10_000;
    private static final int DECISIONS = 200_000;
    private static final int SLOTS = 2_000;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    @Test
    void a_decision_stays_cheap_as_tenants_grow() {
        for (int tenants : new int[]{1, 1_000, 100_000}) {
            assertThat(micros(tenants, 1, 0)).as("us a decision").isLessThan(10);
        }
    }

    /** Half of the routes are short of permits: in each step one is freed, taken, and somebody else is refused. */
    @Test
    void a_decision_stays_cheap_as_routes_grow_and_are_busy() {
        for (int tenants : new int[]{1, 1_000, 100_000}) {
            assertThat(micros(tenants, 20, 0)).as("us a decision").isLessThan(5);
            assertThat(micros(tenants, 20, 10)).as("us a decision").isLessThan(5);
        }
    }

    private static double micros(int tenants, int routes, int busy) {
        double[] micros = new double[6];
        for (int pass = 0; pass < micros.length; pass++) {
            micros[pass] = pass(tenants, routes, busy, pass);
        }
        Arrays.sort(micros, 1, micros.length);
        System.out.printf(
                "scheduler: %,d waiting, %,d tenants, %d routes, %d of them busy: %.2f us for offer, next and finished (%,.0f/s)%n",
                WAITING, tenants, routes, busy, micros[3], 1e6 / micros[3]);
        return micros[3];
    }

    private static double pass(int tenants, int routes, int busy, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        PoolScheduler scheduler = new PoolScheduler(SHARES, SLOTS, 1_000_000);
        Requests requests = new Requests();
        DeploymentName[] deployments = IntStream.range(0, routes).mapToObj(i -> new DeploymentName("d" + i, "m"))
                .toArray(DeploymentName[]::new);
        int[] permits = new int[routes];
        RequestTask[] all = new RequestTask[WAITING + DECISIONS];
        for (int i = 0; i < all.length; i++) {
            int route = random.nextInt(routes);
            Set<DeploymentName> reach = Set.of(deployments[route]);
            Supplier<Readiness> ask = route >= busy
                    ? () -> Readiness.READY
                    : () -> permits[route]-- > 0 ? Readiness.READY : refused(permits, route, reach);
            all[i] = new Requests.Task(requests.of(Priority.values()[random.nextInt(4)], "t" + random.nextInt(tenants),
                    random.nextLong(1_000_000), random.nextInt(24), 1), "r" + route, reach, ask, () -> Step.ENDED);
        }
        for (int i = 0; i < WAITING; i++) {
            scheduler.offer(all[i], 1 + random.nextInt(2_000));
        }
        long start = THREADS.getCurrentThreadCpuTime();
        for (int i = WAITING; i < all.length; i++) {
            scheduler.offer(all[i], 1 + i % 2_000);
            if (busy > 0) {
                permits[i % busy]++;
                scheduler.freed(deployments[i % busy]);
            }
            Dispatch dispatch = scheduler.next(RequestTask::ask, 0, 0).orElseThrow();
            scheduler.finished(dispatch, dispatch.costUnits() + i % 100, 0);
        }
        return (THREADS.getCurrentThreadCpuTime() - start) / 1e3 / DECISIONS;
    }

    private static Readiness refused(int[] permits, int route, Set<DeploymentName> reach) {
        permits[route] = 0;
        return new Readiness.Busy(reach, Long.MAX_VALUE);
    }
}
