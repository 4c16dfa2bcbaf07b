package dev.signalbox.system.simulation;

import dev.signalbox.workers.SimulatedWorker;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A place where one worker process after another runs. */
final class WorkerSlot {
    private static final Duration DRAIN = Duration.ofSeconds(5);

    private final SimulatedWorld world;
    private final Simulation simulation;
    private final String name;
    private int incarnation;
    private @Nullable SimulatedProcess process;
    private @Nullable SimulatedWorker worker;
    private boolean retired;
    private boolean stopping;
    private boolean closed;
    private boolean drained;

    WorkerSlot(SimulatedWorld world, String name) {
        this.world = world;
        this.simulation = world.simulation;
        this.name = name;
    }

    /** The process, if one serves. */
    @Nullable
    SimulatedProcess process() {
        return stopping ? null : process;
    }

    void start() {
        SimulatedProcess started = new SimulatedProcess(simulation, name + "." + incarnation++);
        process = started;
        worker = null;
        stopping = false;
        closed = false;
        SimulatedBroker broker = world.broker;
        started.thread("main", () -> worker = new SimulatedWorker(world.settings(),
                new SimulatedWorker.World(properties -> new SimulatedConsumer(broker, started, properties),
                        () -> new SimulatedProducer(broker, started), world.vendors(started))))
                .start();
    }

    void kill() {
        SimulatedProcess killed = process;
        if (killed != null) {
            killed.kill();
            process = null;
            List.copyOf(world.broker.producers).stream().filter(each -> each.process() == killed)
                    .forEach(SimulatedProducer::processDied);
            List.copyOf(world.broker.consumers).stream().filter(each -> each.process() == killed).forEach(each -> {
                world.broker.consumers.remove(each);
                simulation.after(SimulatedGroup.SESSION_NANOS, () -> world.broker.group.remove(each.member()));
            });
            simulation.after(simulation.between(10, 3_000), this::startIfVacant);
        }
    }

    private void startIfVacant() {
        if (process == null && !retired) {
            start();
        }
    }

    void freeze(long nanos) {
        SimulatedProcess frozen = process;
        if (frozen != null) {
            frozen.freeze(nanos);
            if (nanos > SimulatedGroup.SESSION_NANOS) {
                simulation.after(SimulatedGroup.SESSION_NANOS, () -> world.broker.consumers.stream()
                        .filter(each -> each.process() == frozen).toList()
                        .forEach(each -> world.broker.group.remove(each.member())));
            }
        }
    }

    void restart() {
        stop();
        awaitGone(this::checkGoneAndStart);
    }

    private void checkGoneAndStart() {
        checkGone();
        process = null;
        startIfVacant();
    }

    private void awaitGone(Runnable then) {
        simulation.after(50 * Simulation.MILLI, () -> {
            if (isGone()) {
                then.run();
            } else {
                awaitGone(then);
            }
        });
    }

    /** Stops, and nothing starts here any more. */
    void retire() {
        retired = true;
        stop();
    }

    /** Drains and closes, as on SIGTERM. */
    private void stop() {
        SimulatedProcess stopped = process;
        if (stopped == null || stopping) {
            return;
        }
        stopping = true;
        stopped.thread("shutdown", () -> {
            SimulatedWorker running = worker;
            while (running == null) {
                Simulated.parkNanos(Simulation.MILLI);
                running = worker;
            }
            drained = running.close(DRAIN);
            closed = true;
        }).start();
    }

    boolean isGone() {
        SimulatedProcess stopped = process;
        return stopped == null || (closed && (!drained || (stopped.threads() == 0 && simulation.isIdle(stopped))));
    }

    /** Once all that ran has ended and the worker is closed, nothing of it may be left. */
    void checkGone() {
        SimulatedProcess stopped = process;
        if (stopped != null && !isGone()) {
            simulation.violated(
                    stopped.name() + (closed ? " has left " + stopped.threads() + " threads" : " does not stop"));
        }
        if (stopped != null) {
            stopped.kill();
        }
    }

    /** From now on the place is not vacant for long. */
    void mustServe() {
        if (process == null) {
            startIfVacant();
        }
    }

    void checkBounds() {
        SimulatedWorker running = worker;
        SimulatedProcess of = process;
        if (running != null && of != null && !closed && !of.isDead()) {
            of.thread("probe", () -> world.checkBounds(of, running.intake().pendingRecords(),
                    running.scheduler().waiting(), running.scheduler().inFlight())).start();
            running.intake().failure().ifPresent(failure -> simulation
                    .violated("intake of " + of.name() + " ended: " + failure));
        }
    }
}
