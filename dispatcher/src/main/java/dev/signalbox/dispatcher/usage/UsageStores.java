package dev.signalbox.dispatcher.usage;

import dev.signalbox.dispatcher.usage.Pairing.Mark;
import dev.signalbox.dispatcher.usage.RollupKey.Window;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The stores of {@code signalbox-usage}; all have a changelog topic. */
final class UsageStores {
    /** Calls under way, by event id, in memory: as many as the fleet has in flight, and those that were lost lately. */
    static final String OPEN = "usage-open-calls";
    /** Marks of calls that are over, by event id, on disk. */
    static final String OVER = "usage-calls-over";

    /** How long an event that comes again is known: an event is sent again within the producer's time-out, 2 min a try. */
    static final Duration REMEMBERED = Duration.ofMinutes(15);
    /** Marks are kept by the start of their bucket, so that a look-up reads one or two. */
    private static final Duration BUCKET = REMEMBERED;

    private UsageStores() {
    }

    static StoreBuilder<?> open(Serde<UsageRecord> records) {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(OPEN), Serdes.String(), records)
                .withCachingDisabled();
    }

    static StoreBuilder<?> over() {
        return Stores.windowStoreBuilder(
                Stores.persistentWindowStore(OVER, REMEMBERED.multipliedBy(2), BUCKET, false), Serdes.String(),
                Serdes.serdeFrom((topic, mark) -> new byte[]{mark.code()}, (topic, bytes) -> mark(bytes)))
                .withCachingEnabled();
    }

    /** The two buckets that may hold the mark of an event that was appended now: its own, and the one before. */
    static long[] buckets(long nowMillis) {
        long own = Math.floorDiv(nowMillis, BUCKET.toMillis()) * BUCKET.toMillis();
        return new long[]{own, own - BUCKET.toMillis()};
    }

    static Mark mark(byte[] bytes) {
        return Arrays.stream(Mark.values()).filter(mark -> bytes.length == 1 && bytes[0] == mark.code()).findAny()
                .orElseThrow(() -> new SerializationException(
                        "the bytes are no mark of a call that is over; a later dispatcher wrote them?"));
    }

    /** Sums of the latest windows, on disk. */
    static String rollups(Window window) {
        return "usage-" + window.name().toLowerCase(Locale.ROOT);
    }

    /** What was spent of budgets in their latest periods, on disk. */
    static final String BUDGETS = "usage-budgets";

    static StoreBuilder<?> budgets(Serde<BudgetRecord> budgets) {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(BUDGETS), Serdes.String(), budgets)
                .withCachingEnabled();
    }

    static StoreBuilder<?> rollups(Window window, Serde<UsageRollup> rollups) {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(rollups(window)), Serdes.String(), rollups)
                .withCachingEnabled();
    }
}
