package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class PoolDispatcherTest {
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.STANDARD, new PriorityShare(3, 0.1),
            Priority.BATCH, new PriorityShare(1, 0.1));

    @Test
    void every_offered_request_is_served_once_and_never_more_at_once_than_slots() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Set<String> served = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(4_000);
        PoolDispatcher dispatcher = new PoolDispatcher("p", new PoolScheduler(SHARES, 16, 50), request -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            Thread.yield();
            assertThat(served.add(request.lane() + request.id())).isTrue();
            running.decrementAndGet();
            all.countDown();
            if (request.id().equals("r7")) {
                throw new IllegalArgumentException("a defect of the runner");
            }
        }, RequestCost::promptTokens, () -> 0);
        Thread[] producers = new Thread[2];
        for (int i = 0; i < 2; i++) {
            Priority priority = i == 0 ? Priority.STANDARD : Priority.BATCH;
            Requests requests = new Requests();
            producers[i] = Thread.ofVirtual().start(() -> {
                for (int n = 0; n < 2_000; n++) {
                    dispatcher.offer(requests.of(priority, "t" + n % 3));
                }
            });
        }
        for (Thread producer : producers) {
            producer.join();
        }
        assertThat(all.await(20, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        assertThat(dispatcher.awaitIdle(Duration.ofSeconds(5))).isTrue();
        assertThat(most.get()).isLessThanOrEqualTo(16);
        assertThat(served).hasSize(4_000);
    }

    @Test
    void forgetting_frees_an_offer_that_waits_for_room_and_running_ones_go_on() throws Exception {
        Semaphore release = new Semaphore(0);
        AtomicInteger served = new AtomicInteger();
        Requests requests = new Requests();
        PoolDispatcher dispatcher = new PoolDispatcher("p", new PoolScheduler(SHARES, 1, 2), request -> {
            release.acquireUninterruptibly();
            served.incrementAndGet();
        }, RequestCost::promptTokens, () -> 0);
        for (int i = 0; i < 3; i++) {
            dispatcher.offer(requests.of(Priority.BATCH, "t"));
        }
        InboundRequest late = requests.of(Priority.BATCH, "t");
        Thread blocked = Thread.ofVirtual().start(() -> dispatcher.offer(late));
        Awaitility.await().until(() -> blocked.getState() == Thread.State.WAITING);
        dispatcher.forget(late.ticket().partition(), 1);
        blocked.join();
        assertThat(dispatcher.status().waiting()).isZero();
        assertThat(dispatcher.forgottenRequests()).isEqualTo(2);
        release.release();
        assertThat(dispatcher.awaitIdle(Duration.ofSeconds(5))).isTrue();
        assertThat(served.get()).isEqualTo(1);
    }

    @Test
    void after_stop_nothing_starts() throws Exception {
        AtomicInteger served = new AtomicInteger();
        PoolDispatcher dispatcher = new PoolDispatcher("p", new PoolScheduler(SHARES, 1, 10),
                request -> served.incrementAndGet(), RequestCost::promptTokens, () -> 0);
        dispatcher.stop();
        dispatcher.offer(new Requests().of(Priority.BATCH, "t"));
        assertThat(dispatcher.awaitIdle(Duration.ofSeconds(1))).isTrue();
        assertThat(served.get()).isZero();
        assertThat(dispatcher.status().waiting()).isEqualTo(1);
    }
}
