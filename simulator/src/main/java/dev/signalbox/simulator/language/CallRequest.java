package dev.signalbox.simulator.language;

/**
 * What a simulator needs to know of a request, whatever its language.
 *
 * @param model as it stands there, faults included
 * @param includeUsage whether a stream ends with usage
 * @param promptTokens plausible, from the size of the text: a token for four characters
 * @param prefixHash of the prompt's first 4,096 characters, for the prompt cache; 0 where it is shorter
 * @param maxTokens the most that the caller wants; {@link Integer#MAX_VALUE} if it does not say
 * @param endsWithAssistant whether the last message is the assistant's own: a prefill
 */
public record CallRequest(String model, boolean streamed, boolean includeUsage, int promptTokens, long prefixHash,
        int maxTokens, boolean endsWithAssistant, Asked asked) {
    /** What kind of answer the request calls for. */
    public sealed interface Asked {
    }

    public record Text() implements Asked {
    }

    /** JSON of the schema that the request carries. */
    public record Json(String json) implements Asked {
    }

    /** @param arguments JSON of the function's own parameters */
    public record ToolCall(String name, String arguments) implements Asked {
    }

    public static final Text TEXT = new Text();
}
