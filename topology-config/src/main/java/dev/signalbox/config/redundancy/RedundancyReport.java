package dev.signalbox.config.redundancy;

import java.util.List;

/**
 * How redundant a configuration is.
 *
 * @param routes one row for each route and the pools that use it alike, in the file's order
 * @param findings the worst first, then in the file's order
 */
public record RedundancyReport(List<RouteRedundancy> routes, List<RedundancyFinding> findings) {
    public RedundancyReport {
        routes = List.copyOf(routes);
        findings = List.copyOf(findings);
    }

    /** Whether a finding is at least that bad. */
    public boolean has(Severity level) {
        return findings.stream().anyMatch(finding -> finding.severity().compareTo(level) >= 0);
    }
}
