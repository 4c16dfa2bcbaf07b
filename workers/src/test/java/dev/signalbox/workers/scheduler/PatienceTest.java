package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requests that wait for a cheap deployment until their patience ends, and then take a dear one. */
@Tag("issue-6")
class PatienceTest {
    private static final DeploymentName CHEAP = DeploymentName.parse("cheap/m");
    private static final DeploymentName DEAR = DeploymentName.parse("dear/m");
    private static final Set<DeploymentName> BOTH = Set.of(CHEAP, DEAR);
    private static final long MILLI = 1_000_000L;

    private final Requests requests = new Requests();
    private final PoolScheduler scheduler = new PoolScheduler(Map.of(Priority.STANDARD, new PriorityShare(1, 0)), 100,
            1_000);
    private final Map<String, Integer> asked = new HashMap<>();
    private long nowMillis = 1_000;
    private int cheapRoom;

    /** @param patienceMillis from now on it waits for the cheap one alone for so long; the dear one has room always */
    private InboundRequest offered(String tenant, long patienceMillis) {
        InboundRequest request = requests.of(Priority.STANDARD, tenant);
        long until = nowMillis + patienceMillis;
        scheduler.offer(new Requests.Task(request, "route", BOTH, () -> {
            asked.merge(request.id(), 1, Integer::sum);
            if (cheapRoom > 0) {
                cheapRoom--;
                return Readiness.READY;
            }
            return nowMillis >= until
                    ? Readiness.READY
                    : new Readiness.Busy(Set.of(CHEAP), Long.MAX_VALUE, false, (until - nowMillis) * MILLI);
        }, () -> Step.ENDED), 1);
        return request;
    }

    private List<InboundRequest> dispatched() {
        List<InboundRequest> dispatched = new ArrayList<>();
        for (Optional<Dispatch> next = Requests.next(scheduler, nowMillis); next.isPresent(); next = Requests
                .next(scheduler, nowMillis)) {
            dispatched.add(next.get().request());
        }
        return dispatched;
    }

    @Test
    void whoHasLessPatiencePassesByThoseThatWait() {
        offered("a", 500);
        offered("a", 500);
        InboundRequest hurried = offered("a", 0);
        assertThat(dispatched()).containsExactly(hurried);
        assertThat(scheduler.waiting(CHEAP)).isEqualTo(2);
        assertThat(scheduler.waiting(DEAR)).as("nobody waits for it").isZero();
    }

    @Test
    void roomAtTheCheapOneIsTakenByThoseThatWaitForIt() {
        InboundRequest first = offered("a", 500);
        offered("a", 500);
        assertThat(dispatched()).isEmpty();
        cheapRoom = 1;
        scheduler.freed(CHEAP);
        assertThat(dispatched()).containsExactly(first);
    }

    @Test
    void whosePatienceEndsIsAskedThenAndNotBefore() {
        offered("a", 900);
        InboundRequest second = offered("b", 300);
        assertThat(dispatched()).isEmpty();
        assertThat(scheduler.dueNanos(nowMillis, nowMillis * MILLI)).hasValue((nowMillis + 300) * MILLI);
        nowMillis += 299;
        assertThat(dispatched()).isEmpty();
        nowMillis += 1;
        assertThat(dispatched()).as("though the other one is before it in line").containsExactly(second);
        assertThat(asked).as("nobody was asked in vain").containsEntry(second.id(), 2);
        assertThat(scheduler.dueNanos(nowMillis, nowMillis * MILLI)).hasValue((nowMillis + 600) * MILLI);
    }

    @Test
    void whoIsGoneIsNotAskedAnyMore() {
        InboundRequest request = offered("a", 100);
        assertThat(dispatched()).isEmpty();
        assertThat(scheduler.forget(request.ticket().partition(), 1)).isEqualTo(1);
        nowMillis += 100;
        assertThat(dispatched()).isEmpty();
        assertThat(asked).containsEntry(request.id(), 1);
    }

    @Test
    void aRouteOfWhichAllWaitForTheCheapOneIsShut() {
        offered("a", 5_000);
        assertThat(scheduler.isOpen(Priority.STANDARD, "route")).isTrue();
        assertThat(dispatched()).isEmpty();
        assertThat(scheduler.isOpen(Priority.STANDARD, "route")).as("so that it gives way to others").isFalse();
        nowMillis += 5_000;
        assertThat(dispatched()).hasSize(1);
        assertThat(scheduler.isOpen(Priority.STANDARD, "route")).isTrue();
    }

    /** Each is dispatched by room at the cheap one, or when its patience ends and within a ms of that, whatever the others do. */
    @Test
    void patienceEndsOnTimeInRandomHistories() {
        for (long seed = 1; seed <= 200; seed++) {
            PatienceTest world = new PatienceTest();
            SplittableRandom random = new SplittableRandom(seed);
            Map<InboundRequest, Long> until = new HashMap<>();
            for (int step = 0; step < 300; step++) {
                if (random.nextInt(4) == 0) {
                    long patience = random.nextInt(400);
                    until.put(world.offered("t" + random.nextInt(5), patience), world.nowMillis + patience);
                }
                if (random.nextInt(20) == 0) {
                    world.cheapRoom = 1;
                    world.scheduler.freed(CHEAP);
                }
                world.dispatched().forEach(until::remove);
                assertThat(until.values()).as("seed %d, step %d", seed, step)
                        .allMatch(end -> end > world.nowMillis);
                world.nowMillis += 1 + random.nextInt(3);
            }
        }
    }
}
