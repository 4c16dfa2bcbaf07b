package dev.signalbox.workers;

import dev.signalbox.config.Budget;
import dev.signalbox.config.live.BudgetKey;
import dev.signalbox.config.live.BudgetLimits;
import dev.signalbox.config.live.TopicFollower;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.BudgetShare;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What {@code llm.budgets} says, for this worker's budgets: the fleet's sums and operators' orders, as they come. */
final class BudgetKnowledge implements AutoCloseable {
    private final Budgets budgets;
    private final String worker;
    private final AvroDeserializer<BudgetRecord> records;
    private final TopicFollower follower;

    BudgetKnowledge(WorkerOptions options, SharedStages shared) {
        this.budgets = shared.budgets;
        this.worker = shared.identity.name();
        this.records = new AvroDeserializer<>(BudgetRecord.class,
                SchemaRegistryClient.of(options.registryProperties()));
        Map<String, Object> client = new HashMap<>(options.clientProperties());
        client.put("isolation.level", "read_committed");
        this.follower = TopicFollower.start(client, Map.of(Topics.BUDGETS, this::read), "budget-knowledge");
    }

    /** Waits until all was read that was there at the start, but no longer than 3 s. */
    void awaitFirstReading() {
        follower.awaitFirstReading();
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        BudgetRecord value = record.value() == null ? null : records.deserialize(record.topic(), record.value());
        BudgetKey.limit(record.key()).ifPresent(key -> budgets.ordered(key,
                value == null ? Optional.<Budget>empty() : BudgetLimits.budget(key, value)));
        if (value != null && value.getSpent() != null && value.getFromMillis() != null) {
            long from = value.getFromMillis();
            BudgetKey.spent(record.key()).ifPresent(key -> budgets.told(key, from, value.getSpent(),
                    value.getWorkers().stream().filter(share -> share.getWorker().equals(worker))
                            .map(BudgetShare::getSpent).findAny()));
        }
    }

    @Override
    public void close() {
        follower.close();
    }
}
