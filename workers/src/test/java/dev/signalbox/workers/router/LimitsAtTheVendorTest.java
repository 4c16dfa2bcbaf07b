package dev.signalbox.workers.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Deployment;
import dev.signalbox.workers.router.CallUse.End;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Demand without end against a vendor that counts by its own clock of events: a request and its input when they arrive,
 * output both when the request arrives and as it is given, calls at once until it has ended them or has noticed that the
 * caller hung up. The network takes a random time each way, now and then seconds. In no sliding minute does the vendor count
 * more than a limit, and of the one that binds at least 90 % are used.
 */
@Tag("issue-3")
class LimitsAtTheVendorTest {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final int SHORT_SEEDS = 300;
    private static final int LONG_SEEDS = 5_000;

    /** Which limit the demand meets first. */
    private enum Binding {
        CONCURRENCY,
        REQUESTS,
        INPUT,
        OUTPUT
    }

    private record Event(long atNanos, long order, Runnable run) {
    }

    @Test
    void theVendorNeverCountsMoreThanALimitAndNinetyPercentAreUsed() {
        run(SHORT_SEEDS);
    }

    @Test
    @Tag("long")
    void theVendorNeverCountsMoreThanALimitForThousandsOfSeeds() {
        run(LONG_SEEDS);
    }

    private static void run(int seeds) {
        double least = 1;
        for (long seed = 1; seed <= seeds; seed++) {
            least = Math.min(least, new Run(seed).judged());
        }
        System.out.printf("limits at the vendor: %d seeds, none exceeded, least use of the one that binds %.1f %%%n",
                seeds, least * 100);
    }

    private static final class Run {
        private static final long END = 300 * SECOND;

        private final long seed;
        private final SplittableRandom random;
        private final Binding binding;
        private final long atOnce;
        private final long requestsPerMinute;
        private final long inputPerMinute;
        private final long outputPerMinute;
        private final long longestCallMillis;
        private final DeploymentLimits limits;
        private final PriorityQueue<Event> events = new PriorityQueue<>((a, b) -> a.atNanos() != b.atNanos()
                ? Long.compare(a.atNanos(), b.atNanos())
                : Long.compare(a.order(), b.order()));
        private long order;
        private long now;
        private long askedAgainFor = Long.MAX_VALUE;
        private CallNeed next;
        private final VendorCount requests = new VendorCount();
        private final VendorCount input = new VendorCount();
        private final VendorCount outputAtArrival = new VendorCount();
        private final VendorCount outputAsGiven = new VendorCount();
        private long running;
        private long mostAtOnce;
        private double busyNanos;
        private long busySince;

        Run(long seed) {
            this.seed = seed;
            this.random = new SplittableRandom(seed);
            this.binding = Binding.values()[(int) (seed % Binding.values().length)];
            this.requestsPerMinute = binding == Binding.REQUESTS ? 60 + random.nextInt(400) : 40_000;
            this.inputPerMinute = binding == Binding.INPUT ? 50_000 + random.nextInt(200_000) : 40_000_000;
            this.outputPerMinute = binding == Binding.OUTPUT ? 20_000 + random.nextInt(100_000) : 40_000_000;
            this.longestCallMillis = binding == Binding.OUTPUT ? 6_000 : 40_000;
            this.atOnce = binding == Binding.CONCURRENCY ? 4 + random.nextInt(40) : 1_000;
            this.limits = new DeploymentLimits(new Deployment.Limits(OptionalInt.of((int) atOnce),
                    OptionalInt.of((int) requestsPerMinute), OptionalInt.of((int) inputPerMinute),
                    OptionalInt.of((int) outputPerMinute)));
            this.next = need();
        }

        private CallNeed need() {
            long output = 20 + random.nextLong(300);
            return new CallNeed(50 + random.nextLong(800), output);
        }

        /** Part of the binding limit that was used. */
        double judged() {
            ask();
            while (!events.isEmpty() && events.element().atNanos() < END) {
                Event event = events.remove();
                now = event.atNanos();
                event.run().run();
            }
            assertThat(mostAtOnce).as("calls at once, seed %d", seed).isLessThanOrEqualTo(atOnce);
            assertThat(requests.most()).as("requests, seed %d", seed).isLessThanOrEqualTo(requestsPerMinute);
            assertThat(input.most()).as("input, seed %d", seed).isLessThanOrEqualTo(inputPerMinute);
            assertThat(outputAtArrival.most()).as("output at arrival, seed %d", seed)
                    .isLessThanOrEqualTo(outputPerMinute);
            assertThat(outputAsGiven.most()).as("output as given, seed %d", seed).isLessThanOrEqualTo(outputPerMinute);
            double used = switch (binding) {
                case CONCURRENCY -> busyNanos / atOnce / END;
                case REQUESTS -> requests.used(requestsPerMinute, END);
                case INPUT -> input.used(inputPerMinute, END);
                case OUTPUT -> outputAsGiven.used(outputPerMinute, END);
            };
            assertThat(used).as("%s used, seed %d", binding, seed).isGreaterThanOrEqualTo(0.9);
            return used;
        }

        private void at(long atNanos, Runnable run) {
            events.add(new Event(atNanos, order++, run));
        }

        /** As many calls as may start; then again when a call ends or a minute lapses. */
        private void ask() {
            while (true) {
                switch (limits.check(next, now)) {
                    case LimitVerdict.Now admitted -> {
                        new SimulatedCall(limits.reserve(next, now)).start();
                        next = need();
                    }
                    case LimitVerdict.At(long nanos, String why) -> {
                        assertThat(nanos).isGreaterThan(now);
                        if (nanos < askedAgainFor || askedAgainFor <= now) {
                            askedAgainFor = nanos;
                            at(nanos, this::ask);
                        }
                        return;
                    }
                    case LimitVerdict.OnRelease release -> {
                        return;
                    }
                    case LimitVerdict.Never never -> throw new AssertionError(never.why());
                }
            }
        }

        private void atVendor(int difference) {
            busyNanos += (double) running * (now - busySince);
            busySince = now;
            running += difference;
            mostAtOnce = Math.max(mostAtOnce, running);
        }

        /** One way of the network: 5 to 60 ms, of a hundred calls one 0.5 to 3.9 s. */
        private long delay() {
            return random.nextInt(100) == 0
                    ? 500 * MILLI + random.nextLong(3_400 * MILLI)
                    : 5 * MILLI + random.nextLong(55 * MILLI);
        }

        private final class SimulatedCall {
            private final Reservation reservation;
            private final long output;
            private final long toVendor = delay();
            private final long back = 5 * MILLI + random.nextLong(55 * MILLI);
            private final long lengthNanos = 50 * MILLI + random.nextLong(longestCallMillis * MILLI);
            private boolean over;
            private boolean overAtVendor;

            SimulatedCall(Reservation reservation) {
                this.reservation = reservation;
                this.output = reservation.need.outputTokens()
                        - random.nextLong(reservation.need.outputTokens() / 20 + 1);
            }

            /** Of a hundred calls, two never reach the vendor, two are given up halfway, two are lost at the vendor. */
            void start() {
                long sent = now + random.nextLong(150 * MILLI);
                int fate = binding == Binding.OUTPUT ? 50 : random.nextInt(100);
                if (fate < 2) {
                    at(sent, () -> end(End.BY_VENDOR, 0));
                    return;
                }
                at(sent, () -> limits.sent(reservation, now));
                at(sent + toVendor, this::arrive);
                long half = sent + toVendor + lengthNanos / 2;
                if (fate < 4) {
                    at(half, () -> {
                        end(End.BY_US, 0);
                        long notices = now + random.nextLong(DeploymentLimits.LINGER_MILLIS * MILLI);
                        at(notices, this::leave);
                    });
                } else if (fate < 6) {
                    at(half, this::leave);
                    at(half + back, () -> end(End.BY_VENDOR, 0));
                } else {
                    at(sent + toVendor + lengthNanos, this::leave);
                    at(sent + toVendor + lengthNanos + back, () -> end(End.BY_VENDOR, output));
                }
            }

            private void arrive() {
                atVendor(1);
                requests.add(1, now);
                input.add(reservation.need.inputTokens(), now);
                outputAtArrival.add(output, now);
                long first = random.nextLong(lengthNanos / 2);
                at(now + first + back, () -> {
                    if (!over) {
                        limits.responded(reservation, now);
                    }
                });
                give(first, 0);
            }

            /** Ten pieces between the first token and the end; the caller sees each a moment later. */
            private void give(long firstNanos, int piece) {
                if (piece == 10) {
                    return;
                }
                long amount = output * (piece + 1) / 10 - output * piece / 10;
                at(now + (piece == 0 ? firstNanos : (lengthNanos - firstNanos) / 10), () -> {
                    if (!overAtVendor) {
                        outputAsGiven.add(amount, now);
                        at(now + back, () -> {
                            if (!over) {
                                limits.given(reservation, amount, now);
                            }
                        });
                        give(firstNanos, piece + 1);
                    }
                });
            }

            private void leave() {
                overAtVendor = true;
                atVendor(-1);
            }

            private void end(End end, long given) {
                over = true;
                limits.settle(reservation, new CallUse(end, OptionalLong.empty(), OptionalLong.of(given)), now);
                ask();
            }
        }
    }
}
