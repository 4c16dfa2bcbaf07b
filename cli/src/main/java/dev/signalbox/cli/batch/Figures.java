package dev.signalbox.cli.batch;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;

/** Numbers as people read them. */
public final class Figures {
    private Figures() {
    }

    /** {@code 950}, {@code 12.3k}, {@code 4.6M}. */
    public static String count(long number) {
        if (number < 10_000) {
            return Long.toString(number);
        }
        return number < 1_000_000
                ? String.format(Locale.ROOT, "%.1fk", number / 1e3)
                : String.format(Locale.ROOT, "%.1fM", number / 1e6);
    }

    /** {@code 8 ms}, {@code 1.4 s}, {@code 3 min 20 s}, {@code 2 h 5 min}. */
    public static String duration(long millis) {
        if (millis < 1000) {
            return millis + " ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1e3);
        }
        long seconds = millis / 1000;
        return seconds < 3600
                ? seconds / 60 + " min " + seconds % 60 + " s"
                : seconds / 3600 + " h " + seconds % 3600 / 60 + " min";
    }

    /** {@code $0.42}, {@code $0.0031}, {@code EUR 12.00}. */
    public static String money(BigDecimal amount, String currency) {
        int scale = amount.signum() != 0 && amount.abs().compareTo(new BigDecimal("0.10")) < 0 ? 4 : 2;
        String number = amount.setScale(scale, RoundingMode.HALF_UP).toPlainString();
        return currency.equals("USD") ? "$" + number : currency + " " + number;
    }

    /** {@code 31/s}, {@code 0.4/s}. */
    public static String rate(double perSecond) {
        return String.format(Locale.ROOT, perSecond < 10 ? "%.1f/s" : "%.0f/s", perSecond);
    }
}
