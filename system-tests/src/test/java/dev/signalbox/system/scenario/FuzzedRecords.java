package dev.signalbox.system.scenario;

import dev.signalbox.schemas.Headers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Records that nobody meant to write, by a seed: random bytes, and requests in which something was changed. */
final class FuzzedRecords {
    private static final List<String> HEADERS = List.of(Headers.CONTENT_TYPE, Headers.ACCEPT, Headers.HOP,
            Headers.FIRST_ENQUEUED, Headers.SPRING_REPLY_TOPIC, Headers.SPRING_REPLY_PARTITION,
            Headers.SPRING_CORRELATION_ID, Headers.REPLY_TO, Headers.TRACEPARENT, Headers.DEAD_LETTER_REASON,
            Headers.DEAD_LETTER_ORIGINAL_PARTITION, Headers.DEAD_LETTER_END_OFFSET, "ce_id", "\u0000");
    private static final String JSON = """
            {"id":"f","model":"fine","tenant":"t","timeToLiveMillis":60000,"streamTokens":false,"labels":{"a":"b"},\
            "body":{"model":"fine","messages":[{"role":"user","content":"Hi"}],"max_tokens":5}}""";

    private final SplittableRandom random;
    private final byte[] avro;

    /** @param key null: none */
    record Fuzzed(byte[] key, byte[] value, Map<String, byte[]> headers) {
    }

    /** @param avro a request that can be served */
    FuzzedRecords(long seed, byte[] avro) {
        this.random = new SplittableRandom(seed);
        this.avro = avro;
    }

    Fuzzed next() {
        Map<String, byte[]> headers = new HashMap<>();
        byte[] value = switch (random.nextInt(8)) {
            case 0 -> bytes(random.nextInt(2_000));
            case 1, 2, 3 -> changed(avro);
            case 4 -> new byte[random.nextInt(3)];
            default -> {
                headers.put(Headers.CONTENT_TYPE, text(Headers.CONTENT_TYPE_JSON));
                yield changed(text(JSON));
            }
        };
        for (int i = random.nextInt(3); i > 0; i--) {
            headers.put(HEADERS.get(random.nextInt(HEADERS.size())), header());
        }
        return new Fuzzed(key(), random.nextInt(50) == 0 ? null : value, headers);
    }

    private byte[] header() {
        return switch (random.nextInt(5)) {
            case 0 -> bytes(4);
            case 1 -> text(Long.toString(random.nextLong()));
            case 2 -> text(Headers.CONTENT_TYPE_JSON);
            case 3 -> text("llm.replies");
            default -> bytes(random.nextInt(300));
        };
    }

    /** Many share an id: an id belongs to one payload. */
    private byte[] key() {
        return switch (random.nextInt(4)) {
            case 0 -> null;
            case 1 -> bytes(random.nextInt(20));
            case 2 -> text("f");
            default -> text("f-" + Long.toHexString(random.nextLong()));
        };
    }

    private byte[] changed(byte[] original) {
        byte[] value = original.clone();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            int at = random.nextInt(Math.max(1, value.length));
            value = switch (random.nextInt(5)) {
                case 0 -> Arrays.copyOf(value, at);
                case 1 -> spliced(value, at, bytes(1 + random.nextInt(8)));
                case 2 -> spliced(value, at, Arrays.copyOfRange(value, at, value.length));
                default -> {
                    if (value.length > 0) {
                        value[at] = (byte) random.nextInt(256);
                    }
                    yield value;
                }
            };
        }
        return value;
    }

    private static byte[] spliced(byte[] value, int at, byte[] between) {
        byte[] longer = new byte[value.length + between.length];
        System.arraycopy(value, 0, longer, 0, at);
        System.arraycopy(between, 0, longer, at, between.length);
        System.arraycopy(value, at, longer, at + between.length, value.length - at);
        return longer;
    }

    private byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
