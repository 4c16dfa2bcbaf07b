package dev.signalbox.config;

import java.util.List;

/** How a route chooses among deployments; strategies nest. */
public sealed interface Strategy {
    /** The strategy's name in configuration and decisions. */
    String label();

    /** All deployments that it can choose, in the order of the file, each once. */
    default List<DeploymentName> deployments() {
        return switch (this) {
            case One one -> List.of(one.deployment());
            case Sequence sequence -> union(sequence.members());
            case LatencyBased latencyBased -> union(latencyBased.members());
            case Cheapest cheapest -> union(cheapest.members());
            case LoadBalanced balanced -> union(balanced.members().stream().map(Weighted::member).toList());
        };
    }

    private static List<DeploymentName> union(List<Strategy> members) {
        return members.stream().flatMap(member -> member.deployments().stream()).distinct().toList();
    }

    /** A leaf: one deployment. */
    record One(DeploymentName deployment) implements Strategy {
        @Override
        public String label() {
            return "one";
        }
    }

    /** In order: the first that can serve. */
    record Sequence(List<Strategy> members) implements Strategy {
        @Override
        public String label() {
            return "sequence";
        }
    }

    /** By weight, exact over a window of picks. */
    record LoadBalanced(List<Weighted> members) implements Strategy {
        @Override
        public String label() {
            return "load_balanced";
        }
    }

    /** By latency, in relation to capacity. */
    record LatencyBased(List<Strategy> members) implements Strategy {
        @Override
        public String label() {
            return "latency_based";
        }
    }

    /** By the price of the request, the cheapest first. */
    record Cheapest(List<Strategy> members) implements Strategy {
        @Override
        public String label() {
            return "cheapest";
        }
    }

    /** @param weight positive, relative to the other members' */
    record Weighted(Strategy member, double weight) {
    }
}
