package dev.signalbox.config;

import java.util.Locale;

/** A request language and its transport. */
public enum VendorFamily {
    /** OpenAI Chat Completions, and every endpoint compatible with it (vLLM, a LiteLLM or Bifrost proxy). */
    OPENAI,
    /** Anthropic Messages. */
    ANTHROPIC,
    /** Azure OpenAI. */
    AZURE_OPENAI,
    /** AWS Bedrock. */
    BEDROCK,
    /** Google Vertex AI. */
    VERTEX;

    /** The name in the configuration: lower case. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
