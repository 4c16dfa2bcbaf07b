package dev.signalbox.schemas;

import java.util.regex.Pattern;

/** Name of a pool: {@code [a-z0-9-]{1,32}}, so that it can stand in topic and group names. */
public record PoolName(String value) {
    private static final Pattern LEGAL = Pattern.compile("[a-z0-9-]{1,32}");

    public PoolName {
        if (!isLegal(value)) {
            throw new IllegalArgumentException("pool name \"" + value + "\" must match [a-z0-9-]{1,32}");
        }
    }

    public static boolean isLegal(String value) {
        return LEGAL.matcher(value).matches();
    }

    @Override
    public String toString() {
        return value;
    }
}
