package dev.signalbox.simulator.language;

import dev.signalbox.simulator.language.CallRequest.Json;
import dev.signalbox.simulator.language.CallRequest.Text;
import dev.signalbox.simulator.language.CallRequest.ToolCalls;
import dev.signalbox.simulator.language.CallRequest.Wanted;
import java.util.ArrayList;
import java.util.List;

/** What is answered, before any language renders it: blocks of tokens that are numbered over all blocks. */
public final class Answer {
    private final List<Block> blocks;
    private final int tokens;
    private final Finish finish;
    private final String stopSequence;
    private final int promptTokens;
    private final CacheUse cache;

    /** Why an answer ends. */
    public enum Finish {
        STOP,
        STOP_SEQUENCE,
        LENGTH,
        TOOL_CALLS
    }

    private Answer(List<Block> blocks, int tokens, Finish finish, String stopSequence, int promptTokens,
            CacheUse cache) {
        this.blocks = blocks;
        this.tokens = tokens;
        this.finish = finish;
        this.stopSequence = stopSequence;
        this.promptTokens = promptTokens;
        this.cache = cache;
    }

    /** @param drawnTokens length of a text, before the caller's own maximum */
    public static Answer to(CallRequest request, int drawnTokens, CacheUse cache) {
        Wanted wanted = request.wanted();
        List<Block> blocks = new ArrayList<>(2);
        if (wanted.thinking()) {
            blocks.add(new Block.Thinking(Pieces.ofWords(FixedAnswer.THINKING)));
        }
        Finish finish = Finish.STOP;
        String stop = "";
        switch (wanted.asked()) {
            case Text text -> {
                Pieces pieces = continued(drawnTokens, wanted.prefill());
                if (!wanted.stops().isEmpty()) {
                    String joined = pieces.joined();
                    stop = first(wanted.stops(), joined);
                    finish = stop.isEmpty() ? Finish.STOP : Finish.STOP_SEQUENCE;
                    pieces = stop.isEmpty() ? pieces : Pieces.ofWords(joined.substring(0, joined.indexOf(stop)));
                }
                blocks.add(new Block.Text(pieces));
            }
            case Json json -> blocks.add(new Block.Text(Pieces.slices(json.json())));
            case ToolCalls tools -> {
                tools.calls().forEach(call -> blocks.add(new Block.Tool(call.name(), Pieces.slices(call.arguments()))));
                finish = Finish.TOOL_CALLS;
            }
        }
        blocks.removeIf(block -> block.pieces().size() == 0);
        int whole = blocks.stream().mapToInt(block -> block.pieces().size()).sum();
        boolean cut = wanted.maxTokens() < whole;
        return new Answer(blocks, cut ? wanted.maxTokens() : whole, cut ? Finish.LENGTH : finish, cut ? "" : stop,
                request.promptTokens(), cache);
    }

    /** What is left of the fixed answer behind a beginning of it; all of it behind anything else. */
    private static Pieces continued(int drawnTokens, String prefill) {
        if (prefill.isEmpty()) {
            return Pieces.words(0, drawnTokens);
        }
        String whole = FixedAnswer.text(Math.max(drawnTokens, prefill.split(" ", -1).length));
        return whole.startsWith(prefill)
                ? Pieces.ofWords(whole.substring(prefill.length()))
                : Pieces.words(FixedAnswer.WORDS.size(), drawnTokens);
    }

    /** The one that comes first in the text; empty for none. */
    private static String first(List<String> stops, String text) {
        String first = "";
        for (String stop : stops) {
            int at = stop.isEmpty() ? -1 : text.indexOf(stop);
            first = at >= 0 && (first.isEmpty() || at < text.indexOf(first)) ? stop : first;
        }
        return first;
    }

    /** Without any token, as if it were complete. */
    public Answer emptied() {
        return new Answer(List.of(), 0, Finish.STOP, "", promptTokens, cache);
    }

    /** How many pieces it comes in. */
    public int tokens() {
        return tokens;
    }

    public Finish finish() {
        return finish;
    }

    /** The caller's text that ended it; empty for none. */
    String stopSequence() {
        return stopSequence;
    }

    int promptTokens() {
        return promptTokens;
    }

    CacheUse cache() {
        return cache;
    }

    List<Block> blocks() {
        return blocks;
    }

    /** Number of the block that token {@code index} is in. */
    int blockOf(int index) {
        int block = 0;
        for (int left = index - blocks.getFirst().pieces().size(); left >= 0;) {
            block++;
            left -= blocks.get(block).pieces().size();
        }
        return block;
    }

    /** Number of the first token of a block. */
    int startOf(int block) {
        int start = 0;
        for (int i = 0; i < block; i++) {
            start += blocks.get(i).pieces().size();
        }
        return start;
    }

    /** Whether all tokens of a block are sent. */
    boolean isWhole(int block) {
        return startOf(block) + blocks.get(block).pieces().size() <= tokens;
    }

    int thinkingTokens() {
        return !blocks.isEmpty() && blocks.getFirst() instanceof Block.Thinking thinking
                ? Math.min(tokens, thinking.pieces().size())
                : 0;
    }
}
