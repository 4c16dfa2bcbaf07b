package dev.signalbox.cli.usage;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.config.Units;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Calls that started in a stretch of time.
 *
 * @param from inclusive
 * @param until exclusive
 */
public record UsagePeriod(Instant from, Instant until) {
    private static final Instant NEVER = Instant.parse("9999-01-01T00:00:00Z");

    public UsagePeriod {
        if (!from.isBefore(until)) {
            throw new CommandFailure(ExitCode.USAGE,
                    "--since " + from + " is not before --until " + until + "; swap them, or leave --until out");
        }
    }

    /**
     * Both are a day ({@code 2026-11-01}, its start in UTC), a time ({@code 2026-11-01T15:00Z}) or so long before now
     * ({@code 24h}).
     *
     * @param since null for the first of this month, UTC
     * @param until null for no end
     * @throws CommandFailure if one is none of these
     */
    public static UsagePeriod of(@Nullable String since, @Nullable String until, Instant now) {
        Instant from = since == null
                ? LocalDate.ofInstant(now, ZoneOffset.UTC).withDayOfMonth(1).atStartOfDay(ZoneOffset.UTC).toInstant()
                : time("--since", since, now);
        return new UsagePeriod(from, until == null ? NEVER : time("--until", until, now));
    }

    private static Instant time(String option, String text, Instant now) {
        Duration ago = Units.positiveDuration(text).orElse(null);
        if (ago != null) {
            return now.minus(ago);
        }
        try {
            return text.contains("T")
                    ? OffsetDateTime.parse(text).toInstant()
                    : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
        } catch (DateTimeException e) {
            throw new CommandFailure(ExitCode.USAGE, option + " \"" + text + "\" is no time: write a day such as"
                    + " 2026-11-01, a time such as 2026-11-01T15:00Z, or how long ago, such as 24h", e);
        }
    }

    /** The hours that any of it is in. */
    public UsagePeriod wholeHours() {
        Instant last = until.truncatedTo(ChronoUnit.HOURS);
        return new UsagePeriod(from.truncatedTo(ChronoUnit.HOURS),
                last.equals(until) ? until : last.plus(1, ChronoUnit.HOURS));
    }

    /** Whether it begins and ends with days, UTC. */
    public boolean isOfDays() {
        return from.truncatedTo(ChronoUnit.DAYS).equals(from) && until.truncatedTo(ChronoUnit.DAYS).equals(until);
    }

    public boolean isOpenEnded() {
        return until.equals(NEVER);
    }

    boolean contains(long timeMillis) {
        return timeMillis >= from.toEpochMilli() && timeMillis < until.toEpochMilli();
    }

    /** {@code 2026-11-01T00:00:00Z to now}. */
    @Override
    public String toString() {
        return from + " to " + (isOpenEnded() ? "now" : until);
    }
}
