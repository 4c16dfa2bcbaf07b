package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.health.HealthModel.Evidence;
import dev.signalbox.dispatcher.health.HealthTransitions.Transition;
import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.DeploymentState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The model's invariants, at each step of random histories. */
class HealthModelRandomTest {
    private static final String[] OUTCOMES = {"ANSWERED", "TIMEOUT", "OVERLOADED", "AUTH", "MODEL_NOT_FOUND",
            "RATE_LIMIT",
            "INVALID_REQUEST", "ENDPOINT_DEAD", "NOT_HEARD_OF"};
    private static final HealthRules RULES = HealthRules.DEFAULT;
    private static final Duration LONGEST_CALL = Duration.ofMinutes(2);

    @Test
    void invariantsHold() {
        histories(300);
    }

    @Test
    @Tag("long")
    void invariantsHoldForLong() {
        histories(30_000);
    }

    private static void histories(int count) {
        EnumSet<HealthSignal> met = EnumSet.noneOf(HealthSignal.class);
        for (long seed = 0; seed < count; seed++) {
            new History(seed).run(met);
        }
        assertThat(met).as("signals met").containsExactlyInAnyOrder(HealthSignal.values());
    }

    /** One deployment, several workers, phases of more and fewer failures; events may be late and come twice. */
    private static final class History {
        private final long seed;
        private final SplittableRandom random;
        private final HealthModel model = new HealthModel(RULES);
        private final List<Call> before = new ArrayList<>();
        private Standing standing = Standing.UNSEEN;
        private long now = 1_700_000_000_000L;
        private double trouble;
        private Evidence needed = Evidence.USUAL;

        History(long seed) {
            this.seed = seed;
            this.random = new SplittableRandom(seed);
        }

        void run(EnumSet<HealthSignal> met) {
            for (int step = 0; step < 400; step++) {
                if (random.nextInt(40) == 0) {
                    trouble = random.nextBoolean() ? 0 : random.nextDouble();
                }
                now += random.nextInt(20) == 0 ? random.nextLong(120_000) : random.nextLong(2_000);
                standing = turned();
                HealthStep taken = random.nextInt(5) == 0
                        ? model.onTime(standing, LONGEST_CALL, now)
                        : model.onCall(standing, call(), doubt(), LONGEST_CALL,
                                now - (random.nextInt(10) == 0 ? random.nextLong(3_000) : 0));
                check(taken);
                taken.changes().stream().map(Standing::signal).filter(signal -> signal != null).forEach(met::add);
                standing = taken.standing();
            }
        }

        private Standing turned() {
            String worker = "worker-" + random.nextInt(3);
            Standing turned = switch (random.nextInt(6)) {
                case 0 -> model.onClaimed(standing, worker, LONGEST_CALL, now);
                case 1 -> model.onStarted(standing, worker, "call " + before.size(), LONGEST_CALL, now);
                default -> standing;
            };
            assertThat(StandingSerde.read(StandingSerde.write(turned))).as("seed %d: stored form", seed)
                    .isEqualTo(turned);
            return turned;
        }

        private Evidence doubt() {
            needed = random.nextInt(10) == 0 ? Evidence.ONE_WORKER : Evidence.USUAL;
            return needed;
        }

        private Call call() {
            if (!before.isEmpty() && random.nextInt(20) == 0) {
                return before.get(random.nextInt(before.size()));
            }
            String outcome = random.nextDouble() < trouble ? OUTCOMES[random.nextInt(OUTCOMES.length)] : "ANSWERED";
            Call call = new Call("call " + before.size(), outcome, "worker-" + random.nextInt(3),
                    now - random.nextLong(30_000));
            before.add(call);
            return call;
        }

        private void check(HealthStep step) {
            Standing previous = standing;
            for (Standing change : step.changes()) {
                assertThat(change.version()).as("seed %d: version", seed).isEqualTo(previous.version() + 1);
                if (change.signal() != null) {
                    assertThat(HealthTransitions.TABLE).as("seed %d: move", seed)
                            .contains(new Transition(previous.state(), change.signal(), change.state()));
                    assertThat(change.previous()).isEqualTo(previous.state());
                }
                if (change.state() == DeploymentState.EJECTED) {
                    ejection(change);
                }
                previous = change;
            }
            Standing after = step.standing();
            assertThat(after.state()).as("seed %d: no silent change", seed).isEqualTo(previous.state());
            assertThat(after.version()).as("seed %d", seed).isEqualTo(previous.version());
            assertThat(after.window().slices().size()).as("seed %d: slices", seed).isLessThanOrEqualTo(14);
            assertThat(after.window().failed() + after.window().answered())
                    .isEqualTo(after.window().outcomes().entrySet()
                            .stream().filter(outcome -> outcome.getKey().equals(Blame.ANSWERED)
                                    || Blame.of(outcome.getKey()) != Blame.NOBODY)
                            .mapToLong(outcome -> outcome.getValue()).sum());
            assertThat(StandingSerde.read(StandingSerde.write(after))).as("seed %d: stored form", seed)
                    .isEqualTo(after);
        }

        private void ejection(Standing ejected) {
            long length = ejected.ejectedUntilMillis() - ejected.sinceMillis();
            assertThat(length).as("seed %d: length", seed).isEqualTo(RULES.ejection(ejected.ejections()).toMillis());
            if (ejected.signal() == HealthSignal.FAILING) {
                OutcomeWindow window = ejected.window();
                assertThat(needed == Evidence.ONE_WORKER || window.workersFailing() >= 2
                        || window.workersFailing() == window.workers().size()
                        || window.onlyCallerFails(ejected.sinceMillis(), RULES.silence()))
                        .as("seed %d: evidence %s", seed, ejected).isTrue();
                assertThat(window.failed()).as("seed %d: failures", seed).isPositive();
            }
        }
    }
}
