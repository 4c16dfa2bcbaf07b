package dev.signalbox.dispatcher.health;

import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.DeploymentState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * Whether a deployment is to be used, from what all workers report of it. Pure; times are ms on the broker's clock.
 *
 * <p>INVARIANTS: a state changes only along {@link HealthTransitions}, and the version by one with it; outcomes that blame
 * nobody never change a state; it is ejected only with failures seen by two workers, or by all that call it, by one where
 * others of its failure domain are out, or by its endpoint's own word. A call counted twice, as after a crash of the dispatcher, moves a rate a little and breaks nothing.
 */
final class HealthModel {
    private final HealthRules rules;

    HealthModel(HealthRules rules) {
        this.rules = rules;
    }

    HealthRules rules() {
        return rules;
    }

    /** How much it takes to eject a deployment. */
    enum Evidence {
        /** Failures that two workers saw, or all that call it. */
        USUAL,
        /** Those of one worker: others of its failure domain are out. */
        ONE_WORKER
    }

    /**
     * After a call that ended now.
     *
     * @param longestCall no call of the deployment takes longer, the report of its end included
     */
    HealthStep onCall(Standing before, Call call, Evidence needed, Duration longestCall, long nowMillis) {
        List<Standing> changes = new ArrayList<>();
        Standing standing = before;
        if (standing.version() == 0) {
            standing = changed(standing.seen(nowMillis), changes);
        }
        standing = passTime(standing, longestCall, nowMillis, changes);
        standing = standing.withProbe(standing.probe().ended(call.worker(), call.id(), nowMillis));
        if (call.startedMillis() >= standing.countsFromMillis()) {
            standing = judge(standing.plus(call, nowMillis, rules), call, needed, nowMillis, changes);
        }
        return new HealthStep(standing, changes);
    }

    /** A worker has a call that would try it. */
    Standing onClaimed(Standing before, String worker, Duration longestCall, long nowMillis) {
        return before.state() == DeploymentState.PROBING
                ? before.withProbe(present(before, longestCall, nowMillis).claimed(worker, nowMillis))
                : before;
    }

    /** A worker has begun a call. */
    Standing onStarted(Standing before, String worker, String id, Duration longestCall, long nowMillis) {
        return before.state() == DeploymentState.PROBING
                ? before.withProbe(present(before, longestCall, nowMillis).started(worker, id, nowMillis))
                : before;
    }

    private static ProbeTurn present(Standing standing, Duration longestCall, long nowMillis) {
        return standing.probe().at(nowMillis, longestCall);
    }

    /** With no call, but time that passed. */
    HealthStep onTime(Standing before, Duration longestCall, long nowMillis) {
        List<Standing> changes = new ArrayList<>();
        return new HealthStep(passTime(before, longestCall, nowMillis, changes), changes);
    }

    private Standing passTime(Standing before, Duration longestCall, long nowMillis, List<Standing> changes) {
        Standing standing = before.withWindow(before.window().at(nowMillis, rules));
        return switch (standing.state()) {
            case EJECTED -> nowMillis >= standing.ejectedUntilMillis()
                    ? changed(standing.moved(HealthSignal.TIME_SERVED, "its ejection is over: it is tried", nowMillis)
                            .afresh(nowMillis), changes)
                    : standing;
            case DEGRADED -> calmed(standing, nowMillis, changes);
            case PROBING -> standing.withProbe(present(standing, longestCall, nowMillis));
            case HEALTHY -> standing;
        };
    }

    private Standing judge(Standing standing, Call call, Evidence needed, long nowMillis, List<Standing> changes) {
        return switch (standing.state()) {
            case HEALTHY, DEGRADED -> {
                if (call.blame() == Blame.ENDPOINT_AT_ONCE) {
                    yield eject(standing, HealthSignal.DEAD,
                            call.outcome() + ": it says itself that it will not recover",
                            nowMillis, changes);
                }
                if (failing(standing, needed, nowMillis)) {
                    yield eject(standing, HealthSignal.FAILING, switch (needed) {
                        case USUAL -> evidence(standing);
                        case ONE_WORKER -> evidence(standing) + "; others of its failure domain are out";
                    }, nowMillis, changes);
                }
                yield standing.state() == DeploymentState.HEALTHY
                        ? worried(standing, nowMillis, changes)
                        : calmed(standing, nowMillis, changes);
            }
            case EJECTED -> standing;
            case PROBING -> {
                if (call.blame() != Blame.NOBODY) {
                    yield eject(standing, HealthSignal.PROBE_FAILED,
                            "a call after its ejection failed: " + call.outcome(),
                            nowMillis, changes);
                }
                yield standing.probesAnswered() < rules.probes()
                        ? standing
                        : changed(standing.moved(HealthSignal.PROBES_ANSWERED,
                                rules.probes() + " calls after its ejection were answered", nowMillis), changes);
            }
        };
    }

    private boolean failing(Standing standing, Evidence needed, long nowMillis) {
        OutcomeWindow window = standing.window();
        int workers = switch (needed) {
            case USUAL -> rules.workers();
            case ONE_WORKER -> 1;
        };
        int failing = window.workersFailing();
        int row = standing.consecutiveFailures();
        boolean seen = failing >= workers || window.onlyCallerFails(nowMillis, rules.silence());
        boolean silent = nowMillis - window.lastAnswerMillis().orElse(0) >= rules.silence().toMillis();
        boolean often = window.errorRate() >= rules.ejectedRate();
        boolean first = silent && row >= rules.firstFailures() && seen
                && !(standing.state() == DeploymentState.DEGRADED
                        && nowMillis - standing.sinceMillis() >= rules.window().toMillis())
                && !ejectedOfLate(standing, nowMillis);
        boolean enough = first || row >= rules.consecutiveFailures()
                || (often && ((silent && row >= rules.silentFailures()) || window.calls() >= rules.ejectedCalls()));
        return enough && (seen || failing == window.workers().size());
    }

    private Standing worried(Standing standing, long nowMillis, List<Standing> changes) {
        OutcomeWindow window = standing.window();
        return window.calls() >= rules.degradedCalls() && window.errorRate() >= rules.degradedRate()
                && window.suspect().isEmpty()
                        ? changed(standing.moved(HealthSignal.ERRORS_RISING, evidence(standing), nowMillis), changes)
                        : standing;
    }

    private Standing calmed(Standing standing, long nowMillis, List<Standing> changes) {
        boolean told = standing.window().calls() >= rules.degradedCalls()
                || nowMillis - standing.sinceMillis() >= rules.calmAfter().toMillis();
        return told && standing.window().errorRate() < rules.healthyRate()
                ? changed(standing.moved(HealthSignal.ERRORS_GONE, evidence(standing), nowMillis), changes)
                : standing;
    }

    private Standing eject(Standing standing, HealthSignal signal, String why, long nowMillis, List<Standing> changes) {
        int number = ejectedOfLate(standing, nowMillis) ? standing.ejections() + 1 : 1;
        return changed(standing.moved(signal, why, nowMillis).ejected(number,
                nowMillis + rules.ejection(number).toMillis(), probers(standing, number)), changes);
    }

    private boolean ejectedOfLate(Standing standing, long nowMillis) {
        return standing.ejections() > 0
                && nowMillis - standing.ejectedUntilMillis() < rules.ejectionsForgotten().toMillis();
    }

    /** Those that called it, each time beginning with another one; where they call it seldom, whoever claims it first. */
    private static ProbeTurn probers(Standing standing, int number) {
        OutcomeWindow window = standing.window();
        TreeSet<String> workers = new TreeSet<>(standing.probe().workers());
        if (window.busy()) {
            workers.addAll(window.workers().keySet());
        }
        return standing.probe().next(workers.stream().limit(OutcomeWindow.MAX_WORKERS).toList(),
                number % (workers.size() + 1));
    }

    private static Standing changed(Standing standing, List<Standing> changes) {
        changes.add(standing);
        return standing;
    }

    /** What the decision rests on, for a person. */
    private static String evidence(Standing standing) {
        OutcomeWindow window = standing.window();
        String text = String.format(Locale.ROOT, "%d of %d calls failed, %d in a row, seen by %d of %d workers",
                window.failed(), window.calls(), standing.consecutiveFailures(), window.workersFailing(),
                window.workers().size());
        return window.commonestFailure().map(failure -> text + "; mostly " + failure).orElse(text);
    }
}
