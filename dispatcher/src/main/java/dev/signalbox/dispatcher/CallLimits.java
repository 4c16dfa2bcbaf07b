package dev.signalbox.dispatcher;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Configuration;
import java.time.Duration;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;

/**
 * How long vendor calls that run may take. They may still be under limits of before, so none gets shorter while a process knows it.
 *
 * @param longest of all deployments that there were
 * @param own longest of each deployment that there is, by its name
 */
record CallLimits(Duration longest, Map<String, Duration> own) {
    /** While there is no configuration. */
    static final CallLimits UNKNOWN = new CallLimits(CallTimeouts.DEFAULT.total(), Map.of());
    private static final BinaryOperator<Duration> LONGER = BinaryOperator.maxBy(Duration::compareTo);

    CallLimits {
        own = Map.copyOf(own);
    }

    static CallLimits of(Configuration first) {
        return new CallLimits(Duration.ZERO, Map.of()).then(first);
    }

    /** With another configuration in force. */
    CallLimits then(Configuration next) {
        Map<String, Duration> limits = next.deployments().entrySet().stream()
                .collect(Collectors.toMap(deployment -> deployment.getKey().toString(), deployment -> {
                    Duration total = deployment.getValue().timeouts().total();
                    return LONGER.apply(total, own.getOrDefault(deployment.getKey().toString(), total));
                }));
        return new CallLimits(limits.values().stream().reduce(longest, LONGER), limits);
    }

    /** Of that deployment's calls; of one that is not configured here, but may be for a worker, the longest of all. */
    Duration of(String deployment) {
        return own.getOrDefault(deployment, longest);
    }
}
