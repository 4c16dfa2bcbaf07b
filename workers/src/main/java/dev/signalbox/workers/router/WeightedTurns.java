package dev.signalbox.workers.router;

import java.util.List;

/**
 * Smooth weighted round robin: over any window of picks whose length is the sum of the (integer) weights, each member is
 * picked exactly as often as its weight, and its turns are spread evenly. Each pick raises every member's credit by its
 * weight, takes the richest one and charges it the sum. Source: nginx, ngx_http_upstream_round_robin.
 *
 * <p>Thread-safe; a pick holds its lock for a few additions.
 */
final class WeightedTurns {
    private final double[] weights;
    private final double[] credits;
    private final double sum;

    /** @param weights positive */
    WeightedTurns(List<Double> weights) {
        this.weights = weights.stream().mapToDouble(Double::doubleValue).toArray();
        this.credits = new double[this.weights.length];
        double total = 0;
        for (double weight : this.weights) {
            if (!(weight > 0)) {
                throw new IllegalArgumentException("weight " + weight + " must be positive");
            }
            total += weight;
        }
        this.sum = total;
    }

    /** Index of the member whose turn it is among those that may be picked; -1 if none may. */
    synchronized int next(boolean[] eligible) {
        double shared = sum;
        int best = -1;
        for (int i = 0; i < weights.length; i++) {
            if (!eligible[i]) {
                shared -= weights[i];
                continue;
            }
            credits[i] += weights[i];
            if (best < 0 || credits[i] > credits[best]) {
                best = i;
            }
        }
        if (best >= 0) {
            credits[best] -= shared;
        }
        return best;
    }
}
