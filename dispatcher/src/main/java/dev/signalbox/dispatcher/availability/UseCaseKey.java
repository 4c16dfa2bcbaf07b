package dev.signalbox.dispatcher.availability;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** A use case of an environment. Its text, and those of its slices and hours, sort by time within one use case. */
record UseCaseKey(String environment, String useCase) {
    static final Duration SLICE = Duration.ofMinutes(5);
    static final Duration HOUR = Duration.ofHours(1);
    private static final DateTimeFormatter HOURS = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH'Z'")
            .withZone(ZoneOffset.UTC);

    /** Start of the slice or hour that a time is in, ms. */
    static long start(Duration window, long timeMillis) {
        return Math.floorDiv(timeMillis, window.toMillis()) * window.toMillis();
    }

    static UseCaseKey parse(String text) {
        int slash = text.indexOf('/');
        return new UseCaseKey(URLDecoder.decode(text.substring(0, slash), StandardCharsets.UTF_8),
                URLDecoder.decode(text.substring(slash + 1), StandardCharsets.UTF_8));
    }

    /** {@code <environment>/<use case>}, each percent-encoded. */
    String text() {
        return URLEncoder.encode(environment, StandardCharsets.UTF_8) + "/"
                + URLEncoder.encode(useCase, StandardCharsets.UTF_8);
    }

    /** In a store, in the order of time. */
    static String at(String text, long startMillis) {
        return text + "|" + String.format(Locale.ROOT, "%013d", startMillis);
    }

    static String at(String text, long startMillis, int partition) {
        return at(text, startMillis) + "|" + partition;
    }

    /** The start in a key of {@link #at}. */
    static long startOf(String key) {
        int bar = key.indexOf('|');
        return Long.parseLong(key.substring(bar + 1, bar + 14));
    }

    /** The use case's text in a key of {@link #at}. */
    static String textOf(String key) {
        return key.substring(0, key.indexOf('|'));
    }

    /** As {@code llm.availability} has it: {@code <hour>/<environment>/<use case>}. */
    static String published(String text, long hourMillis) {
        return HOURS.format(Instant.ofEpochMilli(hourMillis)) + "/" + text;
    }
}
