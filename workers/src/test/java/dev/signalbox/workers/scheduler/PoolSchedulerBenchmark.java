package dev.signalbox.workers.scheduler;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * With 10,000 waiting in 4 priorities: a decision, which is to choose one and give it its slot; or all that the scheduler does
 * for a request, one arriving and one ending as well. Requests are made before they arrive, as a worker decodes them, outside
 * of the time measured. Run by {@link PoolSchedulerBenchmarkTest}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PoolSchedulerBenchmark {
    static final int WAITING = 10_000;
    private static final int AT_ONCE = 200;
    private static final int SLOTS = 2_000;
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.INTERACTIVE, new PriorityShare(8, 0.05),
            Priority.STANDARD, new PriorityShare(4, 0.05), Priority.BATCH, new PriorityShare(2, 0.05),
            Priority.BACKGROUND, new PriorityShare(1, 0.05));

    @Param({"1", "1000", "100000"})
    public int tenants;
    @Param({"1", "20"})
    public int routes;
    /** Part of the routes that is short of permits: in each step one is freed, taken, and somebody else is refused. */
    @Param({"0", "0.5"})
    public double busy;
    @Param({"DECISION", "REQUEST"})
    public Timed timed = Timed.REQUEST;

    /** What is measured. */
    public enum Timed {
        DECISION,
        REQUEST
    }

    private final SplittableRandom random = new SplittableRandom(1);
    private final Requests requests = new Requests();
    private PoolScheduler scheduler = new PoolScheduler(SHARES, SLOTS, 1_000_000);
    private DeploymentName[] deployments = {};
    private int[] permits = {};
    private int busyRoutes;
    private RequestTask[] arriving = {};
    private final ArrayDeque<Dispatch> chosen = new ArrayDeque<>(AT_ONCE);
    private long at;

    /** A scheduler in which all that can wait does. */
    @Setup(Level.Iteration)
    public void fill() {
        scheduler = new PoolScheduler(SHARES, SLOTS, 1_000_000);
        chosen.clear();
        deployments = IntStream.range(0, routes).mapToObj(i -> new DeploymentName("d" + i, "m"))
                .toArray(DeploymentName[]::new);
        permits = new int[routes];
        busyRoutes = (int) (routes * busy);
        for (int i = 0; i < WAITING; i++) {
            scheduler.offer(request(), 1 + random.nextInt(2_000));
        }
    }

    @Setup(Level.Invocation)
    public void arrive() {
        arriving = IntStream.range(0, AT_ONCE).mapToObj(_ -> request()).toArray(RequestTask[]::new);
        if (timed == Timed.DECISION) {
            chosen.forEach(this::finish);
            chosen.clear();
            for (RequestTask request : arriving) {
                offer(request);
            }
        }
    }

    @Benchmark
    @OperationsPerInvocation(AT_ONCE)
    public void decide() {
        for (RequestTask request : arriving) {
            at++;
            if (timed == Timed.REQUEST) {
                offer(request);
            }
            if (busyRoutes > 0) {
                int freed = (int) (at % busyRoutes);
                permits[freed]++;
                scheduler.freed(deployments[freed]);
            }
            Dispatch dispatch = scheduler.next(RequestTask::ask, 0, 0).orElseThrow();
            if (timed == Timed.REQUEST) {
                finish(dispatch);
            } else {
                chosen.add(dispatch);
            }
        }
    }

    private void offer(RequestTask request) {
        scheduler.offer(request, 1 + at % 2_000);
    }

    private void finish(Dispatch dispatch) {
        scheduler.finished(dispatch, dispatch.costUnits() + at % 100, 0);
    }

    private RequestTask request() {
        int route = random.nextInt(routes);
        Set<DeploymentName> reach = Set.of(deployments[route]);
        Supplier<Readiness> ask = route >= busyRoutes
                ? () -> Readiness.READY
                : () -> permits[route]-- > 0 ? Readiness.READY : refused(route, reach);
        return new Requests.Task(requests.of(Priority.values()[random.nextInt(4)], "t" + random.nextInt(tenants),
                random.nextLong(1_000_000), random.nextInt(24), 1), "r" + route, reach, ask, () -> Step.ENDED);
    }

    private Readiness refused(int route, Set<DeploymentName> reach) {
        permits[route] = 0;
        return new Readiness.Busy(reach, Long.MAX_VALUE);
    }
}
