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
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Prints the cost of a scheduling decision with many waiting, in CPU time; the median of nine equally long passes after two.
 * Requests are made shortly before they arrive, as a worker decodes them, outside of the time measured.
 */
@Tag("benchmark")
@Tag("issue-6")
class PoolSchedulerBenchmarkTest {
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.INTERACTIVE, new PriorityShare(8, 0.05),
            Priority.STANDARD, new PriorityShare(4, 0.05), Priority.BATCH, new PriorityShare(2, 0.05),
            Priority.BACKGROUND, new PriorityShare(1, 0.05));
    private static final int WAITING = 10_000;
    private static final int DECISIONS = 200_000;
    private static final int WARM_UPS = 2;
    private static final int AT_ONCE = 200;
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
        double[] micros = new double[WARM_UPS + 9];
        for (int pass = 0; pass < micros.length; pass++) {
            micros[pass] = pass(tenants, routes, busy, pass);
        }
        Arrays.sort(micros, WARM_UPS, micros.length);
        double median = micros[WARM_UPS + 4];
        System.out.printf(
                "scheduler: %,d waiting, %,d tenants, %d routes, %d of them busy: %.2f us for offer, next and finished (%,.0f/s)%n",
                WAITING, tenants, routes, busy, median, 1e6 / median);
        return median;
    }

    private static double pass(int tenants, int routes, int busy, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        PoolScheduler scheduler = new PoolScheduler(SHARES, SLOTS, 1_000_000);
        Requests requests = new Requests();
        DeploymentName[] deployments = IntStream.range(0, routes).mapToObj(i -> new DeploymentName("d" + i, "m"))
                .toArray(DeploymentName[]::new);
        int[] permits = new int[routes];
        IntFunction<RequestTask> arriving = i -> {
            int route = random.nextInt(routes);
            Set<DeploymentName> reach = Set.of(deployments[route]);
            Supplier<Readiness> ask = route >= busy
                    ? () -> Readiness.READY
                    : () -> permits[route]-- > 0 ? Readiness.READY : refused(permits, route, reach);
            return new Requests.Task(requests.of(Priority.values()[random.nextInt(4)], "t" + random.nextInt(tenants),
                    random.nextLong(1_000_000), random.nextInt(24), 1), "r" + route, reach, ask, () -> Step.ENDED);
        };
        for (int i = 0; i < WAITING; i++) {
            scheduler.offer(arriving.apply(i), 1 + random.nextInt(2_000));
        }
        long nanos = 0;
        for (int i = 0; i < DECISIONS; i += AT_ONCE) {
            RequestTask[] arrived = IntStream.range(0, AT_ONCE).mapToObj(arriving).toArray(RequestTask[]::new);
            long start = THREADS.getCurrentThreadCpuTime();
            decide(scheduler, arrived, i, busy, permits, deployments);
            nanos += THREADS.getCurrentThreadCpuTime() - start;
        }
        return nanos / 1e3 / DECISIONS;
    }

    private static void decide(PoolScheduler scheduler, RequestTask[] arrived, int from, int busy, int[] permits,
            DeploymentName[] deployments) {
        for (int i = 0; i < arrived.length; i++) {
            scheduler.offer(arrived[i], 1 + (from + i) % 2_000);
            if (busy > 0) {
                permits[i % busy]++;
                scheduler.freed(deployments[i % busy]);
            }
            Dispatch dispatch = scheduler.next(RequestTask::ask, 0, 0).orElseThrow();
            scheduler.finished(dispatch, dispatch.costUnits() + i % 100, 0);
        }
    }

    private static Readiness refused(int[] permits, int route, Set<DeploymentName> reach) {
        permits[route] = 0;
        return new Readiness.Busy(reach, Long.MAX_VALUE);
    }
}
