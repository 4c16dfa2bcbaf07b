package dev.signalbox.dispatcher.alerts;

import dev.signalbox.dispatcher.alerts.AlertPost.Outcome;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AlertStatus;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What an Alertmanager is told when: all that holds, at once after a change and each {@link #REPEAT}, since it takes for over
 * what nobody repeats; what is over for {@link #RESOLVED_TOLD} more, as Prometheus does. Pure, for one thread; times are ms on the
 * broker's clock.
 */
final class AlertmanagerPlan {
    static final Duration REPEAT = Duration.ofSeconds(60);
    static final Duration RESOLVED_TOLD = Duration.ofMinutes(15);
    /** Repetitions that may fail before it takes an alert for over. */
    private static final int SPARE = 4;
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(10);

    private Map<String, Long> told = Map.of();
    private Map<String, Long> telling = Map.of();
    private long nextMillis = Long.MIN_VALUE;
    private int failures;

    /** All that is to be told now; empty: nothing. */
    List<Alert> due(List<Alert> holding, List<Alert> all, long nowMillis) {
        List<Alert> batch = Stream.concat(holding.stream(), all.stream()
                .filter(alert -> alert.getStatus() == AlertStatus.RESOLVED
                        && nowMillis - alert.getChangedMillis() <= RESOLVED_TOLD.toMillis()))
                .toList();
        Map<String, Long> changes = new HashMap<>();
        batch.forEach(alert -> changes.put(alert.getKey(), alert.getChangedMillis()));
        telling = changes;
        boolean changed = !told.entrySet().containsAll(changes.entrySet());
        return nowMillis >= nextMillis || (changed && failures == 0) ? batch : List.of();
    }

    /** What became of it; true if that is worth a word, which a repeated failure is not. */
    boolean sent(Outcome outcome, long nowMillis) {
        if (outcome == Outcome.DELIVERED) {
            told = telling;
            failures = 0;
            nextMillis = nowMillis + REPEAT.toMillis();
            return false;
        }
        nextMillis = nowMillis + AFTER_FAILURE.toMillis();
        return ++failures == 1;
    }

    /** When it is over unless it is told again. */
    static long endsMillis(Alert alert, long nowMillis) {
        Long resolved = alert.getResolvedMillis();
        return alert.getStatus() == AlertStatus.RESOLVED && resolved != null
                ? resolved
                : nowMillis + REPEAT.multipliedBy(SPARE).toMillis();
    }
}
