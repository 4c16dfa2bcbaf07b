package dev.signalbox.workers.router;

import dev.signalbox.workers.router.Candidate.Standing;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Keeps a request of a route by price from dearer deployments while a cheaper one is merely busy and the request has slack:
 * it waits for that one. Slack ends with the part of the time to live that the route gives it, or when what is left is twice
 * the answer's expected time, if that is earlier. Nobody waits for a deployment that says that it is busy for longer.
 * Stateless; monotonic ns as a parameter.
 */
final class Thrift {
    /** Expected times of an answer that must be left when a request goes to a dearer deployment. */
    private static final double SPARE_TIMES = 2;

    private Thrift() {
    }

    /**
     * What is left of a request's slack, ns; not above 0: it takes what it gets.
     *
     * @param spillAfter the route's part of the time to live, 0 to 1
     * @param expectedMillis of an answer of the dearer deployment; 0: not known
     */
    static long slackNanos(TimeSpent time, double spillAfter, double expectedMillis) {
        return spillAfter == 0
                ? 0
                : Math.min(time.nanosUntil(spillAfter),
                        time.nanosUntil(1) - Math.round(SPARE_TIMES * expectedMillis * 1e6));
    }

    /**
     * The same candidates; those that are to be spared say so, and until when.
     *
     * @param candidates scored by price
     * @param slackNanos left for each
     */
    static List<Candidate> spare(List<Candidate> candidates, ToLongFunction<Candidate> slackNanos, long nowNanos) {
        double cheapest = candidates.stream().filter(Candidate::usable).mapToDouble(Candidate::score).min()
                .orElse(Double.NEGATIVE_INFINITY);
        List<Candidate> awaited = candidates.stream()
                .filter(each -> each.standing() == Standing.BUSY && each.score() < cheapest).toList();
        return awaited.isEmpty()
                ? candidates
                : candidates.stream().map(each -> each.usable()
                        ? spared(each, awaited, slackNanos.applyAsLong(each), nowNanos)
                        : each).toList();
    }

    private static Candidate spared(Candidate dearer, List<Candidate> awaited, long slackNanos, long nowNanos) {
        boolean waits = slackNanos > 0 && awaited.stream()
                .anyMatch(each -> each.retryNanos() == 0 || each.retryNanos() - nowNanos < slackNanos);
        return waits ? dearer.spared(nowNanos + slackNanos) : dearer;
    }
}
