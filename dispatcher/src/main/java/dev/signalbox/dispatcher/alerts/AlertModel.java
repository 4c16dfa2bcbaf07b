package dev.signalbox.dispatcher.alerts;

import dev.signalbox.schemas.avro.AlertSeverity;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Raises what lasts and resolves what stays away, so that nothing flutters. Pure; times are ms on the broker's clock.
 *
 * <p>INVARIANTS: a state changes only along {@link AlertTransitions}; what is told raised is told resolved once, and before it is
 * told raised again.
 */
final class AlertModel {
    /** How long trouble must last before it is told. */
    static final Duration CRITICAL_LASTS = Duration.ofSeconds(5);
    static final Duration WARNING_LASTS = Duration.ofSeconds(60);
    /** How long it must be away before it is told to be over. */
    static final Duration STAYS_AWAY = Duration.ofMinutes(2);
    /** How long what is over is still known. */
    static final Duration KEPT = Duration.ofDays(7);

    /**
     * What time made of an alert.
     *
     * @param standing empty: it is to be forgotten
     * @param told whether its record is to be published
     */
    record Step(Optional<AlertStanding> standing, boolean told) {
    }

    private AlertModel() {
    }

    /**
     * @param before null: nothing is known of it
     * @param seen the trouble that is there now; null: none
     */
    static Step step(@Nullable AlertStanding before, @Nullable Trouble seen, long nowMillis) {
        if (before == null) {
            return seen == null
                    ? new Step(Optional.empty(), false)
                    : pending(AlertStanding.first(seen, nowMillis), nowMillis);
        }
        return seen == null ? away(before, nowMillis) : there(before, seen, nowMillis);
    }

    private static Step there(AlertStanding before, Trouble seen, long nowMillis) {
        AlertStanding now = before.seen(seen);
        return switch (before.state()) {
            case PENDING -> pending(now, nowMillis);
            case RAISED -> raised(before, now, nowMillis);
            case CLEARING -> raised(before, now.moved(AlertSignal.SEEN, nowMillis), nowMillis);
            case RESOLVED -> pending(now.moved(AlertSignal.SEEN, nowMillis).since(nowMillis), nowMillis);
            case FORGOTTEN -> throw new IllegalStateException("what is forgotten is not kept");
        };
    }

    private static Step pending(AlertStanding now, long nowMillis) {
        Duration lasts = now.trouble().severity() == AlertSeverity.CRITICAL ? CRITICAL_LASTS : WARNING_LASTS;
        return nowMillis - now.movedMillis() >= lasts.toMillis()
                ? new Step(Optional.of(now.moved(AlertSignal.LASTED, nowMillis).told(nowMillis)), true)
                : new Step(Optional.of(now), false);
    }

    private static Step raised(AlertStanding before, AlertStanding now, long nowMillis) {
        boolean other = before.trouble().severity() != now.trouble().severity();
        return new Step(Optional.of(other ? now.told(nowMillis) : now), other);
    }

    private static Step away(AlertStanding before, long nowMillis) {
        long age = nowMillis - before.movedMillis();
        return switch (before.state()) {
            case PENDING -> forgotten(before.moved(AlertSignal.GONE, nowMillis));
            case RAISED -> new Step(Optional.of(before.moved(AlertSignal.GONE, nowMillis)), false);
            case CLEARING -> age < STAYS_AWAY.toMillis()
                    ? new Step(Optional.of(before), false)
                    : new Step(Optional.of(before.moved(AlertSignal.STAYED_AWAY, nowMillis).told(nowMillis)), true);
            case RESOLVED -> age < KEPT.toMillis()
                    ? new Step(Optional.of(before), false)
                    : forgotten(before.moved(AlertSignal.AGED, nowMillis));
            case FORGOTTEN -> throw new IllegalStateException("what is forgotten is not kept");
        };
    }

    /** The record is deleted where there is one. */
    private static Step forgotten(AlertStanding standing) {
        return new Step(Optional.empty(), standing.toldMillis() > 0);
    }
}
