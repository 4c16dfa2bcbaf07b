package dev.signalbox.system.guarantee;

import dev.signalbox.schemas.avro.LlmReply;
import java.util.ArrayList;
import java.util.List;

/**
 * G9: secrets and prompt content never reach logs, metrics, headers and error texts. A reply's body may hold content: it is
 * the answer; its error and warnings may not.
 */
public final class NoSecretsInOutput implements Watcher {
    private final List<String> canaries;
    private final List<String> broken = new ArrayList<>();

    /** @param canaries texts that the run holds nowhere but in credentials and in prompts */
    public NoSecretsInOutput(List<String> canaries) {
        this.canaries = List.copyOf(canaries);
    }

    @Override
    public String name() {
        return "G9 no secrets in output";
    }

    @Override
    public void saw(RunEvent event) {
        switch (event) {
            case RunEvent.Printed(String source, String text) -> look(source, text);
            case RunEvent.Replied(LlmReply reply) -> {
                look("error of " + reply.getRequestId(), String.valueOf(reply.getError()));
                look("warnings of " + reply.getRequestId(), String.valueOf(reply.getWarnings()));
            }
            case RunEvent.Attempt attempt -> look("attempt event", attempt.event().toString());
            case RunEvent.Acknowledged _,RunEvent.DeadLetter _,RunEvent.Chunk _,RunEvent.Shown _,RunEvent.Committed _ ->
                {
                }
        }
    }

    private void look(String source, String text) {
        for (String canary : canaries) {
            int at = text.indexOf(canary);
            if (at >= 0) {
                broken.add(source + " holds \"" + canary + "\": …"
                        + text.substring(Math.max(0, at - 40), Math.min(text.length(), at + canary.length() + 10))
                        + "…");
            }
        }
    }

    @Override
    public List<String> violations() {
        return broken.stream().limit(MOST).toList();
    }
}
