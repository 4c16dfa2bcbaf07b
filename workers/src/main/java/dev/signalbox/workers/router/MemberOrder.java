package dev.signalbox.workers.router;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.PriceTable;
import dev.signalbox.workers.router.Candidate.Standing;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Orders the members of one strategy: each member is a list of candidates, of which the first stands for all. */
final class MemberOrder {
    /** Scores that differ by less are equal: capacity decides. */
    private static final double TIE_BAND = 1.1;
    private static final BigDecimal PER_MILLION = BigDecimal.ONE.movePointLeft(6);

    private final DeploymentStates states;
    private final PriceTable prices;
    private final RandomGenerator random;

    MemberOrder(DeploymentStates states, PriceTable prices, RandomGenerator random) {
        this.states = states;
        this.prices = prices;
        this.random = random;
    }

    /** A member under comparison; one is told from another by identity. */
    private static final class Scored {
        private final List<Candidate> member;
        private final double score;
        private final double capacity;
        private final boolean usable;

        Scored(List<Candidate> member, double score, double capacity, boolean usable) {
            this.member = member;
            this.score = score;
            this.capacity = capacity;
            this.usable = usable;
        }

        double score() {
            return score;
        }
    }

    /**
     * By latency: of two members, drawn by capacity, the one with the lower score goes first, the others follow by
     * score. The score is the expected ms of this answer times the calls in flight, by capacity. Where nothing is known
     * of a member, it is taken for as fast as the fastest that is known. A member that is to be tried goes before all.
     */
    List<Candidate> byLatency(List<List<Candidate>> members, RoutingQuery query, long nowNanos) {
        double capacityOfUnlimited = 1;
        double fastest = Double.POSITIVE_INFINITY;
        for (List<Candidate> member : members) {
            DeploymentState state = state(member);
            long limit = state.access(query.pool()).limits().concurrency();
            if (limit != Long.MAX_VALUE) {
                capacityOfUnlimited = Math.max(capacityOfUnlimited, (double) limit);
            }
            if (isKnown(state, nowNanos)) {
                fastest = Math.min(fastest, millis(state, query, nowNanos));
            }
        }
        List<Scored> scored = new ArrayList<>(members.size());
        double capacityOfUsable = 0;
        int usable = 0;
        for (List<Candidate> member : members) {
            DeploymentState state = state(member);
            long limit = state.access(query.pool()).limits().concurrency();
            double capacity = limit == Long.MAX_VALUE ? capacityOfUnlimited : Math.max((double) limit, 1e-3);
            double millis = isKnown(state, nowNanos)
                    ? millis(state, query, nowNanos)
                    : Double.isInfinite(fastest) ? 1 : fastest;
            boolean isUsable = member.getFirst().usable() && member.getFirst().standing() != Standing.EASING;
            scored.add(new Scored(member, Math.max(millis, 1e-3) * (state.running() + 1) / capacity, capacity,
                    isUsable));
            if (isUsable) {
                capacityOfUsable += capacity;
                usable++;
            }
        }
        scored.sort(Comparator.comparingDouble(Scored::score));
        Scored first = scored.stream().filter(each -> each.member.getFirst().standing() == Standing.TRIAL).findFirst()
                .orElse(null);
        if (first == null && usable > 1) {
            first = betterOfTwo(scored, capacityOfUsable);
        }
        List<Candidate> ordered = new ArrayList<>(members.size());
        if (first != null) {
            append(first, ordered);
        }
        for (Scored each : scored) {
            if (each != first) {
                append(each, ordered);
            }
        }
        return ordered;
    }

    private Scored betterOfTwo(List<Scored> scored, double capacity) {
        Scored a = draw(scored, capacity, null);
        Scored b = draw(scored, capacity - a.capacity, a);
        Scored better = a.score() <= b.score() ? a : b;
        Scored worse = better == a ? b : a;
        if (worse.score() >= better.score() * TIE_BAND) {
            return better;
        }
        return random.nextDouble() * (a.capacity + b.capacity) < a.capacity ? a : b;
    }

    private Scored draw(List<Scored> scored, double capacity, @Nullable Scored but) {
        double at = random.nextDouble() * capacity;
        Scored last = null;
        for (Scored each : scored) {
            if (each.usable && each != but) {
                last = each;
                at -= each.capacity;
                if (at < 0) {
                    break;
                }
            }
        }
        return Objects.requireNonNull(last, "two members are usable");
    }

    private static void append(Scored scored, List<Candidate> into) {
        scored.member.forEach(candidate -> into.add(candidate.scored(scored.score())));
    }

    /** By the price of the request, unknown prices last; what is paid for whether used or not costs nothing. */
    List<Candidate> byPrice(List<List<Candidate>> members, RoutingQuery query) {
        List<Scored> scored = new ArrayList<>(members.size());
        for (List<Candidate> member : members) {
            scored.add(new Scored(member, price(member.getFirst().deployment(), query), 1,
                    member.getFirst().usable()));
        }
        scored.sort(Comparator.comparingDouble(Scored::score));
        List<Candidate> ordered = new ArrayList<>(members.size());
        scored.forEach(each -> append(each, ordered));
        return ordered;
    }

    private double price(Deployment deployment, RoutingQuery query) {
        if (deployment.throughput() == Deployment.Throughput.PROVISIONED) {
            return 0;
        }
        long output = outputTokens(deployment, query);
        return prices.price(deployment.name(), query.day())
                .map(price -> price.input().multiply(BigDecimal.valueOf(query.needs().inputTokens()))
                        .add(price.output().multiply(BigDecimal.valueOf(output))).multiply(PER_MILLION).doubleValue())
                .orElse(Double.MAX_VALUE);
    }

    private double millis(DeploymentState state, RoutingQuery query, long nowNanos) {
        return state.latency().expectedMillis((double) outputTokens(state.deployment(), query), state.fleet().view(),
                nowNanos);
    }

    /** Of an answer there; 0: not known. */
    double expectedMillis(Deployment deployment, RoutingQuery query, long nowNanos) {
        DeploymentState state = states.of(deployment.name());
        return isKnown(state, nowNanos) ? millis(state, query, nowNanos) : 0;
    }

    /** By this worker's own calls, or by the fleet's. */
    private static boolean isKnown(DeploymentState state, long nowNanos) {
        return !state.latency().isCold() || state.fleet().view().knowsLatency(nowNanos);
    }

    /** Tokens that the answer is expected to have. */
    private long outputTokens(Deployment deployment, RoutingQuery query) {
        long typical = (long) states.of(deployment.name()).latency().typicalOutputTokens();
        return Math.min(typical, query.needs().maxOutputTokens().orElse(Integer.MAX_VALUE));
    }

    private DeploymentState state(List<Candidate> member) {
        return states.of(member.getFirst().deployment().name());
    }
}
