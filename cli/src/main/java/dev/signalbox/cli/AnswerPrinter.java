package dev.signalbox.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.cli.batch.Figures;
import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.client.ReplyEvent;
import dev.signalbox.schemas.client.ReplyListener;

/** Shows an answer's tokens as they come, or its text at the end. */
final class AnswerPrinter implements ReplyListener {
    private final Terminal terminal;
    private final boolean live;
    private boolean shown;
    private boolean replaced;

    /** @param live whether tokens are shown before the answer is whole */
    AnswerPrinter(Terminal terminal, boolean live) {
        this.terminal = terminal;
        this.live = live;
    }

    @Override
    public synchronized void onEvent(ReplyEvent event) {
        if (!live) {
            return;
        }
        switch (event) {
            case ReplyEvent.TextAppended appended -> {
                ChunkKind kind = appended.chunk().getKind();
                if (kind == ChunkKind.TEXT || kind == ChunkKind.REFUSAL) {
                    terminal.out().print(appended.chunk().getDelta());
                    terminal.out().flush();
                    shown = true;
                }
            }
            case ReplyEvent.Restarted restarted -> {
                if (shown) {
                    terminal.out().println();
                    terminal.say("(that attempt broke off; another one starts again)");
                    shown = false;
                }
            }
            case ReplyEvent.Ended ended -> replaced = ended.textReplaced();
            case ReplyEvent.Abandoned abandoned -> replaced = true;
        }
    }

    /** Ends the text: prints the whole answer unless all of it is shown. */
    synchronized void finish(JsonNode body) {
        if (shown && !replaced) {
            terminal.out().println();
            return;
        }
        if (shown) {
            terminal.out().println();
            terminal.say("(the whole answer:)");
        }
        JsonNode message = body.path("choices").path(0).path("message");
        if (message.path("content").isTextual()) {
            terminal.out().println(message.path("content").asText());
        }
        message.path("tool_calls").forEach(call -> terminal.out().println(call.path("function").path("name").asText()
                + "(" + call.path("function").path("arguments").asText() + ")"));
    }

    /** Who answered, how fast, for how much. */
    static String footnote(LlmReply reply) {
        StringBuilder note = new StringBuilder("[");
        note.append(reply.getServedBy() == null ? "?" : reply.getServedBy().getDeployment());
        Long first = reply.getTimings().getTimeToFirstTokenMillis();
        if (first != null) {
            note.append(", first token ").append(Figures.duration(first));
        }
        note.append(", total ").append(Figures.duration(reply.getTimings().getTotalMillis()));
        if (reply.getUsage() != null && reply.getUsage().getOutputTokens() != null) {
            note.append(", ").append(reply.getUsage().getInputTokens()).append(" tokens in, ")
                    .append(reply.getUsage().getOutputTokens()).append(" out");
        }
        note.append(reply.getCost() == null ? ", cost unknown" : ", " + Figures.money(reply.getCost(), "USD"));
        if (reply.getAttempts().size() > 1) {
            note.append(", ").append(reply.getAttempts().size()).append(" attempts");
        }
        return note.append(']').toString();
    }
}
