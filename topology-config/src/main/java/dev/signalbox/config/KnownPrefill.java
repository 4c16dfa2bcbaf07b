package dev.signalbox.config;

import java.util.regex.Pattern;

/**
 * Which models are known to go on from a text that stands as the assistant's own last message: Claude up to 4.5. Later ones
 * refuse it, other vendors' models begin anew. The list names those that do, so that a model it does not know is never
 * believed to.
 */
final class KnownPrefill {
    /** As Anthropic, Bedrock ({@code us.anthropic.…-v1:0}) and Vertex ({@code …@date}) write their names. */
    private static final Pattern CLAUDE = Pattern.compile("(?:.*\\b)?claude-(?:"
            + "instant-.+|v?2(?:[.:].*)?|2-\\d.*|3-.+"
            + "|(?:opus|sonnet|haiku)-4(?:-[015])?(?:[-@]\\d{8})?(?:-v\\d.*)?)");

    private KnownPrefill() {
    }

    /** @param modelId the vendor's name of the model */
    static boolean of(VendorFamily family, String modelId) {
        return switch (family) {
            case ANTHROPIC, BEDROCK, VERTEX -> CLAUDE.matcher(modelId).matches();
            case OPENAI, AZURE_OPENAI -> false;
        };
    }
}
