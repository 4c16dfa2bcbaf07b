package dev.signalbox.config.live;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Keys of {@code llm.config}: {@code routing/<generation>/<16 hex digits>}. Each record has one of its own: under one key for
 * all, compaction would keep the last record, which may be one that nobody took, and drop the one that holds.
 */
public final class ConfigurationKey {
    private static final Pattern KEY = Pattern.compile("routing/([0-9]{1,18})/[0-9a-f]{1,16}");

    private ConfigurationKey() {
    }

    /** A new key for a record of that generation. */
    public static String of(long generation) {
        return "routing/" + generation + "/" + String.format("%016x", new SplittableRandom().nextLong());
    }

    /** The key of a record, if it is a configuration's. */
    public static Optional<String> parse(byte @Nullable [] key) {
        return Optional.ofNullable(key).map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                .filter(text -> KEY.matcher(text).matches());
    }

    /** The generation in a key. */
    public static OptionalLong generation(String key) {
        Matcher matcher = KEY.matcher(key);
        return matcher.matches() ? OptionalLong.of(Long.parseLong(matcher.group(1))) : OptionalLong.empty();
    }
}
