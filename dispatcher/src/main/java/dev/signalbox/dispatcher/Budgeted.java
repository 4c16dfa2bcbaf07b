package dev.signalbox.dispatcher;

import dev.signalbox.config.Budget;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.config.live.BudgetLimits;
import dev.signalbox.config.live.TopicFollower;
import dev.signalbox.dispatcher.alerts.Trouble;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Who has a budget: by the configuration, or by an operator's order on {@code llm.budgets}. Any thread may ask. */
final class Budgeted implements BiPredicate<Budget.Scope, String>, AutoCloseable {
    private final Supplier<List<Budget>> configured;
    private final Map<BudgetKey, Budget> ordered = new ConcurrentHashMap<>();
    /** Of the latest period that was told. */
    private final Map<BudgetKey, BudgetRecord> spent = new ConcurrentHashMap<>();
    private final AvroDeserializer<BudgetRecord> records;
    private final TopicFollower follower;

    /** @param configured at present */
    Budgeted(DispatcherOptions options, SchemaRegistryClient registry, Supplier<List<Budget>> configured) {
        this.configured = configured;
        this.records = new AvroDeserializer<>(BudgetRecord.class, registry);
        Map<String, Object> client = new HashMap<>(options.clientProperties());
        client.put("isolation.level", "read_committed");
        this.follower = TopicFollower.start(client, Map.of(Topics.BUDGETS, this::read), "budgeted");
    }

    /** Waits until the orders that were there at the start are known, but no longer than 3 s. */
    void awaitFirstReading() {
        follower.awaitFirstReading();
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        BudgetKey.limit(record.key()).ifPresent(key -> {
            BudgetRecord limit = record.value() == null ? null : records.deserialize(record.topic(), record.value());
            Optional<Budget> budget = limit == null ? Optional.empty() : BudgetLimits.budget(key, limit);
            budget.ifPresentOrElse(set -> ordered.put(key, set), () -> ordered.remove(key));
        });
        BudgetKey.spent(record.key()).ifPresent(key -> {
            BudgetRecord sum = record.value() == null ? null : records.deserialize(record.topic(), record.value());
            if (sum != null) {
                spent.merge(key, sum,
                        (before, now) -> BudgetTrouble.until(now) >= BudgetTrouble.until(before) ? now : before);
            }
        });
    }

    /** Budgets whose soft or hard limit is reached in the period of that time, ms on the broker's clock. */
    List<Trouble> troubles(long nowMillis) {
        return BudgetTrouble.of(configured.get(), ordered, spent, nowMillis);
    }

    @Override
    public boolean test(Budget.Scope scope, String name) {
        for (Budget budget : configured.get()) {
            if (budget.scope() == scope && budget.name().equals(name)) {
                return true;
            }
        }
        for (Budget.Period period : Budget.Period.values()) {
            if (!ordered.isEmpty() && ordered.containsKey(new BudgetKey(scope, name, period))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() {
        follower.close();
    }
}
