package dev.signalbox.system.simulation;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Vendors that answer, hang, refuse, and break off in mid-stream, each call by chance. It keeps a call's limits as the real stage does. */
final class SimulatedVendors implements VendorClient {
    private static final long ASKED_EACH_NANOS = 50 * Simulation.MILLI;

    private final Simulation simulation;
    private final SimulatedProcess process;
    private final SimulatedWorld world;

    SimulatedVendors(SimulatedWorld world, SimulatedProcess process) {
        this.world = world;
        this.simulation = world.simulation;
        this.process = process;
    }

    /** A limit or an interrupt ended the call. */
    private static final class Ended extends Exception {
        private static final long serialVersionUID = 1;
        private final FailureClass why;

        Ended(FailureClass why) {
            this.why = why;
        }
    }

    private final class Running {
        private final Call call;
        private final TokenSink sink;
        private final CallTimeouts limits;
        private final long started = simulation.nanos();
        private final StringBuilder text = new StringBuilder();
        private Optional<Duration> firstToken = Optional.empty();

        Running(Call call, TokenSink sink) {
            this.call = call;
            this.sink = sink;
            this.limits = call.deployment().timeouts();
            call.continues().ifPresent(before -> text.append(before.text()));
        }

        AttemptOutcome run() {
            int kind = simulation.random.nextInt(100);
            int hanging = world.isCalm() ? 0 : 8;
            int refusing = world.isCalm() ? 2 : 10;
            try {
                if (kind < hanging) {
                    world.hit(Fault.HANGING_VENDOR, process);
                    silence(limits.firstToken());
                }
                if (kind < hanging + refusing) {
                    world.hit(Fault.REFUSING_VENDOR, process);
                    pause(1, 60);
                    return refused(kind % 3);
                }
                if (!world.isCalm() && simulation.oneIn(8)) {
                    world.hit(Fault.LATE_TOKEN, process);
                    pause(300, 700);
                }
                pause(5, 250);
                if (call.continues().isPresent() && simulation.oneIn(6)) {
                    return failed(FailureClass.INVALID_REQUEST, OptionalInt.of(400), Optional.empty());
                }
                return call.streamed() ? stream() : answered();
            } catch (Ended ended) {
                return failed(ended.why, OptionalInt.empty(), Optional.empty());
            }
        }

        private AttemptOutcome stream() throws Ended {
            int tokens = 1 + simulation.random.nextInt(8);
            int broken = !world.isCalm() && simulation.oneIn(6) ? simulation.random.nextInt(tokens + 1) : -1;
            for (int i = 0; i < tokens; i++) {
                if (i == broken) {
                    world.hit(Fault.BROKEN_STREAM, process);
                    switch (simulation.random.nextInt(3)) {
                        case 0 -> throw new Ended(FailureClass.CONNECTION_LOST);
                        case 1 -> throw new Ended(FailureClass.TRUNCATED);
                        default -> silence(limits.tokenGap());
                    }
                }
                String delta = call.requestId() + ":" + call.deployment().name().place() + i + " ";
                if (i == 0) {
                    firstToken = Optional.of(Duration.ofNanos(simulation.nanos() - started));
                    world.coverage.moved(process, call.requestId(), Stage.STREAMING);
                }
                sink.token(ChunkKind.TEXT, 0, delta, null);
                text.append(delta);
                pause(0, simulation.oneIn(5) ? 150 : 25);
            }
            return answered();
        }

        /** Nothing comes until that limit, the total or the request's time is over. */
        private void silence(Duration limit) throws Ended {
            sleep(limit.toNanos());
            throw new Ended(FailureClass.TIMEOUT);
        }

        private void pause(long fromMillis, long toMillis) throws Ended {
            sleep(simulation.between(fromMillis, toMillis));
        }

        private void sleep(long nanos) throws Ended {
            long spent = simulation.nanos() - started;
            long left = Math.min(limits.total().toNanos(), call.timeLeft().toNanos()) - spent;
            try {
                long until = simulation.nanos() + Math.min(nanos, left);
                while (until > simulation.nanos()) {
                    if (!sink.goesOn()) {
                        throw new Ended(FailureClass.CANCELLED);
                    }
                    Simulated.sleep(Duration.ofNanos(Math.min(ASKED_EACH_NANOS, until - simulation.nanos())));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new Ended(FailureClass.CANCELLED);
            }
            if (nanos >= left) {
                throw new Ended(call.timeLeft().compareTo(limits.total()) < 0
                        ? FailureClass.DEADLINE
                        : FailureClass.TIMEOUT);
            }
        }

        private AttemptOutcome refused(int how) {
            return switch (how) {
                case 0 -> failed(FailureClass.RATE_LIMIT, OptionalInt.of(429),
                        Optional.of(Duration.ofMillis(simulation.random.nextInt(1_500))));
                case 1 -> failed(FailureClass.OVERLOADED, OptionalInt.of(529), Optional.empty());
                default -> failed(FailureClass.SERVER_ERROR, OptionalInt.of(500), Optional.empty());
            };
        }

        private AttemptOutcome failed(FailureClass why, OptionalInt status, Optional<Duration> retryAfter) {
            world.coverage.moved(process, call.requestId(), Stage.PAUSING);
            Optional<byte[]> partial = text.isEmpty() ? Optional.empty() : Optional.of(body());
            return new AttemptOutcome.Failed(new AttemptFailure(why, status, "simulated", retryAfter), partial,
                    Optional.empty(), times());
        }

        private AttemptOutcome answered() {
            world.coverage.moved(process, call.requestId(), Stage.PUBLISHING);
            return new AttemptOutcome.Answered(body(), Optional.of("stop"), Optional.of("simulated"),
                    Optional.of(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(20L).build()), List.of(),
                    times());
        }

        private byte[] body() {
            return SimulatedVendors.body(text).getBytes(StandardCharsets.UTF_8);
        }

        private AttemptOutcome.CallTimes times() {
            return new AttemptOutcome.CallTimes(Duration.ofNanos(simulation.nanos() - started), firstToken);
        }
    }

    /** An answer's body that has this text. */
    static String body(CharSequence text) {
        return "{\"text\":\"" + text + "\"}";
    }

    @Override
    public AttemptOutcome call(Call call, TokenSink sink) {
        simulation.note("call", call.requestId() + " " + call.deployment().name(), call.timeLeft().toMillis(), 0);
        Running running = new Running(call, sink);
        if (call.timeLeft().isNegative() || call.timeLeft().isZero()) {
            // As the real stage: time may have passed since the request's was looked at, in a worker that stood still.
            return running.failed(FailureClass.DEADLINE, OptionalInt.empty(), Optional.empty());
        }
        world.called(process, call);
        AttemptOutcome outcome = running.run();
        simulation.note("called", call.requestId() + " " + outcome.getClass().getSimpleName(), 0, 0);
        return outcome;
    }
}
