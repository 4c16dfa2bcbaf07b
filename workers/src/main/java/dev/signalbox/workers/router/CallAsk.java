package dev.signalbox.workers.router;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.workers.router.RouteDecision.Rule;
import java.util.Optional;
import java.util.Set;

/**
 * What a request asks the router for: its next call.
 *
 * @param rule which of the route's rules it goes by; STRATEGY at first
 * @param tried deployments that it has called in this visit: they come last
 * @param confined if not empty, the only deployments that it may call: a request that failed at several of them while
 *        they serve others
 * @param stay where it should be tried once more, if that can be
 * @param retry whether the call is a retry or a failover, which spends the target's budget
 * @param time how much of the request's time is spent: who has some may wait for a cheaper deployment; a retry does not
 */
public record CallAsk(Rule rule, Set<DeploymentName> tried, Set<DeploymentName> confined, Optional<DeploymentName> stay,
        boolean retry, TimeSpent time) {
    public static final CallAsk FIRST = new CallAsk(Rule.STRATEGY, Set.of(), Set.of(), Optional.empty(), false);

    /** Of a request that waits for no cheaper deployment. */
    public CallAsk(Rule rule, Set<DeploymentName> tried, Set<DeploymentName> confined, Optional<DeploymentName> stay,
            boolean retry) {
        this(rule, tried, confined, stay, retry, TimeSpent.ALL);
    }

    /** The same of a request that has spent so much of its time. */
    public CallAsk at(TimeSpent spent) {
        return new CallAsk(rule, tried, confined, stay, retry, spent);
    }
}
