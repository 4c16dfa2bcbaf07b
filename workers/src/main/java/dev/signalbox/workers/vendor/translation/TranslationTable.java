package dev.signalbox.workers.vendor.translation;

import dev.signalbox.workers.vendor.translation.Draft.Rule;
import java.util.List;
import java.util.Map;

/** The table of what is carried, for {@code docs/translation.md}: written from the rules that do the work. */
public final class TranslationTable {
    private TranslationTable() {
    }

    /** As Markdown. */
    public static String markdown() {
        StringBuilder text = new StringBuilder("""
                # Translation

                A request in one language may be served by a deployment that speaks the other: OpenAI Chat Completions and
                Anthropic Messages. It is carried whole or not at all: where something has no counterpart of the same
                meaning, the deployment is unfit for it and the decision record says why. Members that are not listed are not
                carried. Answers come back in the caller's language, streamed or not; what that language has no place for
                becomes a warning. This page is generated from the code; a test keeps both the same.

                """);
        rules(text, "From OpenAI Chat Completions to Anthropic Messages", ChatRequest.RULES);
        text.append(
                "`max_tokens`, which Anthropic demands, is the deployment's `max_output_tokens` if the request has none, else ")
                .append(Translation.DEFAULT_MAX_TOKENS).append(".\n")
                .append("`reasoning_effort` is not carried beside a forced tool choice or a temperature, which the vendor refuses.\n\n");
        table(text, "message or part", "becomes", ChatMessages.PARTS);
        rules(text, "From Anthropic Messages to OpenAI Chat Completions", MessagesRequest.RULES);
        table(text, "message or block", "becomes", MessagesConversation.BLOCKS);
        text.append("""
                ## Answers
                | OpenAI | Anthropic |
                |---|---|
                | `content` | `text` blocks, joined |
                | `tool_calls` | `tool_use` blocks |
                | `reasoning_content`, and `thinking_blocks` with signatures | `thinking` and `redacted_thinking` blocks |
                | `refusal` | a `text` block and stop reason `refusal` |
                | `prompt_tokens` with cached ones, `cached_tokens` | `input_tokens` without them, `cache_read_input_tokens` |
                | `completion_tokens`, `reasoning_tokens` | `output_tokens`, `thinking_tokens` |

                """);
        table(text, "Anthropic's stop reason", "OpenAI's finish reason", StopReasons.TO_CHAT);
        table(text, "OpenAI's finish reason", "Anthropic's stop reason", StopReasons.TO_MESSAGES);
        text.append("""
                Which stop sequence was met is not told to callers of Chat Completions. Reasoning of an OpenAI-compatible model
                reaches callers of Messages as a thinking block without a signature; Anthropic does not take it back.
                """);
        return text.toString();
    }

    private static void rules(StringBuilder text, String title, List<Rule> rules) {
        text.append("## ").append(title).append("\n| member | becomes |\n|---|---|\n");
        rules.forEach(rule -> text.append("| `").append(rule.member()).append("` | ").append(rule.becomes())
                .append(" |\n"));
        text.append('\n');
    }

    private static void table(StringBuilder text, String left, String right, Map<String, String> rows) {
        text.append("| ").append(left).append(" | ").append(right).append(" |\n|---|---|\n");
        rows.forEach((from, to) -> text.append("| ").append(from).append(" | ").append(to).append(" |\n"));
        text.append('\n');
    }
}
