package dev.signalbox.config;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations, sizes and shares as an operator writes them: a number and its unit, without a space. */
public final class Units {
    private static final Pattern DURATION = Pattern.compile("(0|[1-9][0-9]{0,8})(ms|s|m|h|d)");
    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,8})(B|KB|MB|GB)");
    private static final Pattern SHARE = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,6})?)%");
    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

    private Units() {
    }

    static Optional<Duration> duration(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long amount = Long.parseLong(matcher.group(1));
        return Optional.of(switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
        });
    }

    /** A duration such as {@code 500ms}, {@code 90s}, {@code 15m}, {@code 24h} or {@code 7d}; empty if it is none, or zero. */
    public static Optional<Duration> positiveDuration(String text) {
        return duration(text).filter(Duration::isPositive);
    }

    /** Bytes; 1 KB is 1,024 of them. */
    static Optional<Long> size(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long amount = Long.parseLong(matcher.group(1));
        return Optional.of(switch (matcher.group(2)) {
            case "KB" -> amount << 10;
            case "MB" -> amount << 20;
            case "GB" -> amount << 30;
            default -> amount;
        });
    }

    /** {@code 70%} as 70, exactly. */
    static Optional<BigDecimal> percent(String text) {
        Matcher matcher = SHARE.matcher(text);
        return matcher.matches() ? Optional.of(new BigDecimal(matcher.group(1))) : Optional.empty();
    }

    /** {@code 70%} as 0.7. */
    public static Optional<Double> share(String text) {
        return percent(text).map(percent -> percent.divide(HUNDRED).doubleValue());
    }

    /** In the largest unit that it is a whole number of. */
    public static String print(Duration duration) {
        long millis = duration.toMillis();
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds % 60 != 0 || seconds == 0) {
            return seconds + "s";
        }
        if (seconds % 3600 != 0) {
            return seconds / 60 + "m";
        }
        return seconds % 86_400 != 0 || seconds == 86_400 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
    }

    /** In the largest unit that it is a whole number of. */
    static String print(long bytes) {
        if (bytes % (1L << 30) == 0) {
            return (bytes >> 30) + "GB";
        }
        if (bytes % (1L << 20) == 0) {
            return (bytes >> 20) + "MB";
        }
        return bytes % (1L << 10) == 0 ? (bytes >> 10) + "KB" : bytes + "B";
    }

    /** 0.7 as {@code 70%}. */
    public static String printShare(double share) {
        return new BigDecimal(Double.toString(share)).multiply(HUNDRED).stripTrailingZeros().toPlainString() + "%";
    }
}
