package dev.signalbox.dispatcher.usage;

import dev.signalbox.config.Budget;
import dev.signalbox.dispatcher.availability.AvailabilityTopology;
import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.dispatcher.usage.RollupKey.Window;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.time.Duration;
import java.util.function.BiPredicate;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;

/** What the application {@code signalbox-usage} consists of. */
public final class UsageTopology {
    private static final String ATTEMPTS = "usage-attempts";
    private static final String PAIRING = "usage-pairing";
    private static final String CALLS = "usage-calls";
    private static final String ROLLUPS = "usage-rollups";
    private static final String SPENDERS = "usage-spenders";
    static final String BY_SPENDER = "by-spender";
    private static final String BUDGETS = "usage-budgets";

    private final Supplier<Duration> longestCall;
    private final FleetTime time;
    private final Deserializer<AttemptEvent> attempts;
    private final Serde<UsageRecord> usage;
    private final Serde<UsageRollup> rollups;
    private final Serde<BudgetRecord> budgets;
    private final BiPredicate<Budget.Scope, String> hasBudget;
    private final AvailabilityTopology availability;

    /**
     * @param longestCall at present: no vendor call takes longer, the report of its end included
     * @param time of this application alone, since it may lag behind others
     * @param hasBudget whose spending is summed up; asked again for each call
     */
    public UsageTopology(Supplier<Duration> longestCall, FleetTime time, Deserializer<AttemptEvent> attempts,
            Serde<UsageRecord> usage, Serde<UsageRollup> rollups, Serde<BudgetRecord> budgets,
            BiPredicate<Budget.Scope, String> hasBudget, AvailabilityTopology availability) {
        this.longestCall = longestCall;
        this.time = time;
        this.attempts = attempts;
        // Internal topics hold what the public ones do, under the same schemas.
        this.usage = under(Topics.USAGE, usage);
        this.rollups = under(Topics.USAGE_HOURLY, rollups);
        this.budgets = under(Topics.BUDGETS, budgets);
        this.hasBudget = hasBudget;
        this.availability = availability;
    }

    private static <T> Serde<T> under(String topic, Serde<T> serde) {
        Serializer<T> serializer = serde.serializer();
        Deserializer<T> deserializer = serde.deserializer();
        return Serdes.serdeFrom((internal, value) -> serializer.serialize(topic, value),
                (internal, bytes) -> deserializer.deserialize(topic, bytes));
    }

    /** All sub-topologies in the order in which an event flows through them. */
    public Topology build() {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, UsageRecord> calls = pairing(builder);
        rollups(builder, calls);
        budgets(builder, calls);
        availability.addTo(builder, time);
        return builder.build();
    }

    /** Each vendor call once. */
    private KStream<String, UsageRecord> pairing(StreamsBuilder builder) {
        builder.addStateStore(UsageStores.open(usage)).addStateStore(UsageStores.over());
        KStream<String, UsageRecord> calls = builder
                .stream(Topics.ATTEMPTS,
                        Consumed.with(Serdes.String(), Serdes.serdeFrom(unused(), attempts)).withName(ATTEMPTS)
                                .withOffsetResetPolicy(AutoOffsetReset.earliest()))
                .process(() -> new PairingProcessor(longestCall, time), Named.as(PAIRING), UsageStores.OPEN,
                        UsageStores.OVER);
        calls.to(Topics.USAGE, Produced.with(Serdes.String(), usage).withName(CALLS));
        return calls;
    }

    /** Their sums, by hour and by day: in place, since all calls of a deployment are in one partition already. */
    private void rollups(StreamsBuilder builder, KStream<String, UsageRecord> calls) {
        for (Window window : Window.values()) {
            builder.addStateStore(UsageStores.rollups(window, rollups));
        }
        KStream<String, UsageRollup> sums = calls
                .process(RollupProcessor::new, Named.as(ROLLUPS), UsageStores.rollups(Window.HOURLY),
                        UsageStores.rollups(Window.DAILY));
        sums.filter((key, sum) -> isOf(Window.HOURLY, sum), Named.as("usage-is-hourly")).to(Topics.USAGE_HOURLY,
                Produced.with(Serdes.String(), rollups).withName("usage-hours"));
        sums.filter((key, sum) -> isOf(Window.DAILY, sum), Named.as("usage-is-daily")).to(Topics.USAGE_DAILY,
                Produced.with(Serdes.String(), under(Topics.USAGE_DAILY, rollups)).withName("usage-days"));
    }

    /** What those who have a budget spend. */
    private void budgets(StreamsBuilder builder, KStream<String, UsageRecord> calls) {
        builder.addStateStore(UsageStores.budgets(budgets));
        calls.flatMap((id, call) -> BudgetSums.spenders(call, hasBudget), Named.as(SPENDERS))
                .repartition(Repartitioned.with(Serdes.String(), usage).withName(BY_SPENDER))
                .process(BudgetProcessor::new, Named.as(BUDGETS), UsageStores.BUDGETS)
                .to(Topics.BUDGETS, Produced.with(Serdes.String(), budgets).withName("usage-spent"));
    }

    private static boolean isOf(Window window, UsageRollup sum) {
        return sum.getUntilMillis() - sum.getFromMillis() == window.millis();
    }

    private static Serializer<AttemptEvent> unused() {
        return (topic, event) -> {
            throw new UnsupportedOperationException("attempt events are read only");
        };
    }
}
