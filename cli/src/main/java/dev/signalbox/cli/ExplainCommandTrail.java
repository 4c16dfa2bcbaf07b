package dev.signalbox.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptPhase;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.utils.Utils;

/**
 * What happened to a request, as the topics tell: each attempt with the decision behind it, and the reply without its
 * text.
 *
 * @param where what was told of it, or where it waits
 * @param attempts events of {@code llm.attempts}, by attempt and phase, with {@code toldMillis}
 * @param replies records of the reply topic, in the order read; the first by offset is the one that counts
 */
record ExplainCommandTrail(String id, Whereabouts.Found where, List<JsonNode> attempts, List<JsonNode> replies) {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /**
     * What is told of a call may come that much earlier or later than what is told of its request: by how much a worker misjudges
     * broker time, and what a record lingers.
     */
    private static final long SLACK_MILLIS = 250;
    /** As long as a record may be on its way to a broker that is away. */
    private static final long LONGEST_SLACK_MILLIS = 120_000;
    /** Of a request that waited no longer than that, its whole time is read at once. */
    private static final long READ_AT_ONCE_MILLIS = 10_000;

    /** Claims of a turn that a call needed are no attempts: the call, if it came to that, tells of itself. */
    ExplainCommandTrail {
        attempts = attempts.stream().filter(event -> !isClaim(event)).toList();
    }

    /**
     * A stretch of the topics by the broker's time, ms since 1970.
     *
     * @param toMillis {@link Long#MAX_VALUE}: to where they end now
     */
    private record Stretch(long fromMillis, long toMillis) {
        /**
         * In which all is told of a request that runs, and of one that has ended what its last visit did; where its beginning
         * is not known, since then.
         */
        static Stretch of(JsonNode told, long sinceMillis) {
            if (!told.path("state").asText().equals("ENDED")) {
                return new Stretch(from(told, "firstEnqueuedMillis", sinceMillis), Long.MAX_VALUE);
            }
            long enqueued = from(told, "firstEnqueuedMillis", sinceMillis);
            long started = from(told, "startedMillis", sinceMillis);
            return new Stretch(started - enqueued <= READ_AT_ONCE_MILLIS ? enqueued : started,
                    told.path("toldMillis").asLong(Long.MAX_VALUE - SLACK_MILLIS) + SLACK_MILLIS);
        }

        private static long from(JsonNode told, String field, long sinceMillis) {
            JsonNode millis = told.path(field);
            return millis.isNumber() ? millis.asLong() - SLACK_MILLIS : sinceMillis;
        }

        Stretch since(long earlierMillis) {
            return new Stretch(Math.min(fromMillis, earlierMillis), toMillis);
        }

        Stretch wider() {
            return new Stretch(fromMillis - LONGEST_SLACK_MILLIS,
                    toMillis == Long.MAX_VALUE ? toMillis : toMillis + LONGEST_SLACK_MILLIS);
        }
    }

    /**
     * Looks where what is told says: of one that has ended, from its last visit on; from when it came first, if there was
     * a visit before that one; and further around, if the reply is not there.
     */
    static ExplainCommandTrail find(Clients clients, String id, Whereabouts.Found where, String replyTopic,
            long sinceMillis) {
        return switch (where) {
            case Whereabouts.Found.Told(JsonNode told) -> {
                Stretch stretch = Stretch.of(told, sinceMillis);
                ExplainCommandTrail trail = find(clients, id, where, replyTopic, stretch, true);
                Stretch whole = stretch.since(Stretch.from(told, "firstEnqueuedMillis", sinceMillis));
                if (trail.lacksItsBeginning() && whole.fromMillis() < stretch.fromMillis()) {
                    trail = find(clients, id, where, replyTopic, whole, true);
                }
                yield trail.replies.isEmpty() && stretch.toMillis() < Long.MAX_VALUE
                        ? find(clients, id, where, replyTopic, whole.wider(), false)
                        : trail;
            }
            case Whereabouts.Found.Queued queued -> find(clients, id, where, replyTopic,
                    new Stretch(queued.enqueuedMillis() - SLACK_MILLIS, Long.MAX_VALUE), true);
            case Whereabouts.Found.Nothing nothing ->
                find(clients, id, where, replyTopic, new Stretch(sinceMillis, Long.MAX_VALUE), true);
        };
    }

    /** Whether no call was found, or the first one that was found is not known to be the request's first. */
    private boolean lacksItsBeginning() {
        if (attempts.isEmpty()) {
            return true;
        }
        JsonNode first = attempts.getFirst().path("attempt");
        return first.path("hop").asInt() > 0 || first.path("number").asInt() > 1 || first.path("epoch").asInt() > 1;
    }

    /**
     * Reads a stretch of the topics; no group, nothing committed.
     *
     * @param byKey the reply is in its id's own partition; else its caller may have asked for another
     */
    private static ExplainCommandTrail find(Clients clients, String id, Whereabouts.Found where, String replyTopic,
            Stretch stretch, boolean byKey) {
        Map<String, Object> properties = new HashMap<>(clients.kafkaProperties());
        properties.put("enable.auto.commit", false);
        properties.put("default.api.timeout.ms", (int) PATIENCE.toMillis());
        // A fetch that waits for records at the end of one partition holds up the one from the next.
        properties.put("fetch.max.wait.ms", 20);
        properties.put("max.poll.records", 5_000);
        RecordText text = new RecordText(clients.registryProperties());
        List<JsonNode> attempts = new ArrayList<>();
        List<JsonNode> replies = new ArrayList<>();
        byte[] wanted = id.getBytes(StandardCharsets.UTF_8);
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(properties, new StringDeserializer(),
                new ByteArrayDeserializer())) {
            Map<TopicPartition, Long> ends = seek(consumer,
                    times(consumer, replyTopic, byKey && stretch.toMillis() < Long.MAX_VALUE
                            ? Optional.of(wanted)
                            : Optional.empty(), stretch.fromMillis()),
                    stretch);
            long progressNanos = System.nanoTime();
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                var records = consumer.poll(Duration.ofMillis(200));
                for (ConsumerRecord<String, byte[]> record : records) {
                    if (record.value() != null && holds(record.value(), wanted)) {
                        JsonNode value = parse(text.of(record)).path("value");
                        if (value.path("requestId").asText().equals(id)) {
                            ((ObjectNode) value).put("toldMillis", record.timestamp());
                            (record.topic().equals(Topics.ATTEMPTS) ? attempts : replies).add(value);
                        }
                    }
                }
                // What lies behind its end in one partition would be read before what is wanted of the next.
                consumer.pause(records.partitions().stream()
                        .filter(partition -> consumer.position(partition) >= ends.getOrDefault(partition, 0L))
                        .toList());
                if (!records.isEmpty()) {
                    progressNanos = System.nanoTime();
                } else if (System.nanoTime() - progressNanos > PATIENCE.toNanos()) {
                    throw new TimeoutException("no records for " + PATIENCE.toSeconds() + " s");
                }
            }
        }
        attempts.sort(ExplainCommandTrail::inOrder);
        return new ExplainCommandTrail(id, where, attempts, replies);
    }

    /** @param key whose partition of the reply topic; empty: all of them */
    private static Map<TopicPartition, Long> times(KafkaConsumer<String, byte[]> consumer, String replyTopic,
            Optional<byte[]> key, long fromMillis) {
        Map<TopicPartition, Long> times = new HashMap<>();
        consumer.partitionsFor(Topics.ATTEMPTS)
                .forEach(info -> times.put(new TopicPartition(info.topic(), info.partition()), fromMillis));
        var replies = consumer.partitionsFor(replyTopic);
        replies.stream().filter(info -> key
                .map(bytes -> Utils.toPositive(Utils.murmur2(bytes)) % replies.size() == info.partition()).orElse(true))
                .forEach(info -> times.put(new TopicPartition(info.topic(), info.partition()), fromMillis));
        return times;
    }

    /** Assigns the partitions that have something in it, and returns where it ends in each. */
    private static Map<TopicPartition, Long> seek(KafkaConsumer<String, byte[]> consumer,
            Map<TopicPartition, Long> times, Stretch stretch) {
        Map<TopicPartition, Long> ends = new HashMap<>(consumer.endOffsets(times.keySet()));
        Map<TopicPartition, OffsetAndTimestamp> starts = new HashMap<>(consumer.offsetsForTimes(times));
        starts.values().removeIf(java.util.Objects::isNull);
        if (stretch.toMillis() < Long.MAX_VALUE) {
            times.replaceAll((partition, from) -> stretch.toMillis());
            consumer.offsetsForTimes(times).forEach((partition, behind) -> {
                if (behind != null) {
                    ends.put(partition, behind.offset());
                }
            });
        }
        ends.keySet().retainAll(starts.keySet());
        consumer.assign(starts.keySet());
        starts.forEach((partition, start) -> consumer.seek(partition, start.offset()));
        return ends;
    }

    private static int inOrder(JsonNode one, JsonNode other) {
        for (String part : List.of("hop", "epoch", "number")) {
            int order = Integer.compare(one.path("attempt").path(part).asInt(),
                    other.path("attempt").path(part).asInt());
            if (order != 0) {
                return order;
            }
        }
        return Boolean.compare(isEnd(one), isEnd(other));
    }

    private static boolean isEnd(JsonNode event) {
        return event.path("phase").asText().equals("ENDED");
    }

    private static JsonNode parse(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record's own text form", e);
        }
    }

    /** Whether a record can be about the request, without decoding it: both forms hold the id's bytes. */
    private static boolean holds(byte[] value, byte[] wanted) {
        outer : for (int i = 0; i + wanted.length <= value.length; i++) {
            for (int j = 0; j < wanted.length; j++) {
                if (value[i + j] != wanted[j]) {
                    continue outer;
                }
            }
            return true;
        }
        return false;
    }

    boolean isEmpty() {
        return attempts.isEmpty() && replies.isEmpty() && where instanceof Whereabouts.Found.Nothing;
    }

    private static boolean isClaim(JsonNode event) {
        return event.path("phase").asText().equals(AttemptPhase.CLAIMED.name());
    }

    /** Each attempt once: its start, with what its end says. */
    private List<ObjectNode> calls() {
        Map<JsonNode, ObjectNode> calls = new java.util.LinkedHashMap<>();
        for (JsonNode event : attempts) {
            ObjectNode call = calls.computeIfAbsent(event.path("attempt"), _ -> MAPPER.createObjectNode());
            if (!isEnd(event)) {
                call.put("startedMillis", event.path("toldMillis").asLong());
            }
            call.setAll((ObjectNode) event);
        }
        List<ObjectNode> all = List.copyOf(calls.values());
        long before = dispatchedFrom();
        for (ObjectNode call : all) {
            if (before > 0 && call.has("startedMillis")) {
                call.put("waitedMillis", Math.max(0, call.path("startedMillis").asLong() - before));
            }
            before = isEnd(call) ? call.path("toldMillis").asLong() : 0;
        }
        return all;
    }

    /** Since when its first call could have begun, ms; 0: not known. */
    private long dispatchedFrom() {
        return where instanceof Whereabouts.Found.Told(JsonNode told) ? told.path("firstEnqueuedMillis").asLong() : 0;
    }

    /** How it got where it is. */
    private ObjectNode queue() {
        ObjectNode queue = MAPPER.createObjectNode();
        switch (where) {
            case Whereabouts.Found.Told(JsonNode told) -> {
                queue.put("state", told.path("state").asText().toLowerCase(Locale.ROOT));
                queue.put("pool", told.path("pool").asText()).put("priority", told.path("priority").asText());
                if (told.hasNonNull("requestTopic")) {
                    queue.put("record",
                            told.path("requestTopic").asText() + "-" + told.path("requestPartition").asText()
                                    + "@" + told.path("requestOffset").asText());
                }
                long enqueued = told.path("firstEnqueuedMillis").asLong();
                long started = told.path("startedMillis").asLong();
                if (enqueued > 0 && started > 0) {
                    queue.put("enqueued", Instant.ofEpochMilli(enqueued).toString());
                    queue.put("waited_ms", Math.max(0, started - enqueued));
                }
                queue.put("worker", told.path("worker").asText());
            }
            case Whereabouts.Found.Queued queued -> queue.put("state", "queued")
                    .put("record", queued.partition() + "@" + queued.offset()).put("ahead_at_most", queued.ahead())
                    .put("enqueued", Instant.ofEpochMilli(queued.enqueuedMillis()).toString())
                    .put("oldest_in_partition", Instant.ofEpochMilli(queued.oldestMillis()).toString());
            case Whereabouts.Found.Nothing nothing -> queue.put("state", "not told");
        }
        return queue;
    }

    ObjectNode document() {
        ObjectNode document = MAPPER.createObjectNode();
        document.put("request_id", id);
        document.set("queue", queue());
        ArrayNode list = document.putArray("attempts");
        calls().forEach(list::add);
        ArrayNode ends = document.putArray("replies");
        replies.forEach(reply -> ends.add(((ObjectNode) reply.deepCopy()).without("body")));
        return document;
    }

    void print(PrintStream out) {
        List<String> queue = new ArrayList<>();
        queue().properties().forEach(each -> queue.add(each.getKey() + " " + each.getValue().asText()));
        out.println("queue: " + String.join(", ", queue));
        Rows rows = new Rows("attempt", "deployment", "waited_ms", "outcome", "http", "ms", "first_token_ms", "tokens",
                "cost",
                "worker");
        for (ObjectNode call : calls()) {
            JsonNode attempt = call.path("attempt");
            rows.add(attempt.path("hop").asText() + "." + attempt.path("epoch").asText() + "."
                    + attempt.path("number").asText(), text(call, "deployment"), text(call, "waitedMillis"),
                    isEnd(call) ? text(call, "outcome") : "no end seen: running, or its worker died",
                    text(call, "httpStatus"), text(call, "durationMillis"), text(call, "timeToFirstTokenMillis"),
                    text(call.path("usage"), "inputTokens") + " in, " + text(call.path("usage"), "outputTokens")
                            + " out",
                    text(call, "cost"), text(call, "worker"));
        }
        rows.print(Rows.Form.TABLE, out);
        for (ObjectNode call : calls()) {
            JsonNode decision = call.path("decision");
            if (decision.isObject()) {
                out.println();
                out.println(
                        "attempt " + call.path("attempt").path("number").asText() + ": " + text(decision, "reason"));
                StreamSupport.stream(decision.path("candidates").spliterator(), false)
                        .forEach(candidate -> out.println("  " + text(candidate, "deployment") + "  score "
                                + text(candidate, "score") + (candidate.hasNonNull("unfit")
                                        ? "  unfit: " + candidate.path("unfit").asText()
                                        : "")));
            }
        }
        out.println();
        replies.stream().limit(1).forEach(reply -> out.println("reply " + text(reply, "status")
                + (reply.path("error").isObject()
                        ? " " + text(reply.path("error"), "code") + ": " + text(reply.path("error"), "message")
                        : "")
                + ", finish reason " + text(reply, "finishReason") + ", cost " + text(reply, "cost") + ", queued "
                + text(reply.path("timings"), "queuedMillis") + " ms, total "
                + text(reply.path("timings"), "totalMillis") + " ms"));
        if (replies.isEmpty()) {
            out.println("no reply yet");
        } else if (replies.size() > 1) {
            out.println("and " + (replies.size() - 1) + " more replies, which readers ignore");
        }
    }

    private static String text(JsonNode node, String name) {
        return node.hasNonNull(name) ? node.path(name).asText() : "-";
    }
}
