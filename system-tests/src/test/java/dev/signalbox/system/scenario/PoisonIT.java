package dev.signalbox.system.scenario;

import static dev.signalbox.system.scenario.PoisonLane.LANE;
import static dev.signalbox.system.scenario.PoisonLane.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.cli.CommandRun;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.system.guarantee.CommittedNeverPassesPending;
import dev.signalbox.system.guarantee.EveryRequestEndsOnce;
import dev.signalbox.system.guarantee.Guarantees;
import dev.signalbox.system.guarantee.NothingLost;
import dev.signalbox.system.guarantee.TopicReplay;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * K13: what is no request is a dead letter with the reason, its caller is told where he can be, the requests behind it in its
 * partition go on, and it can be sent again. And records that are whatever chance makes of them.
 */
@Tag("issue-7")
@Tag("alone")
class PoisonIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long MOVES_ON_WITHIN_MILLIS = 1_000;
    private static final int MOST_UNDER_WAY = 2_000;

    @TempDir
    private static Path folder;
    private static PoisonLane lane;

    /** @param reason of its dead letter */
    private record Poison(byte[] value, Map<String, byte[]> headers, String reason) {
    }

    /** One that was sent, and the good request right behind it. */
    private record Sent(String name, Poison poison, byte[] key, RecordMetadata at, String behind,
            RecordMetadata behindAt) {
    }

    @BeforeAll
    static void start() throws Exception {
        lane = new PoisonLane(folder);
        lane.send(0, bytes("warm"), lane.good("warm"), Map.of()).get();
        lane.send(1, bytes("warm-1"), lane.good("warm-1"), Map.of()).get();
        until(() -> assertThat(lane.replies).containsKeys("warm", "warm-1"));
    }

    @AfterAll
    static void stop() {
        lane.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void until(Runnable holds) {
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(10)).pollInSameThread().untilAsserted(() -> {
            lane.read();
            holds.run();
        });
    }

    private static Map<String, Poison> poisons() throws Exception {
        byte[] good = lane.good("g");
        byte[] malformed = good.clone();
        new SplittableRandom(13).nextBytes(malformed);
        System.arraycopy(good, 0, malformed, 0, 5);
        byte[] unknown = good.clone();
        ByteBuffer.wrap(unknown).putInt(1, 1_000_001);
        String deep = "{\"a\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}";
        Map<String, Poison> poisons = new LinkedHashMap<>();
        poisons.put("malformed Avro", new Poison(malformed, Map.of(), "UNREADABLE"));
        poisons.put("cut Avro", new Poison(Arrays.copyOf(good, good.length / 2), Map.of(), "UNREADABLE"));
        poisons.put("zero bytes", new Poison(new byte[0], Map.of(), "UNREADABLE"));
        poisons.put("no value", new Poison(null, Map.of(), "UNREADABLE"));
        poisons.put("unknown schema", new Poison(unknown, Map.of(), "UNREADABLE"));
        poisons.put("at the broker's limit", new Poison(largest(), Map.of(), "UNREADABLE"));
        poisons.put("JSON 10,000 deep", new Poison(
                bytes("{\"id\":\"g\",\"model\":\"fine\",\"body\":" + deep + "}"), PoisonLane.json(), "UNREADABLE"));
        poisons.put("a body 10,000 deep", new Poison(lane.avro("g", bytes(deep)), Map.of(), "INVALID_REQUEST"));
        poisons.put("bad UTF-8", new Poison(new byte[]{'{', '"', (byte) 0xC3, '"', ':', '1', '}'}, PoisonLane.json(),
                "UNREADABLE"));
        poisons.put("a body of bad UTF-8", new Poison(
                lane.avro("g", new byte[]{'{', '"', (byte) 0xFF, '"', ':', '1', '}'}), Map.of(), "INVALID_REQUEST"));
        return poisons;
    }

    /** The most random bytes that the broker takes with a key as long as ours: a byte more, and it refuses. */
    private static byte[] largest() throws InterruptedException {
        SplittableRandom random = new SplittableRandom(7);
        for (int size = PoisonLane.MAX_MESSAGE_BYTES; size > PoisonLane.MAX_MESSAGE_BYTES - 500; size--) {
            byte[] value = new byte[size];
            random.nextBytes(value);
            value[0] = 7;
            try {
                lane.send(1, new byte[]{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, value, Map.of()).get();
                return value;
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(RecordTooLargeException.class);
            }
        }
        throw new AssertionError("the broker takes nothing near its limit");
    }

    @Test
    void poison_is_kept_its_caller_is_told_and_its_partition_moves_on() throws Exception {
        judged(sent(1), "K13");
    }

    @Test
    @Tag("long")
    void poison_in_every_place_a_hundred_times() throws Exception {
        judged(sent(100), "K13 long");
    }

    /** Each into a partition, with a key and without, and a good one right behind. */
    private static List<Sent> sent(int rounds) throws Exception {
        List<Sent> all = new ArrayList<>();
        Map<String, Poison> poisons = poisons();
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, Poison> each : poisons.entrySet()) {
                for (int keyed = 0; keyed < 2; keyed++) {
                    int number = all.size();
                    Poison poison = each.getValue();
                    byte[] key = keyed == 0
                            ? new byte[]{(byte) 0xC3, 0x28}
                            : bytes("p%05d-%05d".formatted(rounds,
                                    number));
                    int partition = number % PoisonLane.PARTITIONS;
                    var at = lane.send(partition, key, poison.value, poison.headers);
                    String behind = "behind-" + rounds + "-" + number;
                    var behindAt = lane.send(partition, bytes(behind), lane.good(behind), Map.of());
                    all.add(new Sent(each.getKey(), poison, key, at.get(), behind, behindAt.get()));
                    if (number % 20 == 19) {
                        until(() -> assertThat(lane.replies).containsKey(behind));
                    }
                }
            }
        }
        return all;
    }

    private static void judged(List<Sent> all, String title) {
        Map<String, Long> slowest = new HashMap<>();
        for (Sent sent : all) {
            String place = sent.at.partition() + "@" + sent.at.offset();
            boolean keyed = sent.key.length > 2;
            boolean answered = keyed || sent.poison.reason.equals("INVALID_REQUEST");
            until(() -> {
                assertThat(lane.kept).as(sent.name).containsKey(place);
                assertThat(lane.replies).as(sent.name).containsKey(sent.behind);
                if (answered) {
                    assertThat(lane.status(keyed && sent.poison.reason.equals("UNREADABLE") ? text(sent.key) : "g"))
                            .as(sent.name).isEqualTo("REJECTED");
                }
            });
            PoisonLane.Kept letter = lane.kept.get(place);
            assertThat(letter.why().reason()).as(sent.name).isEqualTo(sent.poison.reason);
            assertThat(letter.why().message()).as(sent.name).isNotBlank();
            assertThat(letter.why().topic()).isEqualTo(LANE.requestTopic());
            assertThat(letter.key()).as(sent.name).isEqualTo(sent.key);
            assertThat(letter.value()).as(sent.name).isEqualTo(sent.poison.value);
            assertThat(lane.status(sent.behind)).isEqualTo("COMPLETED");
            slowest.merge("dead letter", letter.atMillis() - sent.at.timestamp(), Math::max);
            slowest.merge("request behind", lane.replies.get(sent.behind).timestamp() - sent.behindAt.timestamp(),
                    Math::max);
        }
        System.out.printf(Locale.ROOT, "%s: %d poison records, slowest after their append, ms: %s%n", title, all.size(),
                slowest);
        assertThat(slowest).allSatisfy((what, millis) -> assertThat(millis).as(what)
                .isLessThanOrEqualTo(MOVES_ON_WITHIN_MILLIS));
    }

    @Test
    void a_caller_without_an_id_is_told_by_his_correlation_id_and_a_partition_that_is_not_there_stops_nobody()
            throws Exception {
        RecordMetadata at = lane.send(0, null, new byte[]{1}, Map.of(Headers.SPRING_REPLY_TOPIC, bytes("llm.replies"),
                Headers.SPRING_CORRELATION_ID, new byte[]{4, 2}, Headers.SPRING_REPLY_PARTITION,
                new byte[]{0x7F, 0, 0, 0})).get();
        String id = "unread-" + at.partition() + "-" + at.offset();
        until(() -> assertThat(lane.status(id)).isEqualTo("REJECTED"));
        assertThat(lane.replies.get(id).headers().lastHeader(Headers.SPRING_CORRELATION_ID).value())
                .containsExactly(4, 2);
        assertThat(lane.replies.get(id).timestamp() - at.timestamp()).isLessThanOrEqualTo(MOVES_ON_WITHIN_MILLIS);
    }

    @Test
    void what_was_kept_is_listed_shown_mended_and_sent_again_as_new_requests() throws Exception {
        Schema described = new Schema.Parser().parse(LlmRequest.getClassSchema().toString()
                .replaceFirst("One request for an LLM's answer", "One request for an answer"));
        byte[] early = lane.good("early-1");
        SchemaRegistryClient registry = SchemaRegistryClient.of(lane.installation.registryProperties());
        // Its producer was ahead of its registry, and took the id that comes next.
        int next = registry.register("an.earlier.subject", Schema.create(Schema.Type.LONG)) + 1;
        ByteBuffer.wrap(early).putInt(1, next);
        RecordMetadata earlyAt = lane.send(0, bytes("early-1"), early, Map.of()).get();
        byte[] broken = bytes("{\"id\":\"broken-1\",\"model\":\"fine\",\"body\":{\"model\":\"fine\",\"messages\":[}}");
        RecordMetadata brokenAt = lane.send(0, bytes("broken-1"), broken, PoisonLane.json()).get();
        until(() -> assertThat(lane.kept).containsKeys("0@" + earlyAt.offset(), "0@" + brokenAt.offset()));
        String earlyName = lane.kept.get("0@" + earlyAt.offset()).name();
        String brokenName = lane.kept.get("0@" + brokenAt.offset()).name();

        CommandRun list = run("list", "--reason", "UNREADABLE", "-o", "json");
        assertThat(list.out()).contains("\"" + earlyName + "\"", "\"" + brokenName + "\"", LANE.requestTopic() + "-0@")
                .doesNotContain("messages");
        assertThat(run("show", brokenName).out()).contains("UNREADABLE", "broken-1", "header content-type")
                .doesNotContain("messages", "application/json");
        assertThat(run("show", brokenName, "--content").out()).contains("\"messages\":[}}", "application/json");

        assertThat(run("replay", earlyName).code()).isEqualTo(2);
        assertThat(run("replay", earlyName).err()).contains("cannot be read", "edit " + earlyName);
        assertThat(registry.register(LANE.requestTopic() + "-value", described)).isEqualTo(next);
        CommandRun dry = run("replay", earlyName);
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.err()).contains("nothing was sent");
        assertThat(id(run("replay", earlyName, "--execute"), "early-1")).satisfies(
                id -> until(() -> assertThat(lane.status(id)).isEqualTo("COMPLETED")));

        CommandRun edit = run("edit", brokenName);
        assertThat(edit.out().strip()).isEqualTo(text(broken));
        assertThat(run("edit", brokenName, "--from", file(edit.out()), "--execute").code()).isEqualTo(2);
        String mended = edit.out().replace("[}", "[{\"role\":\"user\",\"content\":\"Hi\"}]}");
        assertThat(id(run("edit", brokenName, "--from", file(mended), "--execute"), "broken-1")).satisfies(
                id -> until(() -> assertThat(lane.status(id)).isEqualTo("COMPLETED")));
        ObjectNode reply = (ObjectNode) new ObjectMapper().readTree(lane.replies.values().stream()
                .filter(record -> text(record.key()).startsWith("replay-") && record.value()[0] == '{').findFirst()
                .orElseThrow().value());
        assertThat(reply.path("status").asText()).isEqualTo("COMPLETED");
        assertThat(run("replay", "0-999999").err()).contains("there is no dead letter 0-999999");
    }

    @Test
    void ten_thousand_records_of_chance_hold_up_no_partition_and_none_is_lost() throws Exception {
        fuzz(10_000);
    }

    @Test
    @Tag("long")
    void a_million_records_of_chance_hold_up_no_partition_and_none_is_lost() throws Exception {
        fuzz(1_000_000);
    }

    /**
     * Whatever they are: each ends, and while some wait, what is committed of a partition grows at least each second. As many
     * are under way as a worker of this machine ends in a small part of that: of ten thousand that are there at once, which
     * two cores decode and then answer in turn, the first would stand for as long as all of them take.
     */
    private static void fuzz(int count) throws Exception {
        long seed = Long.getLong("fuzz.seed", System.nanoTime());
        String title = "fuzz of " + count + " records, -Dfuzz.seed=" + seed;
        FuzzedRecords records = new FuzzedRecords(seed, lane.good("f"));
        Map<Integer, Long> ends = new ConcurrentHashMap<>();
        Semaphore underWay = new Semaphore(MOST_UNDER_WAY);
        long[] before = {lane.committed().values().stream().mapToLong(Long::longValue).sum()};
        CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> {
            for (int i = 0; i < count; i++) {
                FuzzedRecords.Fuzzed fuzzed = records.next();
                int partition = i % PoisonLane.PARTITIONS;
                underWay.acquireUninterruptibly();
                var sent = lane.send(partition, fuzzed.key(), fuzzed.value(), fuzzed.headers());
                if (i % 100 >= 100 - PoisonLane.PARTITIONS || i >= count - PoisonLane.PARTITIONS) {
                    ends.put(partition, offset(sent) + 1);
                }
            }
        });
        long begun = System.nanoTime();
        Stalls stalls = new Stalls();
        Awaitility.await(title).atMost(Duration.ofMinutes(12)).pollInterval(Duration.ofMillis(20)).pollInSameThread()
                .until(() -> {
                    Map<Integer, Long> committed = lane.committed();
                    long all = committed.values().stream().mapToLong(Long::longValue).sum();
                    underWay.release(Math.toIntExact(all - before[0]));
                    before[0] = all;
                    return stalls.look(committed, ends, System.nanoTime()) && sending.isDone();
                });
        sending.join();
        lane.passOver();
        double seconds = (System.nanoTime() - begun) / 1e9;
        Guarantees guarantees = new Guarantees(List.of(new NothingLost(), new EveryRequestEndsOnce(),
                new CommittedNeverPassesPending()));
        new TopicReplay(lane.installation.callerProperties(), LANE).tell(guarantees);
        System.out.printf(Locale.ROOT, "%s: done after %.1f s, longest standstill of a partition %d ms, %s%n", title,
                seconds, stalls.longestNanos / 1_000_000, stalls.longest);
        assertThat(guarantees.violations()).as(title).isEmpty();
        assertThat(stalls.longestNanos).as(title).isLessThanOrEqualTo(MOVES_ON_WITHIN_MILLIS * 1_000_000);
    }

    private static long offset(Future<RecordMetadata> sent) {
        try {
            return sent.get().offset();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("the broker takes each of them", e);
        }
    }

    /** For how long the committed offset of a partition in which records wait has stood still. */
    private static final class Stalls {
        private final Map<Integer, Long> last = new HashMap<>();
        private final Map<Integer, Long> since = new HashMap<>();
        private long longestNanos;
        private String longest = "";

        /** @return whether all that was appended is committed */
        boolean look(Map<Integer, Long> committed, Map<Integer, Long> ends, long now) {
            boolean all = true;
            for (Map.Entry<Integer, Long> end : Map.copyOf(ends).entrySet()) {
                long at = committed.getOrDefault(end.getKey(), 0L);
                boolean waits = at < end.getValue();
                if (!waits || at != last.getOrDefault(end.getKey(), -1L)) {
                    last.put(end.getKey(), at);
                    since.put(end.getKey(), now);
                }
                long standing = now - since.getOrDefault(end.getKey(), now);
                if (standing > longestNanos) {
                    longestNanos = standing;
                    longest = "at " + end.getKey() + "@" + at + " until " + System.currentTimeMillis();
                }
                all &= !waits;
            }
            return all;
        }
    }

    private static String file(String json) throws Exception {
        return Files.writeString(Files.createTempFile(folder, "mended", ".json"), json).toString();
    }

    /** The new id that was told beside the old one. */
    private static String id(CommandRun ran, String replayOf) {
        assertThat(ran.code()).as(ran.err()).isZero();
        String line = ran.out().lines().filter(row -> row.contains(" " + replayOf + " ")).findFirst().orElseThrow();
        assertThat(line).startsWith("replay-").endsWith(LANE.requestTopic());
        return line.substring(0, line.indexOf(' '));
    }

    private static CommandRun run(String... arguments) {
        Map<String, Object> properties = lane.installation.callerProperties();
        return CommandRun.of(Stream.concat(Stream.concat(Stream.of("dead-letters"), Stream.of(arguments)),
                Stream.of("--bootstrap-server", String.valueOf(properties.get("bootstrap.servers")),
                        "--schema-registry-url", String.valueOf(properties.get("schema.registry.url"))))
                .toArray(String[]::new));
    }
}
