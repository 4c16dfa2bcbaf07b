package dev.signalbox.workers.vendor.translation;

import java.util.Map;

/** Why an answer ended, in both languages. */
final class StopReasons {
    /** Anthropic's word to OpenAI's. */
    static final Map<String, String> TO_CHAT = TableOrder.of("end_turn", "stop", "stop_sequence", "stop", "tool_use",
            "tool_calls", "max_tokens", "length", "model_context_window_exceeded", "length", "refusal",
            "content_filter", "pause_turn", "length");
    /** OpenAI's word to Anthropic's. */
    static final Map<String, String> TO_MESSAGES = TableOrder.of("stop", "end_turn", "tool_calls", "tool_use",
            "function_call", "tool_use", "length", "max_tokens", "content_filter", "refusal");

    private StopReasons() {
    }
}
