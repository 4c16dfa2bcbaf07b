package dev.signalbox.cli.usage;

import dev.signalbox.schemas.avro.UsageRollup;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What usage can be told apart by. */
public enum UsageDimension {
    TENANT,
    USE_CASE,
    DEPARTMENT,
    MODEL,
    VENDOR,
    DEPLOYMENT,
    ENVIRONMENT,
    DAY,
    POOL,
    /** Whose capacity calls ran on, where that was not their own pool's. */
    LENDER;

    private static final String NONE = "-";

    /** {@code -} for no department, no lender, and for the pool of sums that are older than that they name it. */
    String of(UsageRollup rollup) {
        return switch (this) {
            case TENANT -> rollup.getTenant();
            case USE_CASE -> rollup.getUseCase();
            case DEPARTMENT -> orNone(rollup.getDepartment());
            case MODEL -> rollup.getModel();
            case VENDOR -> rollup.getVendor();
            case DEPLOYMENT -> rollup.getDeployment();
            case ENVIRONMENT -> rollup.getEnvironment();
            case DAY -> Instant.ofEpochMilli(rollup.getFromMillis()).atOffset(ZoneOffset.UTC).toLocalDate().toString();
            case POOL -> orNone(rollup.getPool());
            case LENDER -> orNone(rollup.getLender());
        };
    }

    private static String orNone(@Nullable String value) {
        return value == null ? NONE : value;
    }

    /** As an option and a column has it: {@code use_case}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The one of that label; a hyphen will do for the underscore. */
    public static Optional<UsageDimension> ofLabel(String label) {
        return Arrays.stream(values()).filter(it -> it.label().equals(label.replace('-', '_'))).findAny();
    }

    /** All labels, for messages. */
    public static String labels() {
        return Arrays.stream(values()).map(UsageDimension::label).collect(Collectors.joining(", "));
    }
}
