package dev.signalbox.dispatcher.usage;

import dev.signalbox.schemas.avro.UsageRecord;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** What a rollup is of: a window, and who asked for what at whose cost, what served it and on whose
 * capacity. */
final class RollupKey {
    private static final DateTimeFormatter HOUR = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH'Z'")
            .withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("uuuu-MM-dd").withZone(ZoneOffset.UTC);

    private RollupKey() {
    }

    /** Length of a window; windows begin at whole ones in UTC. */
    enum Window {
        HOURLY(Duration.ofHours(1), RollupKey.HOUR),
        DAILY(Duration.ofDays(1), RollupKey.DAY);

        private final long millis;
        private final DateTimeFormatter form;

        Window(Duration length, DateTimeFormatter form) {
            this.millis = length.toMillis();
            this.form = form;
        }

        long millis() {
            return millis;
        }

        /** Start of the window that a time is in, ms. */
        long start(long timeMillis) {
            return Math.floorDiv(timeMillis, millis) * millis;
        }
    }

    /**
     * {@code environment/tenant/use case/department/model/deployment/pool/lender}, each percent-encoded; {@code -} for no
     * department, and for calls on their own pool's capacity.
     */
    static String dimensions(UsageRecord usage) {
        return String.join("/", encoded(usage.getEnvironment()), encoded(usage.getTenant()),
                encoded(usage.getUseCase()), encoded(usage.getDepartment()), encoded(usage.getModel()),
                encoded(usage.getDeployment()), encoded(usage.getPool()), encoded(usage.getLender()));
    }

    /** {@code 2026-11-21T20Z/…} or {@code 2026-11-21/…}: sorted by time. */
    static String of(Window window, long timeMillis, String dimensions) {
        return window.form.format(Instant.ofEpochMilli(window.start(timeMillis))) + "/" + dimensions;
    }

    private static String encoded(@Nullable String value) {
        return value == null ? "-" : value.equals("-") ? "%2D" : URLEncoder.encode(value, StandardCharsets.UTF_8);
    }
}
