package dev.signalbox.cli;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.workers.reply.Pricing;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes made-up usage as the dispatcher does: in transactions, some of which it takes back, and replaces some records. */
final class UsageTopicFiller implements AutoCloseable {
    static final Instant T0 = Instant.parse("2026-11-21T20:00:00Z");
    private static final int A_TRANSACTION = 1_000;
    private final KafkaProducer<String, Object> producer;
    private final Pricing pricing;
    private final Random random;
    /** What an export has to hold, by event id. */
    private final Map<String, UsageRecord> calls = new HashMap<>();

    UsageTopicFiller(Clients clients, PriceTable prices, long seed) {
        Map<String, Object> properties = new HashMap<>(clients.kafkaProperties());
        properties.put("transactional.id", "usage-filler");
        AvroSerializer<UsageRecord> records = new AvroSerializer<>(
                SchemaRegistryClient.of(clients.registryProperties()), clients.registryProperties());
        AvroSerializer<UsageRollup> rollups = new AvroSerializer<>(
                SchemaRegistryClient.of(clients.registryProperties()), clients.registryProperties());
        producer = new KafkaProducer<>(properties, new StringSerializer(),
                (topic, value) -> value instanceof UsageRecord record
                        ? records.serialize(topic, record)
                        : rollups.serialize(topic, (UsageRollup) value));
        pricing = new Pricing(prices);
        random = new Random(seed);
        producer.initTransactions();
    }

    /** That many calls; some 2 % were called unpaired before their end came. */
    void calls(int count) {
        for (int i = 0; i < count; i += A_TRANSACTION) {
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(Topics.USAGE, "taken-back-" + i, call("taken-back-" + i)));
            producer.flush();
            producer.abortTransaction();
            producer.beginTransaction();
            for (int k = i; k < Math.min(count, i + A_TRANSACTION); k++) {
                send(k);
            }
            producer.commitTransaction();
        }
    }

    private void send(int number) {
        UsageRecord call = call("request-" + number);
        if (random.nextInt(50) == 0) {
            UsageRecord before = UsageRecord.newBuilder(call).setOutcome("UNPAIRED").setEndedMillis(null)
                    .setUsage(null).setCost(null).setPriceVersion(null).build();
            producer.send(new ProducerRecord<>(Topics.USAGE, call.getEventId(), before));
            call.setSupersedes(true);
        }
        producer.send(new ProducerRecord<>(Topics.USAGE, call.getEventId(), call));
        calls.put(call.getEventId(), call);
    }

    private UsageRecord call(String request) {
        DeploymentName deployment = DeploymentName.parse(List.of("fast.a/m", "slow.a/m", "unpriced.a/m")
                .get(Math.min(2, random.nextInt(12) / 5)));
        TokenUsage tokens = random.nextInt(20) == 0
                ? null
                : TokenUsage.newBuilder().setInputTokens(100L + random.nextInt(5_000))
                        .setOutputTokens((long) random.nextInt(900)).setCachedInputTokens((long) random.nextInt(100))
                        .setEstimated(random.nextInt(30) == 0).build();
        BigDecimal cost = tokens == null
                ? null
                : pricing.cost(deployment, tokens, LocalDate.parse("2026-11-21")).orElse(null);
        long started = T0.toEpochMilli() + random.nextInt(3_600_000);
        return UsageRecord.newBuilder().setEventId(request + "/0.1.1.7").setRequestId(request)
                .setAttempt(new AttemptId(0, 1, 1, 7L)).setStartedMillis(started).setEndedMillis(started + 900)
                .setDeployment(deployment.toString()).setVendor(deployment.place()).setModel("m").setRequestedModel("m")
                .setPool("all").setPriority("batch").setUseCase("sums, \"quoted\"").setTenant("acme")
                .setEnvironment("test").setWorker("w").setStreamed(true)
                .setOutcome(tokens == null ? "OVERLOADED" : "ANSWERED").setUsage(tokens).setCost(cost)
                .setPriceVersion(cost == null ? null : pricing.version()).build();
    }

    /** One day's rollup, an earlier state of it first. */
    void day(UsageRollup rollup) {
        producer.beginTransaction();
        String key = rollup.getTenant() + rollup.getDeployment() + rollup.getPool() + rollup.getLender()
                + rollup.getFromMillis();
        producer.send(new ProducerRecord<>(Topics.USAGE_DAILY, key,
                UsageRollup.newBuilder(rollup).setAttempts(1).setUnpriced(0).build()));
        producer.send(new ProducerRecord<>(Topics.USAGE_DAILY, key, rollup));
        producer.commitTransaction();
    }

    long count() {
        return calls.size();
    }

    /** A part of all calls' sum; null counts as 0. */
    BigDecimal sum(Function<UsageRecord, BigDecimal> part) {
        return calls.values().stream().map(call -> {
            BigDecimal value = part.apply(call);
            return value == null ? BigDecimal.ZERO : value;
        }).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    @Override
    public void close() {
        producer.close();
    }
}
