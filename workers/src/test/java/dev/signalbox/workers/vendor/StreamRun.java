package dev.signalbox.workers.vendor;

import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.workers.vendor.VendorClient.Call;
import dev.signalbox.workers.vendor.VendorCodec.Encoded;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * One stream through reader and decoder.
 *
 * @param tokens all deltas joined, by kind and index
 * @param tools the names of tool calls, by index
 */
public record StreamRun(Decoded decoded, Map<String, String> tokens, Map<Integer, String> tools) {
    public static final AttemptFailure LOST = AttemptFailure.of(FailureClass.CONNECTION_LOST, "reset");

    /** How the bytes end. */
    public enum End {
        CLEAN,
        BROKEN
    }

    public static StreamRun of(VendorCodec codec, Call call, byte[] wire, int length, List<Integer> cuts, End end) {
        Map<String, StringBuilder> tokens = new TreeMap<>();
        Map<Integer, String> tools = new TreeMap<>();
        StreamDecoder decoder = codec.decoder(call, (Encoded.Ready) codec.encode(call, Optional.empty()),
                new UsageEstimate(),
                (kind, index, delta, tool) -> {
                    tokens.computeIfAbsent(kind + "/" + index, _ -> new StringBuilder()).append(delta);
                    if (tool != null) {
                        tools.put(index, tool.getName());
                    }
                });
        SseReader reader = new SseReader(1 << 20, 1 << 20, decoder);
        int from = 0;
        for (int cut : cuts) {
            if (cut < length) {
                reader.feed(wire, from, cut - from);
                from = cut;
            }
        }
        reader.feed(wire, from, length - from);
        Decoded decoded;
        if (end == End.CLEAN) {
            reader.end();
            decoded = decoder.finish();
        } else {
            decoded = decoder.cut(LOST);
        }
        Map<String, String> joined = new TreeMap<>();
        tokens.forEach((key, value) -> joined.put(key, value.toString()));
        return new StreamRun(decoded, joined, tools);
    }

    public static List<Integer> randomCuts(RandomGenerator random, int length) {
        List<Integer> cuts = new ArrayList<>();
        int pieces = 1 + random.nextInt(Math.clamp(length / 10, 1, 200));
        for (int i = 0; i < pieces; i++) {
            cuts.add(random.nextInt(length + 1));
        }
        cuts.sort(null);
        return cuts;
    }

    public String text(ChunkKind kind, int index) {
        return tokens.getOrDefault(kind + "/" + index, "");
    }

    /** The result without object identity, for comparisons. */
    public String fingerprint() {
        String outcome = switch (decoded) {
            case Decoded.Answer answer -> "answer " + new String(answer.body(), StandardCharsets.UTF_8)
                    + answer.finishReason() + answer.vendorModel() + answer.usage() + answer.warnings();
            case Decoded.NoAnswer none -> "none " + none.failure()
                    + none.partialBody().map(body -> new String(body, StandardCharsets.UTF_8)) + none.usage();
        };
        return outcome + tokens + tools;
    }
}
