package dev.signalbox.workers.vendor;

import dev.signalbox.schemas.avro.TokenUsage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Guesses what a cut or lost answer of one deployment leaves unsaid, and says that it is a guess. It learns from the
 * deployment's whole answers, which tell their tokens: by how many bytes a request has a token, and whether deltas or
 * characters tell more closely how many an answer has. Before that it goes by constants that are fitted to recorded streams,
 * whose sums they meet within 20 % of output and of input ({@code UsageOfCutStreamsTest} measures both); what a model
 * thinks without showing it, nobody can count. Thread-safe.
 */
public final class UsageEstimate {
    /** Bytes of a request in one token, about: text and the JSON around it. */
    private static final int REQUEST_BYTES_PER_TOKEN = 4;
    /** Characters of an answer in one token, about. */
    private static final double ANSWER_CHARS_PER_TOKEN = 3.2;
    /** Tokens that a tool call costs beyond its name and arguments, about. */
    private static final int TOKENS_PER_TOOL_CALL = 20;
    /** Data in the request whose tokens do not follow from its length: of OpenAI, of Anthropic. */
    private static final List<byte[]> INLINE_DATA = List.of(";base64,".getBytes(StandardCharsets.US_ASCII),
            "\"base64\"".getBytes(StandardCharsets.US_ASCII));

    /** Whole answers that must be known before it goes by them. */
    private static final int ENOUGH = 10;
    /** As many are learnt from one by one, and then each {@value #EACH}th: a request's bytes are looked through for it. */
    private static final int FIRST = 64;
    private static final int EACH = 16;
    /** Of so many, older ones count half. */
    private static final int HALVED_AT = 512;

    private long seen;
    private Known input = Known.NOTHING;
    private Known byDeltas = Known.NOTHING;
    private Known byChars = Known.NOTHING;

    /** One that has learnt nothing. */
    public UsageEstimate() {
    }

    /**
     * What a measure tells of tokens.
     *
     * @param errors by how many tokens it was off, over the answers that it was tried on
     */
    private record Known(long samples, double measure, double tokens, double errors) {
        static final Known NOTHING = new Known(0, 0, 0, 0);

        boolean isEnough() {
            return samples >= ENOUGH && measure > 0;
        }

        double guess(long measured) {
            return measured * tokens / measure;
        }

        Known with(long measured, long told) {
            Known old = samples < HALVED_AT
                    ? this
                    : new Known(samples / 2, measure / 2, tokens / 2, errors / 2);
            double error = old.measure > 0 ? Math.abs(old.guess(measured) - told) : told;
            return new Known(old.samples + 1, old.measure + measured, old.tokens + told, old.errors + error);
        }
    }

    /**
     * Learns from a whole answer.
     *
     * @param request the request's body
     * @param whole what the vendor told of it
     */
    public synchronized void learn(byte[] request, Received received, TokenUsage whole) {
        if (seen++ >= FIRST && seen % EACH != 0) {
            return;
        }
        Long inputTokens = whole.getInputTokens();
        if (inputTokens != null && INLINE_DATA.stream().noneMatch(data -> holds(request, data))) {
            input = input.with(request.length, inputTokens);
        }
        Long outputTokens = whole.getOutputTokens();
        Long reasoning = whole.getReasoningTokens();
        if (outputTokens != null && received.toolCalls == 0 && (reasoning == null || reasoning == 0)) {
            byDeltas = byDeltas.with(received.deltas, outputTokens);
            byChars = byChars.with(received.chars, outputTokens);
        }
    }

    private synchronized long tokens(Received received) {
        boolean deltasTell = byDeltas.errors <= byChars.errors;
        Known better = deltasTell ? byDeltas : byChars;
        if (!better.isEnough()) {
            return received.tokens();
        }
        return Math.round(better.guess(deltasTell ? received.deltas : received.chars))
                + (long) TOKENS_PER_TOOL_CALL * received.toolCalls;
    }

    private synchronized long inputTokens(int requestBytes) {
        return input.isEnough()
                ? Math.round(input.guess(requestBytes))
                : Math.ceilDiv(requestBytes, REQUEST_BYTES_PER_TOKEN);
    }

    /**
     * What came of an answer.
     *
     * @param deltas with content: a vendor sends at least a token in each
     * @param chars of all of them
     */
    public record Received(long deltas, long chars, int toolCalls) {
        public static final Received NOTHING = new Received(0, 0, 0);

        private long tokens() {
            return Math.max(deltas, (long) Math.ceil(chars / ANSWER_CHARS_PER_TOKEN))
                    + (long) TOKENS_PER_TOOL_CALL * toolCalls;
        }
    }

    /**
     * What a cut answer has used: the vendor's running count if it gave one that is not behind, else guessed.
     *
     * @param request the request's body; its tokens are not guessed where it holds an image or a document
     */
    public TokenUsage of(Optional<TokenUsage> running, byte[] request, Received received) {
        TokenUsage usage = counted(running, request);
        long guessed = tokens(received);
        if (usage.getOutputTokens() == null || usage.getOutputTokens() < guessed) {
            usage.setOutputTokens(guessed);
        }
        return usage;
    }

    /** What an answer has used that was lost after the vendor had counted it whole, and before its end marker. */
    public TokenUsage of(TokenUsage whole, byte[] request) {
        return counted(Optional.of(whole), request);
    }

    private TokenUsage counted(Optional<TokenUsage> running, byte[] request) {
        TokenUsage usage = running.map(counts -> TokenUsage.newBuilder(counts).build()).orElseGet(TokenUsage::new);
        if (usage.getInputTokens() == null && INLINE_DATA.stream().noneMatch(data -> holds(request, data))) {
            usage.setInputTokens(inputTokens(request.length));
        }
        usage.setEstimated(true);
        return usage;
    }

    private static boolean holds(byte[] text, byte[] wanted) {
        for (int i = 0; i + wanted.length <= text.length; i++) {
            int j = 0;
            while (j < wanted.length && text[i + j] == wanted[j]) {
                j++;
            }
            if (j == wanted.length) {
                return true;
            }
        }
        return false;
    }
}
