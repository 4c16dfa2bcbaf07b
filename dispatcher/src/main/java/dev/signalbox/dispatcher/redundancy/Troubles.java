package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Secret;
import dev.signalbox.config.redundancy.LiveRedundancy;
import dev.signalbox.config.redundancy.Outages;
import dev.signalbox.config.redundancy.RedundancyFinding;
import dev.signalbox.config.redundancy.Severity;
import dev.signalbox.dispatcher.alerts.Trouble;
import dev.signalbox.schemas.Blame;
import dev.signalbox.schemas.avro.AlertSeverity;
import dev.signalbox.schemas.avro.DeploymentState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The trouble that the fleet is in, in words. Pure. */
final class Troubles {
    private Troubles() {
    }

    /** @param healths of the deployments that were called, by name */
    static List<Trouble> of(Configuration configuration, Map<DeploymentName, FleetNews.Health> healths,
            LiveRedundancy.Report report) {
        List<Trouble> troubles = new ArrayList<>();
        healths.forEach((name, health) -> {
            Deployment deployment = configuration.deployments().get(name);
            if (deployment != null && health.out()) {
                troubles.add(ejected(deployment, health));
            } else if (deployment != null && health.state() == DeploymentState.DEGRADED) {
                troubles.add(new Trouble("deployment-degraded", AlertSeverity.WARNING, name.toString(),
                        "calls to " + name + " fail more often than they should: " + health.reason(),
                        "watch it; signalbox deployments drain takes it out of use for a while"));
            }
            String suspect = health.suspectWorker();
            if (deployment != null && suspect != null) {
                troubles.add(new Trouble("worker-suspected", AlertSeverity.WARNING, suspect,
                        "only this worker's calls to " + name + " fail, others are answered",
                        "look at its machine, network and credentials; where it is all deployments, restart it"));
            }
        });
        troubles.addAll(outages(configuration, healths));
        report.findings().forEach(finding -> troubles.add(weakness(finding)));
        return troubles;
    }

    private static Trouble ejected(Deployment deployment, FleetNews.Health health) {
        String name = deployment.name().toString();
        String blame = health.blame() == null ? Blame.ENDPOINT.name() : health.blame();
        String guilty = switch (blame) {
            case "CREDENTIAL" -> "its credential " + credentials(deployment) + " is refused or has no quota left";
            case "MODEL" -> "its model " + deployment.modelId() + " is not served there, or its settings are wrong";
            default -> "the vendor's service fails";
        };
        String cure = switch (blame) {
            case "CREDENTIAL" -> "renew " + credentials(deployment) + "; deployments with another one go on";
            case "MODEL" -> "correct model_id, base_url and headers of deployments.\"" + name
                    + "\"; other models of the vendor go on";
            default -> "nothing, if the vendor mends it: it is probed, and used again once it answers";
        };
        return new Trouble("deployment-ejected", AlertSeverity.WARNING, name,
                name + " is out of use, " + guilty + ": " + health.reason(), cure);
    }

    private static String credentials(Deployment deployment) {
        return deployment.credentials().isEmpty()
                ? "(none is configured)"
                : deployment.credentials().stream().map(Secret::reference).collect(Collectors.joining(", "));
    }

    private static List<Trouble> outages(Configuration configuration,
            Map<DeploymentName, FleetNews.Health> healths) {
        Set<DeploymentName> endpoints = new HashSet<>();
        Set<DeploymentName> credentials = new HashSet<>();
        Set<DeploymentName> well = new HashSet<>();
        healths.forEach((name, health) -> {
            if (!health.out()) {
                well.add(name);
            } else if ("CREDENTIAL".equals(health.blame())) {
                credentials.add(name);
            } else if (!"MODEL".equals(health.blame())) {
                endpoints.add(name);
            }
        });
        return Outages.of(configuration, endpoints, credentials, well).stream()
                .map(outage -> new Trouble("failure-domain-down", AlertSeverity.CRITICAL, outage.domain(),
                        "all deployments of " + outage.domain() + " that are called are out of use: "
                                + outage.deployments().stream().map(DeploymentName::toString)
                                        .collect(Collectors.joining(", ")),
                        outage.domain().startsWith("credential ")
                                ? "renew the credential; signalbox redundancy shows which routes have others"
                                : "see the status page of " + outage.domain()
                                        + "; signalbox redundancy shows what is left of each route"))
                .toList();
    }

    private static Trouble weakness(RedundancyFinding finding) {
        return new Trouble(finding.weakness().label(),
                finding.severity() == Severity.CRITICAL ? AlertSeverity.CRITICAL : AlertSeverity.WARNING,
                finding.spokenPath(), finding.message(), finding.cure());
    }

    /** Records of a topic that could not be read of late. */
    static Trouble unreadable(String topic, long count) {
        return new Trouble("records-unreadable", AlertSeverity.WARNING, topic,
                count + " records of " + topic + " could not be read in the last 10 min: what they told is not counted",
                "the dispatcher's log names each; see who writes them, and under which schema");
    }
}
