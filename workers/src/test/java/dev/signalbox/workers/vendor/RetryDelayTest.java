package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("issue-3")
class RetryDelayTest {
    /** Headers are {@code name=value}, several parted by {@code ;}; an empty delay: none. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "retry-after-ms=250 | | 250", "retry-after-ms=0 | | 0", "retry-after-ms=12.3 | | 13",
            "retry-after=7 | | 7000", "retry-after=1.5 | | 1500", "retry-after=0 | | 0",
            "retry-after=Tue, 29 Jul 2025 17:04:00 GMT;date=Tue, 29 Jul 2025 17:03:29 GMT | | 31000",
            "retry-after=Tue, 29 Jul 2025 17:03:00 GMT;date=Tue, 29 Jul 2025 17:03:29 GMT | | ",
            "retry-after=Tue, 29 Jul 2025 17:04:00 GMT | | ",
            "retry-after=1;retry-after-ms=0 | | 1000",
            "retry-after=-5 | | ", "retry-after=NaN | | ", "retry-after=soon | | ", "retry-after=Infinity | | ",
            "retry-after=86400 | | ", "retry-after=9223372036854767616 | | ", "retry-after=3600 | | 900000",
            "x-ratelimit-reset-requests=6ms;x-ratelimit-remaining-requests=0 | | 6",
            "x-ratelimit-reset-tokens=18.642s;x-ratelimit-remaining-tokens=0 | | 18642",
            "x-ratelimit-reset-tokens=1m2s;x-ratelimit-remaining-tokens=0 | | 62000",
            "x-ratelimit-reset-tokens=10.332999999s | | 10333",
            "x-ratelimit-reset-tokens=30s;x-ratelimit-remaining-tokens=100 | | ",
            "x-ratelimit-reset-requests=500 | | ",
            "x-ratelimit-reset-requests=6ms;x-ratelimit-reset-tokens=2s | | 2000",
            "x-rate-limit-reset-tokens=12 | | 12000",
            "ratelimit-reset=4 | | 4000",
            "llm_provider-retry-after=9 | | 9000",
            "x-ratelimit-reset=1753808639000;date=Tue, 29 Jul 2025 17:03:29 GMT | | 30000",
            "x-ratelimit-reset=1753808600000;date=Tue, 29 Jul 2025 17:03:29 GMT | | ",
            "a=b | Please try again in 20s | 20000", "a=b | try again in 644ms. | 644",
            "a=b | Please retry after 33 seconds. | 33000", "a=b | Try again in 60 seconds | 60000",
            "a=b | Try again in 2 minutes | 120000", "a=b | try again in 1m2.5s | 62500",
            "a=b | \"retryDelay\": \"48s\" | 48000", "a=b | try again later | ",
            "retry-after=3 | try again in 20s | 20000",
            "anthropic-ratelimit-tokens-remaining=0;anthropic-ratelimit-tokens-reset=2025-07-29T17:03:31Z;date=Tue, 29 Jul 2025 17:03:29 GMT | | 2000",
            "anthropic-ratelimit-tokens-remaining=5;anthropic-ratelimit-tokens-reset=2025-07-29T17:03:31Z;date=Tue, 29 Jul 2025 17:03:29 GMT | | ",
            "anthropic-ratelimit-tokens-remaining=0;anthropic-ratelimit-tokens-reset=2025-07-29T17:03:01Z;date=Tue, 29 Jul 2025 17:03:29 GMT | | "})
    void everyFormThatVendorsUse(String headers, String text, Long millis) {
        Map<String, String> all = new HashMap<>();
        for (String header : headers.split(";")) {
            int equals = header.indexOf('=');
            all.put(header.substring(0, equals).strip(), header.substring(equals + 1).strip());
        }
        assertThat(RetryDelay.of(all, text == null ? "" : text, 0).map(Duration::toMillis).orElse(null))
                .isEqualTo(millis);
    }

    @Test
    void aResetInTheBodyCountsAgainstTheVendorsClock() {
        Map<String, String> date = Map.of("date", "Tue, 29 Jul 2025 17:03:29 GMT");
        assertThat(RetryDelay.of(date, "", 1_753_808_639_000L)).contains(Duration.ofSeconds(30));
        assertThat(RetryDelay.of(Map.of(), "", 1_753_808_639_000L)).isEmpty();
    }
}
