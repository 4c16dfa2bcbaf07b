package dev.signalbox.config;

import dev.signalbox.schemas.PoolName;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Divides a deployment's limits among the pools that have a part of it, in whole calls, requests and tokens: by part, rounded
 * down, what is left over to the largest remainders. A pool with a part gets at least 1, taken from those with most, as
 * long as there is 1 for each. The sum never exceeds the limit.
 */
public final class PoolParts {
    private PoolParts() {
    }

    /** @param parts 0 to 1 by pool; pools without a part are left out of what comes back */
    public static Map<PoolName, Deployment.Limits> of(Deployment.Limits limits, Map<PoolName, Double> parts) {
        List<Map.Entry<PoolName, Double>> pools = parts.entrySet().stream().filter(part -> part.getValue() > 0)
                .sorted(Comparator.comparing(part -> part.getKey().value())).toList();
        double[] shares = pools.stream().mapToDouble(Map.Entry::getValue).toArray();
        OptionalInt[] concurrency = divide(limits.concurrency(), shares);
        OptionalInt[] requests = divide(limits.requestsPerMinute(), shares);
        OptionalInt[] input = divide(limits.inputTokensPerMinute(), shares);
        OptionalInt[] output = divide(limits.outputTokensPerMinute(), shares);
        Map<PoolName, Deployment.Limits> byPool = new HashMap<>();
        for (int i = 0; i < shares.length; i++) {
            byPool.put(pools.get(i).getKey(),
                    new Deployment.Limits(concurrency[i], requests[i], input[i], output[i]));
        }
        return byPool;
    }

    private static OptionalInt[] divide(OptionalInt limit, double[] shares) {
        OptionalInt[] divided = new OptionalInt[shares.length];
        if (limit.isEmpty()) {
            java.util.Arrays.fill(divided, OptionalInt.empty());
            return divided;
        }
        int[] whole = divide(limit.getAsInt(), shares);
        for (int i = 0; i < whole.length; i++) {
            divided[i] = OptionalInt.of(whole[i]);
        }
        return divided;
    }

    static int[] divide(int limit, double[] shares) {
        int[] parts = new int[shares.length];
        double[] remainders = new double[shares.length];
        double all = 0;
        int given = 0;
        for (int i = 0; i < parts.length; i++) {
            double exact = limit * shares[i];
            parts[i] = (int) Math.floor(exact + 1e-9);
            remainders[i] = exact - parts[i];
            all += shares[i];
            given += parts[i];
        }
        int toGive = (int) Math.min(limit, Math.floor(limit * all + 1e-9)) - given;
        for (; toGive > 0; toGive--) {
            int largest = largest(remainders);
            parts[largest]++;
            remainders[largest] -= 1;
        }
        for (int i = 0; i < parts.length; i++) {
            int richest = richest(parts);
            if (parts[i] == 0 && parts[richest] > 1) {
                parts[richest]--;
                parts[i]++;
            }
        }
        return parts;
    }

    private static int largest(double[] values) {
        int largest = 0;
        for (int i = 1; i < values.length; i++) {
            largest = values[i] > values[largest] ? i : largest;
        }
        return largest;
    }

    private static int richest(int[] parts) {
        int richest = 0;
        for (int i = 1; i < parts.length; i++) {
            richest = parts[i] > parts[richest] ? i : richest;
        }
        return richest;
    }
}
