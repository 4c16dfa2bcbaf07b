package dev.signalbox.workers.vendor;

import dev.signalbox.workers.router.VendorSignals;
import dev.signalbox.workers.router.VendorSignals.Remaining;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads what a response's headers say of limits, in the forms of OpenAI and Anthropic. */
final class LimitHeaders {
    private static final String ANTHROPIC = "anthropic-ratelimit-";
    private static final Duration SANE = Duration.ofHours(24);

    private LimitHeaders() {
    }

    /**
     * Reads the forms of OpenAI ({@code x-ratelimit-remaining-requests}, reset as a duration) and Anthropic
     * ({@code anthropic-ratelimit-requests-remaining}, reset as a time, read against the vendor's own clock).
     *
     * @param header gives a header's value by its name in lower case; null where there is none
     * @return empty if no limit is spoken of
     */
    static Optional<VendorSignals> of(UnaryOperator<@Nullable String> header) {
        VendorSignals signals = header.apply(ANTHROPIC + "requests-remaining") != null
                || header.apply(ANTHROPIC + "input-tokens-remaining") != null
                        ? new VendorSignals(anthropic(header, "requests"), anthropic(header, "tokens"),
                                anthropic(header, "input-tokens"), anthropic(header, "output-tokens"))
                        : new VendorSignals(openAi(header, "requests"), openAi(header, "tokens"), Remaining.UNKNOWN,
                                Remaining.UNKNOWN);
        return signals.says() ? Optional.of(signals) : Optional.empty();
    }

    private static Remaining openAi(UnaryOperator<@Nullable String> header, String bucket) {
        OptionalLong amount = amount(header.apply("x-ratelimit-remaining-" + bucket));
        if (amount.isEmpty()) {
            return Remaining.UNKNOWN;
        }
        return new Remaining(amount, RetryDelay.duration(header.apply("x-ratelimit-reset-" + bucket)));
    }

    private static Remaining anthropic(UnaryOperator<@Nullable String> header, String bucket) {
        OptionalLong amount = amount(header.apply(ANTHROPIC + bucket + "-remaining"));
        if (amount.isEmpty()) {
            return Remaining.UNKNOWN;
        }
        return new Remaining(amount, until(header.apply(ANTHROPIC + bucket + "-reset"), header.apply("date")));
    }

    private static OptionalLong amount(@Nullable String value) {
        if (value == null || value.length() > 18) {
            return OptionalLong.empty();
        }
        try {
            long amount = Long.parseLong(value.strip());
            return amount >= 0 ? OptionalLong.of(amount) : OptionalLong.empty();
        } catch (NumberFormatException notANumber) {
            return OptionalLong.empty();
        }
    }

    private static Optional<Duration> until(@Nullable String reset, @Nullable String date) {
        if (reset == null || date == null) {
            return Optional.empty();
        }
        try {
            Instant now = ZonedDateTime.parse(date.strip(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            Duration left = Duration.between(now, Instant.parse(reset.strip()));
            return left.isNegative() || left.compareTo(SANE) > 0 ? Optional.empty() : Optional.of(left);
        } catch (DateTimeException notATime) {
            return Optional.empty();
        }
    }
}
