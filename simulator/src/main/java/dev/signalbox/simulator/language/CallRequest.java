package dev.signalbox.simulator.language;

import java.util.List;

/**
 * What a simulator needs to know of a request, whatever its language.
 *
 * @param model as it stands there, faults included
 * @param includeUsage whether a stream ends with usage
 * @param promptTokens plausible, from the size of the text: a token for four characters
 * @param prefixes of the prompt that the prompt cache may keep, each longer than the one before
 * @param endsWithAssistant whether the last message is the assistant's own: a prefill
 */
public record CallRequest(String model, boolean streamed, boolean includeUsage, int promptTokens,
        List<PromptPrefix> prefixes, boolean endsWithAssistant, Wanted wanted) {
    /** A beginning of a prompt. */
    public record PromptPrefix(long hash, int tokens) {
    }

    /**
     * What the answer should be.
     *
     * @param maxTokens the most that the caller wants; {@link Integer#MAX_VALUE} if it does not say
     * @param thinking whether the model's thinking is to be seen
     * @param prefill how the answer begins already, where the language goes on from that; else empty
     * @param stops texts that end the answer
     */
    public record Wanted(Asked asked, int maxTokens, boolean thinking, String prefill, List<String> stops) {
        public Wanted {
            stops = List.copyOf(stops);
        }
    }

    /** What kind of answer the request calls for. */
    public sealed interface Asked {
    }

    public record Text() implements Asked {
    }

    /** JSON of the schema that the request carries. */
    public record Json(String json) implements Asked {
    }

    /** One or more. */
    public record ToolCalls(List<ToolCall> calls) implements Asked {
        public ToolCalls {
            calls = List.copyOf(calls);
        }
    }

    /** @param arguments JSON of the function's own parameters */
    public record ToolCall(String name, String arguments) {
    }

    public static final Text TEXT = new Text();
}
