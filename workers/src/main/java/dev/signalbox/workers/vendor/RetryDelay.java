package dev.signalbox.workers.vendor;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The delay that a vendor asks for, in every form that vendors use: of several the largest sane one. A form that is
 * negative, not a number, past or over 24 h counts as absent; the result is at most {@link #MAX}.
 */
public final class RetryDelay {
    /** A deployment is parked for at most so long on a vendor's word. */
    public static final Duration MAX = Duration.ofMinutes(15);

    private static final double SANE_MILLIS = 24 * 3_600_000.0;
    private static final Pattern PART = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|s|m|h|d)");
    private static final Pattern DURATION = Pattern.compile("(?:" + PART.pattern() + ")+");
    private static final Pattern IN_TEXT = Pattern
            .compile("(?:try again in|retry after|retry in|retrydelay\"?:? ?\"?)\\s*"
                    + "((?:\\d+(?:\\.\\d+)?(?:ms|s|m|h)(?![a-z]))+|\\d+(?:\\.\\d+)?)\\s*(milliseconds?|seconds?|minutes?)?",
                    Pattern.CASE_INSENSITIVE);
    /** A proxy that passes its vendor's headers on. */
    private static final String PROXIED = "llm_provider-";

    private static final String BUCKET = "anthropic-ratelimit-";

    private double largestMillis = -1;

    private RetryDelay() {
    }

    /**
     * @param headers names in lower case
     * @param text the error's message
     * @param resetEpochMillis when a limit resets as the body says, ms since the epoch; 0: it does not
     */
    public static Optional<Duration> of(Map<String, String> headers, String text, long resetEpochMillis) {
        RetryDelay delay = new RetryDelay();
        delay.headers(headers, "");
        delay.headers(headers, PROXIED);
        delay.text(text);
        if (resetEpochMillis > 0) {
            delay.epoch(headers, resetEpochMillis);
        }
        if (delay.largestMillis < 0) {
            delay.emptyBuckets(headers);
        }
        return delay.result();
    }

    /** A duration as OpenAI writes it, such as {@code 1m2.5s}; empty for any other form and beyond 24 h. */
    static Optional<Duration> duration(@Nullable String text) {
        if (text == null || text.length() > 32 || !DURATION.matcher(text).matches()) {
            return Optional.empty();
        }
        double millis = millis(text);
        return millis < SANE_MILLIS ? Optional.of(Duration.ofMillis((long) Math.ceil(millis))) : Optional.empty();
    }

    private Optional<Duration> result() {
        if (largestMillis < 0) {
            return Optional.empty();
        }
        Duration asked = Duration.ofMillis((long) Math.ceil(largestMillis));
        return Optional.of(asked.compareTo(MAX) > 0 ? MAX : asked);
    }

    private void headers(Map<String, String> headers, String prefix) {
        number(headers.get(prefix + "retry-after-ms"), 1);
        String after = headers.get(prefix + "retry-after");
        number(after, 1_000);
        httpDate(headers, after);
        number(headers.get(prefix + "ratelimit-reset"), 1_000);
        number(headers.get(prefix + "x-rate-limit-reset-tokens"), 1_000);
        reset(headers, prefix, "requests");
        reset(headers, prefix, "tokens");
        Double epoch = decimal(headers.get(prefix + "x-ratelimit-reset"));
        if (epoch != null) {
            epoch(headers, epoch.longValue());
        }
    }

    /** A bucket's reset says something only if the bucket is empty, or its vendor does not say how full it is. */
    private void reset(Map<String, String> headers, String prefix, String bucket) {
        Double remaining = decimal(headers.get(prefix + "x-ratelimit-remaining-" + bucket));
        String reset = headers.get(prefix + "x-ratelimit-reset-" + bucket);
        if (reset != null && (remaining == null || remaining <= 0) && DURATION.matcher(reset).matches()) {
            add(millis(reset));
        }
    }

    /** Anthropic's buckets, asked only if nothing else says how long to wait: the latest reset of those that are empty. */
    private void emptyBuckets(Map<String, String> headers) {
        ZonedDateTime now = date(headers.get("date"));
        if (now == null) {
            return;
        }
        headers.forEach((name, value) -> {
            if (name.startsWith(BUCKET) && name.endsWith("-reset")) {
                Double remaining = decimal(
                        headers.get(name.substring(0, name.length() - "reset".length()) + "remaining"));
                ZonedDateTime reset = instant(value);
                if (remaining != null && remaining <= 0 && reset != null && reset.isAfter(now)) {
                    add((double) Duration.between(now, reset).toMillis());
                }
            }
        });
    }

    private void text(String text) {
        Matcher matcher = IN_TEXT.matcher(text);
        while (matcher.find()) {
            String amount = matcher.group(1);
            String unit = matcher.group(2);
            if (Character.isLetter(amount.charAt(amount.length() - 1))) {
                add(millis(amount));
            } else if (unit != null && unit.startsWith("milli")) {
                number(amount, 1);
            } else if (unit != null && unit.startsWith("minute")) {
                number(amount, 60_000);
            } else {
                number(amount, 1_000);
            }
        }
    }

    private void httpDate(Map<String, String> headers, @Nullable String value) {
        ZonedDateTime until = date(value);
        ZonedDateTime now = date(headers.get("date"));
        if (until != null && now != null && until.isAfter(now)) {
            add((double) Duration.between(now, until).toMillis());
        }
    }

    /** Against the vendor's own clock, so that ours does not matter. */
    private void epoch(Map<String, String> headers, long epochMillis) {
        ZonedDateTime now = date(headers.get("date"));
        if (now != null && epochMillis > now.toInstant().toEpochMilli()) {
            add((double) (epochMillis - now.toInstant().toEpochMilli()));
        }
    }

    private void number(@Nullable String value, double unitMillis) {
        Double number = decimal(value);
        if (number != null) {
            add(number * unitMillis);
        }
    }

    private void add(double millis) {
        if (millis >= 0 && millis < SANE_MILLIS) {
            largestMillis = Math.max(largestMillis, millis);
        }
    }

    private static double millis(String duration) {
        double millis = 0;
        Matcher part = PART.matcher(duration);
        while (part.find()) {
            double unit = switch (part.group(2)) {
                case "ms" -> 1;
                case "s" -> 1_000;
                case "m" -> 60_000;
                case "h" -> 3_600_000;
                default -> 86_400_000;
            };
            millis += Double.parseDouble(part.group(1)) * unit;
        }
        return millis;
    }

    private static @Nullable Double decimal(@Nullable String value) {
        if (value == null || value.length() > 32) {
            return null;
        }
        try {
            return Double.valueOf(value.strip());
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }

    private static @Nullable ZonedDateTime instant(String value) {
        try {
            return ZonedDateTime.parse(value.strip(), DateTimeFormatter.ISO_OFFSET_DATE_TIME);
        } catch (DateTimeException notATime) {
            return null;
        }
    }

    private static @Nullable ZonedDateTime date(@Nullable String value) {
        if (value == null) {
            return null;
        }
        try {
            return ZonedDateTime.parse(value.strip(), DateTimeFormatter.RFC_1123_DATE_TIME);
        } catch (DateTimeException notADate) {
            return null;
        }
    }
}
