package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import org.jspecify.annotations.Nullable;

/** What the tasks of single deployments tell the one that judges all of them. Its key is the deployment, or the topic. */
public sealed interface FleetNews {
    /**
     * How a deployment stands.
     *
     * @param blame whom most failures count against, as in {@link DeploymentHealth}
     */
    record Health(DeploymentState state, long sinceMillis, String reason, @Nullable String blame,
            @Nullable String suspectWorker) implements FleetNews {
        /** Whether it is not to be used, or only tried. */
        boolean out() {
            return state == DeploymentState.EJECTED || state == DeploymentState.PROBING;
        }

        /** While it is tried again it is out for what it was ejected for: its own counts begin anew. */
        Health after(@Nullable FleetNews before) {
            return state == DeploymentState.PROBING && before instanceof Health ejected && ejected.out()
                    ? new Health(state, ejected.sinceMillis, ejected.reason, ejected.blame, suspectWorker)
                    : this;
        }
    }

    /** Nobody called a deployment for so long that it is taken for gone. */
    record Forgotten() implements FleetNews {
    }

    /**
     * What a route asked of a deployment.
     *
     * @param route {@code <model>/<environment>/<use case>} of the request
     * @param minute since 1970, in which that was
     */
    record Demand(String route, String pool, long minute, DemandSums sums) implements FleetNews {
    }

    /** Records of a topic could not be read. */
    record Unreadable(long count) implements FleetNews {
    }

    /** Of a record of {@code llm.health}. */
    static FleetNews of(@Nullable DeploymentHealth health) {
        return health == null
                ? new Forgotten()
                : new Health(health.getState(), health.getSinceMillis(), health.getReason(), health.getBlame(),
                        health.getSuspectWorker());
    }
}
