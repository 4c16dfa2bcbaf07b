package dev.signalbox.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.RequestState;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * Where a request is. What was told of it comes from a dispatcher's store, where one is named, else from a look through its
 * partition of {@code llm.status}; of one that nothing was told of, the lanes' records are looked through, from what is
 * committed to where they end.
 */
final class Whereabouts {
    private static final Duration ASKED = Duration.ofSeconds(5);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Clients clients;
    private final @Nullable URI dispatcher;
    private final Duration limit;

    /**
     * @param dispatcher base address of one; null: there is none to ask
     * @param limit of each look through topics
     */
    Whereabouts(Clients clients, @Nullable URI dispatcher, Duration limit) {
        this.clients = clients;
        this.dispatcher = dispatcher;
        this.limit = limit;
    }

    /** What is known. */
    sealed interface Found {
        /** @param status {@code RequestStatus} as JSON, with {@code toldMillis} */
        record Told(JsonNode status) implements Found {
            boolean hasEnded() {
                return status.path("state").asText().equals(RequestState.ENDED.name());
            }
        }

        /**
         * It waits, or its call has just begun.
         *
         * @param record its latest one
         * @param ahead records of its partition that are not done, as far as is committed, and come before it
         * @param enqueuedMillis append time of its first record
         * @param oldestMillis append time of the first record of the oldest request before it in its partition, or its own
         */
        record Queued(ConsumerRecord<byte[], byte[]> record, long ahead, long enqueuedMillis,
                long oldestMillis) implements Found {
            TopicPartition partition() {
                return new TopicPartition(record.topic(), record.partition());
            }

            long offset() {
                return record.offset();
            }

            /** Whether it is the record that a worker told of. */
            private boolean isOf(JsonNode status) {
                return record.topic().equals(status.path("requestTopic").asText())
                        && record.partition() == status.path("requestPartition").asInt(-1)
                        && record.offset() == status.path("requestOffset").asLong(-1);
            }
        }

        /**
         * @param looked records that were looked through
         * @param all whether these were all
         */
        record Nothing(long looked, boolean all) implements Found {
        }
    }

    Found of(String id) {
        Optional<Found.Told> told = told(id).map(Found.Told::new);
        if (told.isPresent() && told.get().hasEnded()) {
            return told.get();
        }
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(); Admin admin = clients.admin()) {
            return told.isPresent() ? again(consumer, admin, told.get(), id) : queued(consumer, admin, id);
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    /** What was told of it in the last 24 h. */
    Optional<JsonNode> told(String id) {
        if (dispatcher != null) {
            return asked(dispatcher, id);
        }
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            return read(consumer, id);
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    private static Optional<JsonNode> asked(URI base, String id) {
        String at = base.toString().replaceAll("/+$", "") + "/requests?id="
                + URLEncoder.encode(id, StandardCharsets.UTF_8);
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(at)).timeout(ASKED);
        Optional.ofNullable(System.getenv(AdminOptions.TOKEN_VARIABLE))
                .ifPresent(token -> request.header("Authorization", "Bearer " + token));
        try (HttpClient http = HttpClient.newBuilder().connectTimeout(ASKED).build()) {
            HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return switch (answer.statusCode()) {
                case 200 -> Optional.of(MAPPER.readTree(answer.body()));
                case 404 -> Optional.empty();
                default -> throw new CommandFailure(ExitCode.SOME_FAILED,
                        "the dispatcher at " + base + " answers " + answer.statusCode() + ": " + answer.body().strip());
            };
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.SOME_FAILED, "the dispatcher at " + base + " cannot be asked: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        Map<String, Object> properties = new HashMap<>(clients.kafkaProperties());
        properties.put("enable.auto.commit", false);
        properties.put("auto.offset.reset", "earliest");
        properties.put("default.api.timeout.ms", (int) ASKED.toMillis());
        properties.put("fetch.max.wait.ms", 20);
        properties.put("max.partition.fetch.bytes", 8 << 20);
        properties.put("max.poll.records", 20_000);
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** By the first end that was told, else by what was told last. */
    private Optional<JsonNode> read(KafkaConsumer<byte[], byte[]> consumer, String id) {
        byte[] key = id.getBytes(StandardCharsets.UTF_8);
        int partitions = consumer.partitionsFor(Topics.STATUS).size();
        if (partitions == 0) {
            return Optional.empty();
        }
        TopicPartition own = new TopicPartition(Topics.STATUS, Utils.toPositive(Utils.murmur2(key)) % partitions);
        AvroDeserializer<RequestStatus> values = new AvroDeserializer<>(RequestStatus.class,
                SchemaRegistryClient.of(clients.registryProperties()));
        Latest latest = new Latest();
        scan(consumer, consumer.beginningOffsets(List.of(own)), consumer.endOffsets(List.of(own)), record -> {
            if (Arrays.equals(key, record.key())) {
                RequestStatus status = values.deserialize(record.topic(), record.value());
                latest.take(status, record.timestamp());
            }
            return latest.ended;
        });
        return Optional.ofNullable(latest.json);
    }

    private static final class Latest {
        private @Nullable JsonNode json;
        private boolean ended;

        void take(@Nullable RequestStatus status, long toldMillis) {
            if (status != null) {
                try {
                    JsonNode tree = MAPPER.readTree(new JsonRecords().write(status));
                    if (tree instanceof ObjectNode object) {
                        object.put("toldMillis", toldMillis);
                    }
                    json = tree;
                } catch (IOException e) {
                    throw new IllegalStateException("a record's own JSON form", e);
                }
                ended = status.getState() == RequestState.ENDED;
            }
        }
    }

    /** A call of it was told of: it may have failed meanwhile, and the request wait for its next visit. */
    private Found again(KafkaConsumer<byte[], byte[]> consumer, Admin admin, Found.Told told, String id) {
        Looked looked = new Looked(id);
        look(consumer, admin, lanes(consumer), true, looked);
        return looked.found().<Found>map(found -> found.isOf(told.status) ? told : found).orElse(told);
    }

    private Found queued(KafkaConsumer<byte[], byte[]> consumer, Admin admin, String id) {
        Map<TopicPartition, Lane> lanes = lanes(consumer);
        Looked looked = new Looked(id);
        // First where it is moved to: it may still be seen where it was.
        boolean whole = look(consumer, admin, lanes, true, looked);
        if (looked.found().isEmpty()) {
            whole &= look(consumer, admin, lanes, false, looked);
        }
        Optional<Found.Queued> found = looked.found();
        return found.isPresent() ? found.get() : new Found.Nothing(looked.records, whole);
    }

    private static Map<TopicPartition, Lane> lanes(KafkaConsumer<byte[], byte[]> consumer) {
        Map<TopicPartition, Lane> lanes = new HashMap<>();
        consumer.listTopics().forEach((topic, infos) -> Lane.ofTopic(topic).ifPresent(
                lane -> infos.forEach(info -> lanes.put(new TopicPartition(topic, info.partition()), lane))));
        return lanes;
    }

    /** Whether all of the lanes' retry topics, or all of their others, was looked through. */
    private boolean look(KafkaConsumer<byte[], byte[]> consumer, Admin admin, Map<TopicPartition, Lane> lanes,
            boolean retries, Looked looked) {
        Map<TopicPartition, Lane> wanted = new HashMap<>(lanes);
        wanted.entrySet().removeIf(
                each -> retries != each.getValue().retryTopic().equals(each.getKey().topic()));
        Map<TopicPartition, Long> from = new HashMap<>(consumer.beginningOffsets(wanted.keySet()));
        new HashSet<>(wanted.values()).forEach(lane -> committed(admin, lane)
                .forEach((partition, offset) -> from.computeIfPresent(partition,
                        (same, first) -> Math.max(first, offset))));
        return scan(consumer, from, consumer.endOffsets(wanted.keySet()),
                record -> looked.take(record) && !retries);
    }

    /** What a look through the lanes has seen. */
    private static final class Looked {
        private final byte[] key;
        private final Map<TopicPartition, long[]> seen = new HashMap<>();
        private long records;
        private Found.@Nullable Queued last;

        Looked(String id) {
            this.key = id.getBytes(StandardCharsets.UTF_8);
        }

        /** Whether it is the wanted one. */
        boolean take(ConsumerRecord<byte[], byte[]> record) {
            records++;
            long[] before = seen.computeIfAbsent(new TopicPartition(record.topic(), record.partition()),
                    partition -> new long[]{0, record.timestamp()});
            long enqueued = firstEnqueued(record);
            before[1] = Math.min(before[1], enqueued);
            boolean wanted = Arrays.equals(key, record.key());
            if (wanted) {
                last = new Found.Queued(record, before[0], enqueued, before[1]);
            }
            before[0]++;
            return wanted;
        }

        Optional<Found.Queued> found() {
            return Optional.ofNullable(last);
        }
    }

    private static long firstEnqueued(ConsumerRecord<byte[], byte[]> record) {
        Header first = record.headers().lastHeader(Headers.FIRST_ENQUEUED);
        try {
            return first == null
                    ? record.timestamp()
                    : Long.parseLong(new String(first.value(), StandardCharsets.UTF_8));
        } catch (NumberFormatException e) {
            return record.timestamp();
        }
    }

    private Map<TopicPartition, Long> committed(Admin admin, Lane lane) {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        try {
            admin.listConsumerGroupOffsets(lane.consumerGroup()).partitionsToOffsetAndMetadata().get()
                    .forEach((partition, committed) -> {
                        if (committed != null) {
                            offsets.put(partition, committed.offset());
                        }
                    });
        } catch (ExecutionException e) {
            throw KafkaTrouble.of(e.getCause() == null ? e : e.getCause(), clients.bootstrapServers());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return offsets;
    }

    /** Whether all was looked at, or the visitor had enough, within the limit. */
    private boolean scan(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> from,
            Map<TopicPartition, Long> ends, Predicate<ConsumerRecord<byte[], byte[]>> enough) {
        Map<TopicPartition, Long> open = new HashMap<>(ends);
        open.entrySet().removeIf(end -> from.getOrDefault(end.getKey(), 0L) >= end.getValue());
        consumer.assign(open.keySet());
        open.keySet().forEach(partition -> consumer.seek(partition, from.getOrDefault(partition, 0L)));
        long until = System.nanoTime() + limit.toNanos();
        while (open.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            if (System.nanoTime() - until >= 0) {
                return false;
            }
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                if (enough.test(record)) {
                    return true;
                }
            }
        }
        return true;
    }
}
