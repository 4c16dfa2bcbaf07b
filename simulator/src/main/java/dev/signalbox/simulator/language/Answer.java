package dev.signalbox.simulator.language;

import dev.signalbox.simulator.language.CallRequest.Asked;
import dev.signalbox.simulator.language.CallRequest.Json;
import dev.signalbox.simulator.language.CallRequest.Text;
import dev.signalbox.simulator.language.CallRequest.ToolCall;

/**
 * What is answered, before any language renders it.
 *
 * @param tokens how many pieces it comes in
 * @param finish why it ends
 * @param cachedTokens of the prompt's tokens
 */
public record Answer(Asked asked, int tokens, Finish finish, int promptTokens, int cachedTokens) {
    private static final int PIECE_CHARS = 4;

    /** Why an answer ends; {@code word} is OpenAI's. */
    public enum Finish {
        STOP("stop"),
        LENGTH("length"),
        TOOL_CALLS("tool_calls");

        private final String word;

        Finish(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    /** @param drawnTokens length of a text, before the caller's own maximum */
    public static Answer to(CallRequest request, int drawnTokens, int cachedTokens) {
        int whole = switch (request.asked()) {
            case Text text -> drawnTokens;
            case Json json -> pieces(json.json());
            case ToolCall call -> pieces(call.arguments());
        };
        int tokens = Math.min(whole, request.maxTokens());
        Finish finish = tokens < whole
                ? Finish.LENGTH
                : request.asked() instanceof ToolCall ? Finish.TOOL_CALLS : Finish.STOP;
        return new Answer(request.asked(), tokens, finish, request.promptTokens(), cachedTokens);
    }

    public Answer withTokens(int fewer) {
        return new Answer(asked, fewer, finish, promptTokens, cachedTokens);
    }

    /** The text of one token: of the answer, or of a tool's arguments. */
    String piece(int index) {
        return switch (asked) {
            case Text text -> {
                String word = FixedAnswer.WORDS.get(index % FixedAnswer.WORDS.size());
                yield index == 0 ? word : " " + word;
            }
            case Json json -> piece(json.json(), index);
            case ToolCall call -> piece(call.arguments(), index);
        };
    }

    private static int pieces(String text) {
        return (text.length() + PIECE_CHARS - 1) / PIECE_CHARS;
    }

    private static String piece(String text, int index) {
        return text.substring(index * PIECE_CHARS, Math.min(text.length(), (index + 1) * PIECE_CHARS));
    }
}
