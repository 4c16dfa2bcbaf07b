package dev.signalbox.dispatcher.usage;

import dev.signalbox.dispatcher.usage.RollupKey.Window;
import dev.signalbox.schemas.Topics;

/** The stores of {@code signalbox-usage} that operators may look into. */
public enum UsageTable {
    /** Of the hours of the last two days; keys begin with the hour, as in {@code 2026-11-22T03Z}. */
    HOURLY(UsageStores.rollups(Window.HOURLY), false),
    /** Of the latest days, by day. */
    DAILY(UsageStores.rollups(Window.DAILY), false),
    /** What was spent of each budget, by {@code spent/<scope>/<name>/…}. */
    BUDGETS(UsageStores.BUDGETS, true);

    private final String store;
    private final boolean bySpender;

    UsageTable(String store, boolean bySpender) {
        this.store = store;
        this.bySpender = bySpender;
    }

    public String store() {
        return store;
    }

    /** Full name of the topic by whose partitions it is divided. */
    public String source(String application) {
        return bySpender ? application + "-" + UsageTopology.BY_SPENDER + "-repartition" : Topics.ATTEMPTS;
    }
}
