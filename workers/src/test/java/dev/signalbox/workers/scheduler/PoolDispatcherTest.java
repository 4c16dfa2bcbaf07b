package dev.signalbox.workers.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.scheduler.RequestTask.Readiness;
import dev.signalbox.workers.scheduler.RequestTask.Step;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class PoolDispatcherTest {
    private static final Map<Priority, PriorityShare> SHARES = Map.of(Priority.STANDARD, new PriorityShare(3, 0.1),
            Priority.BATCH, new PriorityShare(1, 0.1));

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    private PoolDispatcher dispatcher(PoolScheduler model, Consumer<InboundRequest> runner) {
        return dispatcherOf(model, request -> new Requests.Task(request, "r", Set.of(), () -> Readiness.READY, () -> {
            runner.accept(request);
            return Step.ENDED;
        }));
    }

    private PoolDispatcher dispatcherOf(PoolScheduler model, Function<InboundRequest, RequestTask> begin) {
        return new PoolDispatcher("p", model, Requests.tasks(begin), RequestCost::promptTokens, () -> 0,
                System::nanoTime, timer);
    }

    @Test
    void every_offered_request_is_served_once_and_never_more_at_once_than_slots() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Set<String> served = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(4_000);
        PoolDispatcher dispatcher = dispatcher(new PoolScheduler(SHARES, 16, 50), request -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            Thread.yield();
            assertThat(served.add(request.lane() + request.id())).isTrue();
            running.decrementAndGet();
            all.countDown();
            if (request.id().equals("r7")) {
                throw new IllegalArgumentException("a defect of the runner");
            }
        });
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
        PoolDispatcher dispatcher = dispatcher(new PoolScheduler(SHARES, 1, 2), request -> {
            release.acquireUninterruptibly();
            served.incrementAndGet();
        });
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
        PoolDispatcher dispatcher = dispatcher(new PoolScheduler(SHARES, 1, 10), request -> served.incrementAndGet());
        dispatcher.stop();
        dispatcher.offer(new Requests().of(Priority.BATCH, "t"));
        assertThat(dispatcher.awaitIdle(Duration.ofSeconds(1))).isTrue();
        assertThat(served.get()).isZero();
        assertThat(dispatcher.status().waiting()).isEqualTo(1);
    }

    /**
     * Six thousand requests of three routes with 1, 2 and 40 calls at once, half of whose calls fail once, and a timer that
     * never fires: a wakeup that is lost would leave some waiting for ever.
     */
    @Test
    @Tag("issue-4")
    void noWakeupIsLostAndNoPermitEither() throws Exception {
        try (ScheduledThreadPoolExecutor never = new ScheduledThreadPoolExecutor(1) {
            @Override
            public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
                return super.schedule(() -> {
                }, 1, TimeUnit.DAYS);
            }
        }) {
            never.setRemoveOnCancelPolicy(true);
            Map<DeploymentName, Semaphore> permits = Map.of(deployment(0), new Semaphore(1), deployment(1),
                    new Semaphore(2), deployment(2), new Semaphore(40));
            CountDownLatch all = new CountDownLatch(6_000);
            PoolDispatcher[] self = new PoolDispatcher[1];
            PoolDispatcher dispatcher = new PoolDispatcher("p", new PoolScheduler(SHARES, 20, 5_000),
                    Requests.tasks(request -> {
                        DeploymentName at = deployment((int) (request.ticket().offset() % 3));
                        Semaphore permit = Optional.ofNullable(permits.get(at)).orElseThrow();
                        AtomicInteger calls = new AtomicInteger();
                        return new Requests.Task(request, at.place(), Set.of(at),
                                () -> permit.tryAcquire()
                                        ? Readiness.READY
                                        : new Readiness.Busy(Set.of(at), Long.MAX_VALUE),
                                () -> {
                                    Thread.yield();
                                    permit.release();
                                    self[0].freed(at);
                                    if (calls.incrementAndGet() == 1 && request.ticket().offset() % 2 == 0) {
                                        return new Step.Again(Duration.ZERO);
                                    }
                                    all.countDown();
                                    return Step.ENDED;
                                });
                    }), RequestCost::promptTokens, () -> 0, System::nanoTime, never);
            self[0] = dispatcher;
            Thread[] producers = new Thread[2];
            for (int i = 0; i < 2; i++) {
                Priority priority = i == 0 ? Priority.STANDARD : Priority.BATCH;
                Requests requests = new Requests();
                producers[i] = Thread.ofVirtual().start(() -> {
                    for (int n = 0; n < 3_000; n++) {
                        dispatcher.offer(requests.of(priority, "t" + n % 3));
                    }
                });
            }
            for (Thread producer : producers) {
                producer.join();
            }
            assertThat(all.await(30, TimeUnit.SECONDS)).as("%d left: %s", all.getCount(), dispatcher.status()).isTrue();
            assertThat(dispatcher.awaitIdle(Duration.ofSeconds(5))).isTrue();
            assertThat(permits.values().stream().mapToInt(Semaphore::availablePermits).sum()).isEqualTo(43);
            assertThat(dispatcher.status().waiting()).isZero();
        }
    }

    private static DeploymentName deployment(int number) {
        return new DeploymentName("d" + number, "m");
    }

    /** Stopped while some wait and one runs: that one ends, the others are forgotten with their partition. */
    @Test
    @Tag("issue-4")
    void whatWaitsWhenItIsStoppedStaysBehindAndWhatRunsGoesOn() throws Exception {
        Semaphore release = new Semaphore(0);
        AtomicInteger calls = new AtomicInteger();
        DeploymentName at = deployment(0);
        AtomicInteger permits = new AtomicInteger(1);
        Requests requests = new Requests();
        PoolDispatcher dispatcher = dispatcherOf(new PoolScheduler(SHARES, 4, 10),
                request -> new Requests.Task(request, "r", Set.of(at),
                        () -> permits.getAndUpdate(left -> Math.max(0, left - 1)) > 0
                                ? Readiness.READY
                                : new Readiness.Busy(Set.of(at), Long.MAX_VALUE),
                        () -> {
                            release.acquireUninterruptibly();
                            permits.incrementAndGet();
                            return calls.incrementAndGet() == 1 ? new Step.Again(Duration.ZERO) : Step.ENDED;
                        }));
        InboundRequest first = requests.of(Priority.BATCH, "t");
        dispatcher.offer(first);
        dispatcher.offer(requests.of(Priority.BATCH, "t"));
        assertThat(dispatcher.status().inFlight()).as("the other waits without a slot").isEqualTo(1);
        dispatcher.stop();
        release.release();
        assertThat(dispatcher.awaitIdle(Duration.ofSeconds(5))).isTrue();
        assertThat(calls.get()).isEqualTo(1);
        assertThat(dispatcher.status().waiting()).as("the first one's way is shut").isEqualTo(2);
        dispatcher.forget(first.ticket().partition(), 1);
        assertThat(dispatcher.status().waiting()).isZero();
    }

    /** Two calls have ended, one a second, and a thousand have arrived in the ten seconds since. */
    private static PoolScheduler shortOfCapacity(AtomicLong now) {
        PoolScheduler model = new PoolScheduler(SHARES, 1, 1_000_000,
                new PoolRules(Tenant::ofDefault, () -> Set.of(Priority.BATCH)));
        Requests requests = new Requests();
        for (int i = 0; i < 2; i++) {
            Requests.offer(model, requests.of(Priority.BATCH, "t"), 1);
            model.finished(Requests.next(model, 0).orElseThrow(), 1, now.addAndGet(1_000_000_000L));
        }
        for (int i = 0; i < 1_000; i++) {
            InboundRequest request = requests.of(Priority.BATCH, "t");
            model.arrived(request, 1, 0, now.addAndGet(10_000_000L));
            Requests.offer(model, request, 1);
        }
        assertThat(Requests.next(model, 0)).as("it holds the one slot").isPresent();
        return model;
    }

    @Test
    @Tag("issue-6")
    void one_that_is_shed_is_answered_and_one_that_cannot_be_told_waits() {
        AtomicLong now = new AtomicLong();
        AtomicBoolean told = new AtomicBoolean(true);
        AtomicInteger shed = new AtomicInteger();
        RequestTasks tasks = new RequestTasks() {
            @Override
            public RequestTask begin(InboundRequest request) {
                return Requests.task(request);
            }

            @Override
            public boolean shed(InboundRequest request, ShedReceipt receipt) {
                shed.incrementAndGet();
                return told.get();
            }
        };
        PoolDispatcher dispatcher = new PoolDispatcher("p", shortOfCapacity(now), tasks, RequestCost::promptTokens,
                () -> 0, now::get, timer);
        int waiting = dispatcher.status().waiting();
        Requests requests = new Requests();
        for (int i = 0; i < 20; i++) {
            dispatcher.offer(requests.of(Priority.BATCH, "t"));
        }
        int answered = shed.get();
        assertThat(answered).isBetween(10, 20);
        assertThat(dispatcher.status().waiting()).isEqualTo(waiting + 20 - answered);
        told.set(false);
        for (int i = 0; i < 20; i++) {
            dispatcher.offer(requests.of(Priority.BATCH, "t"));
        }
        assertThat(shed.get()).isGreaterThan(answered);
        assertThat(dispatcher.status().waiting()).isEqualTo(waiting + 40 - answered);
    }
}
