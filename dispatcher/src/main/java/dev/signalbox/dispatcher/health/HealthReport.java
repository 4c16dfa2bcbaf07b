package dev.signalbox.dispatcher.health;

import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import dev.signalbox.schemas.avro.LatencyWindow;
import java.util.List;

/** A standing as it is published and shown. */
final class HealthReport {
    private HealthReport() {
    }

    static DeploymentHealth of(String deployment, Standing standing, List<LatencyWindow> latency, HealthRules rules,
            long asOfMillis) {
        OutcomeWindow window = standing.window();
        HealthSignal signal = standing.signal();
        String worker = standing.state() == DeploymentState.PROBING ? standing.probe().worker() : null;
        boolean ejected = standing.state() == DeploymentState.EJECTED;
        return DeploymentHealth.newBuilder().setDeployment(deployment).setState(standing.state())
                .setSinceMillis(standing.sinceMillis()).setAsOfMillis(asOfMillis).setVersion(standing.version())
                .setPreviousState(standing.previous()).setSignal(signal == null ? null : signal.name())
                .setReason(standing.reason()).setBlame(window.commonestFailure().map(HealthReport::blame).orElse(null))
                .setEjections(standing.ejections())
                .setEjectedUntilMillis(ejected ? (Long) standing.ejectedUntilMillis() : null)
                .setProbingWorker(worker)
                .setProbingUntilMillis(worker == null ? null : (Long) standing.probe().untilMillis())
                .setSuspectWorker(window.suspect().orElse(null)).setSoleWitness(standing.soleWitness(asOfMillis, rules))
                .setWindowSeconds((int) rules.window().toSeconds())
                .setAnswered(window.answered())
                .setFailed(window.failed()).setErrorRate(window.calls() == 0 ? null : (Double) window.errorRate())
                .setOutcomes(window.outcomes()).setConsecutiveFailures(standing.consecutiveFailures())
                .setWorkersCalling(window.workers().size()).setWorkersFailing(window.workersFailing())
                .setLatency(latency).build();
    }

    private static String blame(String outcome) {
        Blame blame = Blame.of(outcome);
        return (blame == Blame.ENDPOINT_AT_ONCE ? Blame.ENDPOINT : blame).name();
    }
}
