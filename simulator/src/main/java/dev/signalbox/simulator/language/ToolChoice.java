package dev.signalbox.simulator.language;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.simulator.language.CallRequest.Asked;
import dev.signalbox.simulator.language.CallRequest.ToolCall;
import dev.signalbox.simulator.language.CallRequest.ToolCalls;
import java.util.List;
import java.util.Optional;

/**
 * Decides which tools are called: the one that the caller demands, else those that the last message names by
 * {@code call NAME}, else, if some must be, the first.
 *
 * @param parallel whether more than one may be called
 */
record ToolChoice(Demand demand, boolean parallel) {
    sealed interface Demand {
    }

    /** Only if the prompt says so. */
    record IfNamed() implements Demand {
    }

    record Never() implements Demand {
    }

    record AtLeastOne() implements Demand {
    }

    record Just(String name) implements Demand {
    }

    /** @param parameters JSON Schema */
    record Tool(String name, JsonNode parameters) {
    }

    /** @param prompt the last message's text if it is the user's; else empty */
    Optional<Asked> calls(List<Tool> tools, String prompt) {
        List<Tool> named = tools.stream().filter(tool -> says(prompt, tool.name)).toList();
        List<Tool> called = switch (demand) {
            case Never never -> List.of();
            case Just just -> tools.stream().filter(tool -> tool.name.equals(just.name)).limit(1).toList();
            case IfNamed ifNamed -> named;
            case AtLeastOne some -> named.isEmpty() ? tools.stream().limit(1).toList() : named;
        };
        return called.isEmpty()
                ? Optional.empty()
                : Optional.of(new ToolCalls(called.stream().limit(parallel ? called.size() : 1)
                        .map(tool -> new ToolCall(tool.name, SampleJson.of(tool.parameters).toString())).toList()));
    }

    private static boolean says(String prompt, String name) {
        String words = "call " + name;
        for (int at = prompt.indexOf(words); at >= 0; at = prompt.indexOf(words, at + 1)) {
            int end = at + words.length();
            if (end == prompt.length() || !(Character.isLetterOrDigit(prompt.charAt(end))
                    || prompt.charAt(end) == '_' || prompt.charAt(end) == '-')) {
                return true;
            }
        }
        return false;
    }
}
