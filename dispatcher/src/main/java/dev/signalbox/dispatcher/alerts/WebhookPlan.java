package dev.signalbox.dispatcher.alerts;

import dev.signalbox.dispatcher.alerts.AlertPost.Outcome;
import dev.signalbox.schemas.avro.Alert;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which changes a webhook is told when: each once it was delivered, after a failure again after 1, 2, 4 … s, at most
 * {@link #TRIES} times. Who takes over tells again what changed in the last {@link #TOLD_AGAIN}. Pure, for one thread; times are ms
 * on the broker's clock.
 */
final class WebhookPlan {
    static final int TRIES = 8;
    static final Duration TOLD_AGAIN = Duration.ofMinutes(5);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    /**
     * @param changedMillis which change of the alert
     * @param nextMillis when it is tried again
     */
    private record Try(long changedMillis, int failures, long nextMillis, boolean over) {
    }

    private final Map<String, Try> tries = new HashMap<>();

    /** @param all alerts that are known; those that are not are forgotten here too */
    List<Alert> due(List<Alert> all, long nowMillis) {
        Set<String> known = new HashSet<>();
        all.forEach(alert -> known.add(alert.getKey()));
        tries.keySet().retainAll(known);
        return all.stream().filter(alert -> isDue(alert, nowMillis)).toList();
    }

    private boolean isDue(Alert alert, long nowMillis) {
        Try last = tries.get(alert.getKey());
        if (last == null || last.changedMillis != alert.getChangedMillis()) {
            return nowMillis - alert.getChangedMillis() <= TOLD_AGAIN.toMillis();
        }
        return !last.over && nowMillis >= last.nextMillis;
    }

    /** What became of one; true if it is given up. */
    boolean sent(Alert alert, Outcome outcome, long nowMillis) {
        Try last = tries.get(alert.getKey());
        int failures = last == null || last.changedMillis != alert.getChangedMillis() ? 1 : last.failures + 1;
        boolean givenUp = switch (outcome) {
            case DELIVERED -> false;
            case FAILED -> failures >= TRIES;
            case REFUSED -> true;
        };
        tries.put(alert.getKey(), new Try(alert.getChangedMillis(), failures,
                nowMillis + (FIRST_PAUSE.toMillis() << (failures - 1)), givenUp || outcome == Outcome.DELIVERED));
        return givenUp;
    }
}
